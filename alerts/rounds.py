"""The loop of the long-running parts: work, rest, and go on after whatever failed.

Theory of operation. A part's `run_once` does what is due and answers how much that was; the loop
knows only rest, retry and the end. What fails is tried again later each time, and told once when
it begins, when it changes and when it is over: a full disk at night is three lines, not a million.
"""

import random
import threading
from collections.abc import Callable
from datetime import timedelta

from core import log
from core.backoff import delay
from core.clock import Clock
from core.pulse import Pulse

BASE, CAP = timedelta(milliseconds=250), timedelta(seconds=5)


def go_round(
    name: str,
    work: Callable[[], int],
    stop: threading.Event,
    clock: Clock,
    *,
    rest: timedelta,
    much: int = 1,
    pulse: Pulse | None = None,
) -> None:
    """Call `work` until `stop` is set; without a rest while it did `much` or more."""
    told, pulse = Told(name), pulse or Pulse()
    failures = 0
    while not stop.is_set():
        try:
            done = work()
        except Exception as error:  # noqa: BLE001  (whatever it is, the next round may succeed)
            failures += 1
            told.trouble(error)
            pulse.turned()
            jitter = random.random()  # noqa: S311  (spreads retries, guards nothing)
            clock.wait(stop, delay(failures, base=BASE, cap=CAP, jitter=jitter))
        else:
            failures = 0
            told.well()
            pulse.beat()
            if done < much:
                clock.wait(stop, rest)


class Told:
    """The last trouble of one part, so that each is logged once."""

    def __init__(self, name: str, **context: object) -> None:
        self._log = log.get("alerts").bind(part=name, **context)
        self._last = ""

    def trouble(self, error: Exception) -> None:
        """Log it unless it is what was logged last."""
        now = f"{type(error).__name__}: {error}"
        if now != self._last:
            self._last = now
            self._log.error("part_in_trouble", error=now[:500], exc_info=error)

    def well(self) -> None:
        """Log the end of a trouble."""
        if self._last:
            self._log.info("part_goes_on", after=self._last[:200])
            self._last = ""
