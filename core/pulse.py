"""A sign of life for every part of every process, so that a part that hangs is seen.

Theory of operation. Each part writes two numbers into a file of its own, `<role>.<part>`: when it
last went round its loop, and when its work last succeeded. A part whose rounds fail is in trouble
and says so itself; a part that goes round no more hangs, and only its silence tells. The numbers
count by the machine's ticks, which every process shares and no step of the wall clock moves. A
beat is sixteen bytes into an open file: no database, no flush to the disk.
"""

import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.clock import machine_ticks

_TICKS = struct.Struct("<dd")


class Pulse:
    """The pen of one part; without a file it writes nowhere."""

    def __init__(
        self, file: Path | None = None, ticks: Callable[[], float] = machine_ticks
    ) -> None:
        self._ticks = ticks
        self._turned = self._done = 0.0
        self._handle: int | None = None
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)

    def turned(self) -> None:
        """The part goes round, whether its work succeeds or not."""
        self._turned = self._ticks()
        self._write()

    def beat(self) -> None:
        """The part's work has succeeded."""
        self._turned = self._done = self._ticks()
        self._write()

    def close(self) -> None:
        """Write no more; the file stays."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def _write(self) -> None:
        if self._handle is not None:
            os.pwrite(self._handle, _TICKS.pack(self._turned, self._done), 0)


@dataclass(frozen=True, slots=True)
class Beat:
    """What a part last said, in the machine's ticks; nought: never."""

    turned: float
    done: float

    def silent_s(self, now: float) -> float:
        """Seconds since its work last succeeded."""
        return max(now - self.done, 0.0)


def heard(folder: Path) -> dict[str, Beat]:
    """The last beat of every part in `folder`, by `<role>.<part>`."""
    found: dict[str, Beat] = {}
    for file in sorted(folder.glob("*.*")):
        try:
            content = file.read_bytes()
        except OSError:  # its process has just been started anew
            continue
        if len(content) == _TICKS.size:
            found[file.name] = Beat(*_TICKS.unpack(content))
    return found


def forget(folder: Path, role: str) -> None:
    """Take away what a role's former process has said."""
    for file in folder.glob(f"{role}.*"):
        file.unlink(missing_ok=True)
