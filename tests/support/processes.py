"""The processes below one, as ps tells them."""

import subprocess

from tests.support.wait import wait_until


def descendants(pid: int) -> dict[int, str]:
    """Every process below `pid`, by id, with its command line."""
    listing = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,args="], check=True, capture_output=True, text=True
    ).stdout
    rows = [line.split(maxsplit=2) for line in listing.splitlines()]
    found: dict[int, str] = {}
    level = {pid}
    while level:
        below = {int(r[0]): r[2] for r in rows if int(r[1]) in level}
        found |= below
        level = set(below)
    return found


def only(pid: int, words: str) -> int:
    """The one process below `pid` whose command line holds these words."""
    hits = [each for each, args in descendants(pid).items() if words in args]
    assert len(hits) == 1, hits
    return hits[0]


def again(pid: int, words: str) -> int:
    """The same, once it is there: a killed one is started again by its parent."""
    return wait_until(
        lambda: [each for each, args in descendants(pid).items() if words in args],
        what=words,
        timeout_s=120,
        every_s=0.1,
    )[0]
