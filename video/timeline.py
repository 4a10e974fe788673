"""One line of media time for each stream, whatever its camera does.

Theory of operation. A player that is handed time stamps beginning at nought again, after a camera
came back, freezes; one that sees the line run on heals within seconds. So every connection is laid
behind the one before (last time + one picture), and a jump within a connection is taken out
likewise. Ticks are 1/90000 s.
"""

from dataclasses import dataclass

TICKS_PER_S = 90_000
_LONGEST_STEP = 10 * TICKS_PER_S
_USUAL_STEP = TICKS_PER_S // 15


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a picture lies on the line; `pts` is never before `dts`."""

    dts: int
    pts: int


class Timeline:
    """Lays packets on the line; every `dts` is greater than the one before."""

    def __init__(self, start: int = 0) -> None:
        self._last: int | None = None
        self._start = start
        self._offset: int | None = None
        self.step = _USUAL_STEP

    @property
    def end(self) -> int:
        """Where the next connection will begin."""
        return self._start if self._last is None else self._last + self.step

    def reconnect(self) -> None:
        """Lay what follows behind what has been."""
        self._offset = None

    def place(self, dts: int | None, pts: int | None) -> Placed:
        """The place of a packet whose own times are `dts` and `pts` (ticks; either may miss)."""
        own = dts if dts is not None else pts
        if own is None:  # libav knows no time for the first picture of some connections
            return self._take(self.end, 0)
        delay = max(0, pts - own) if pts is not None else 0
        if self._offset is not None and self._last is not None:
            step = own + self._offset - self._last
            if 0 < step <= _LONGEST_STEP:
                self.step = step
                return self._take(own + self._offset, delay)
        self._offset = self.end - own
        return self._take(self.end, delay)

    def _take(self, dts: int, delay: int) -> Placed:
        self._last = dts
        return Placed(dts, dts + delay)
