"""Named moments at which a process can be made to die, so that it is proved what survives it.

Nothing is armed but by `HUB_TEST_KILL_AT=folder` (read by hub), which tests and `hub proof` set. A
wish is a file of that folder, called like the moment: the first process to come there takes the
file away and dies like one that was killed. So each wish kills once, and another may follow.
"""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

NAMES = (
    "telemetry.before_commit",
    "telemetry.after_commit",
    "telemetry.after_acknowledge",
    "handoff.before_commit",
    "call.before_commit",
    "call.after_commit",
)
MOVES = ("move.gathered", "move.word_written", "move.taken_over")  # of an area to another shard


@dataclass(slots=True)
class _Armed:
    wishes: Path | None = None


_armed = _Armed()


def arm(wishes: Path) -> None:
    """From now on die at any moment for which a wish lies in that folder."""
    _armed.wishes = wishes


def wish(wishes: Path, name: str) -> Path:
    """Leave a wish; its file is gone when it is fulfilled. ValueError for what is no failpoint."""
    if name not in (*NAMES, *MOVES):
        raise ValueError(f"{name} is no failpoint; there are {', '.join((*NAMES, *MOVES))}")
    wishes.mkdir(parents=True, exist_ok=True)
    file = wishes / name
    file.touch()
    return file


def reached(name: str) -> None:
    """Die here, where somebody wishes it."""
    if _armed.wishes is None:
        return
    try:
        (_armed.wishes / name).unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
