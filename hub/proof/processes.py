"""The processes below one, as ps tells them."""

import shutil
import subprocess


def descendants(pid: int) -> dict[int, str]:
    """Every process below `pid`, by id, with its command line."""
    listing = subprocess.run(  # noqa: S603  (found on PATH)
        [shutil.which("ps") or "ps", "-ww", "-eo", "pid=,ppid=,args="],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    rows = [line.split(maxsplit=2) for line in listing.splitlines()]
    found: dict[int, str] = {}
    level = {pid}
    while level:
        below = {int(r[0]): r[2] for r in rows if int(r[1]) in level}
        found |= below
        level = set(below)
    return found
