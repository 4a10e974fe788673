"""The first plans of every lift of a data folder, as the hub's ladder makes them.

Run as `python -m tests.support.first_plans URL`; prints how many lifts it planned.
"""

import sys

from core.clock import SystemClock
from core.db import Database
from devices.maintenance.ladder import Ladder
from tests.support.maintenance_routes import rules


def run(url: str) -> None:
    """Let the ladder turn until nothing is left to plan."""
    with Database(url) as database:
        ladder, planned = Ladder(database, SystemClock(), rules()), 0
        while begun := ladder.run_once():
            planned += begun
    sys.stdout.write(f"{planned}\n")


if __name__ == "__main__":
    run(sys.argv[1])
