"""How often somebody may ask: a bucket for each that fills evenly and is emptied by asking."""

from collections.abc import Hashable

from dashboard.problems import TooManyRequests


class Allowance:
    """`a_second` times on the long run, `at_once` when nothing was asked for a while."""

    def __init__(self, a_second: float, at_once: float, told: str) -> None:
        """`told` says to whoever has nothing left what to do."""
        self._a_second = a_second
        self._at_once = at_once
        self._told = told
        self._left: dict[Hashable, tuple[float, float]] = {}

    def take(self, who: Hashable, now: float) -> None:
        """Raises TooManyRequests when nothing is left; `now` in seconds of a monotonic clock."""
        left, at = self._left.get(who, (self._at_once, now))
        left = min(self._at_once, left + (now - at) * self._a_second)
        if left < 1:
            self._left[who] = (left, now)
            raise TooManyRequests(self._told, retry_after_s=1)
        self._left[who] = (left - 1, now)
