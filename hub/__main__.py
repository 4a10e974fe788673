"""`python -m hub`: the command line without an installed script."""

from hub.cli import main

main()
