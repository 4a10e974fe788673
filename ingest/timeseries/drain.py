"""The drainer: takes what waits in the spool to the store, in order, for as long as it takes."""

import random
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core import backoff, log, metrics
from core.clock import Clock
from core.errors import Unavailable
from core.pulse import Pulse
from ingest.timeseries import spool
from ingest.timeseries.port import Refusal, TimeSeriesStore, WriteRefused

LOAD = 5000
IDLE = timedelta(milliseconds=200)
RETRY_BASE = timedelta(milliseconds=500)
RETRY_CAP = timedelta(seconds=15)
TIDY = timedelta(hours=1)

_log = log.get(__name__)


class Drainer:
    """The one drainer of a telemetry folder."""

    def __init__(
        self,
        folder: Path,
        store: TimeSeriesStore,
        clock: Clock,
        *,
        keep: timedelta | None = None,
        pulse: Pulse | None = None,
    ) -> None:
        self._pulse = pulse or Pulse()
        self._folder = folder
        self._keep = keep
        self._settled: set[str] = set()
        self._store = store
        self._clock = clock

    def run(self, stop: threading.Event) -> None:
        """Drain until `stop` is set; a store that is away is asked again, ever more seldom."""
        attempt = 0
        tidied_at = datetime.min.replace(tzinfo=UTC)
        marks = spool.DrainMarks(self._folder)
        try:
            while not stop.is_set():
                pause = timedelta(0)
                try:
                    if self.run_once(marks) == 0:
                        pause = IDLE
                    if attempt:
                        _log.info("history_answers_again")
                    attempt = 0
                    if (now := self._clock.now()) - tidied_at >= TIDY:
                        self._tidy(marks, now)
                        tidied_at = now
                except Unavailable as error:
                    attempt += 1
                    if attempt == 1:
                        _log.warning("history_unavailable", reason=error.reason, says=str(error))
                    jitter = random.random()  # noqa: S311  (spreads retries, guards nothing)
                    pause = backoff.delay(attempt, base=RETRY_BASE, cap=RETRY_CAP, jitter=jitter)
                    self._pulse.turned()
                else:
                    self._pulse.beat()
                self._show()
                if pause:
                    self._clock.wait(stop, pause)
        finally:
            marks.close()

    def run_once(self, marks: spool.DrainMarks) -> int:
        """Write the next load and mark it; the number of points that left the spool."""
        load = spool.next_load(self._folder, LOAD, self._settled)
        if load is None:
            return 0
        refusals: tuple[Refusal, ...] = ()
        try:
            self._store.write(load.points)
        except WriteRefused as error:
            refusals = error.refusals
            _log.warning("history_refused_points", number=len(refusals), first=refusals[0].words)
        marks.keep(load, refusals)
        metrics.SPOOL_DRAINED.labels("written").inc(len(load.points) - len(refusals))
        metrics.SPOOL_DRAINED.labels("refused").inc(len(refusals))
        return len(load.points)

    def _tidy(self, marks: spool.DrainMarks, now: datetime) -> None:
        """Let go of what is drained, and of history older than is to be kept."""
        marks.tidy(now)
        self._settled.clear()  # a clock that was set back may have used an old file again
        if self._keep is not None:
            self._store.expire(now - self._keep)

    def _show(self) -> None:
        left = spool.waiting(self._folder, self._settled)
        age = self._clock.now() - left.oldest_at if left.oldest_at else timedelta(0)
        shard = self._folder.name
        metrics.SPOOL_POINTS.labels(shard).set(left.points)
        metrics.SPOOL_BYTES.labels(shard).set(left.bytes)
        metrics.SPOOL_AGE.labels(shard).set(max(age.total_seconds(), 0))
