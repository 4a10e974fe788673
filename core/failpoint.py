"""Named moments at which a process can be made to die, so that tests prove what survives it.

Nothing is armed but by the tests' own switch (`HUB_TEST_KILL_AT=name@marker`, read by hub). An
armed process dies like one that was killed, once: it leaves `marker` behind, so that the process
that follows it goes on.
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


@dataclass(slots=True)
class _Armed:
    name: str = ""
    marker: Path | None = None


_armed = _Armed()


def arm(name: str, marker: Path) -> None:
    """Die at `name` unless `marker` exists. Raises ValueError for a name that is no failpoint."""
    if name not in NAMES:
        raise ValueError(f"{name} is no failpoint; there are {', '.join(NAMES)}")
    _armed.name, _armed.marker = name, marker


def reached(name: str) -> None:
    """Die here, where this is what is armed."""
    if _armed.name != name or _armed.marker is None or _armed.marker.exists():
        return
    _armed.marker.touch()
    os.kill(os.getpid(), signal.SIGKILL)
