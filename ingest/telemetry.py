"""The telemetry lane: read, commit, acknowledge, show - in that order.

Theory of operation. A batch is whatever is there. All that it causes - points, findings,
quarantine, what the rules remember - is one commit of one draft, tried until it is safe; only then
is the batch acknowledged. While the store cannot take it the lane takes nothing more, and the
broker holds the rest. Received = stored + unchanged + duplicate + quarantined + shed + in flight,
counted in objects and by city. Only points are ever shed: where the disk is nearly full (below
`room`), or by a store without room; what they tell of conditions is judged all the same.
"""

import random
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

from core import backoff, failpoint, log, metrics
from core.clock import Clock
from core.pulse import Pulse
from core.settling import settling
from devices.directory import Directory
from devices.judging import Elapse, Judge, Limits
from devices.model import Lift
from devices.silence import Silence
from ingest.behind import READ_AHEAD, Behind
from ingest.deadband import DeadBands
from ingest.draft import Draft, Reading
from ingest.interpreter import NONE, Dialects, Interpreter
from ingest.lane import Delivery, Subscriber
from ingest.latest import LatestStates
from ingest.pipeline import Pipeline
from ingest.timeseries.dayfiles import DayFiles
from ingest.timeseries.port import Batch

LANE = "telemetry"
ASKED_EVERY_S = 0.2
BATCH = 2_000
WAIT = timedelta(milliseconds=500)
NO_WAIT = timedelta(0)
CATCH_UP = timedelta(seconds=5)  # after a connection the broker first sends what waited
DEAF = timedelta(minutes=1)  # after so long without a broker, suspicions are told as they stand
RETRY_BASE = timedelta(milliseconds=100)
RETRY_CAP = timedelta(seconds=5)

T = TypeVar("T")

_log = log.get(__name__)


def limits_of(lift: Lift, gateway: str) -> Limits:
    """What is normal for a lift, by its registry entry."""
    return Limits(
        min_floor=lift.min_floor,
        max_floor=lift.max_floor,
        rated_speed_m_per_s=lift.rated_speed_m_per_s,
        building=lift.building,
        gateway=gateway,
    )


class Asked(Protocol):
    """What other processes ask of telemetry; each row is answered once. Its name is a lane's."""

    lane: str

    def read(self, pipeline: Pipeline, now: datetime, *, shed: bool) -> Draft | None:
        """What the next rows change, with an answer to each; None when nothing is asked."""
        ...

    def done(self, draft: Draft) -> None:
        """That draft is safe."""
        ...


class TelemetryLane:
    """Takes telemetry for one shard. `directory_loader` answers the registry as it now stands."""

    def __init__(
        self,
        session: Subscriber,
        directory_loader: Callable[[], Directory],
        judge: Judge,
        elapse: Elapse,
        store: DayFiles,
        clock: Clock,
        latest: LatestStates,
        *,
        limits: Callable[[Lift, str], Limits] = limits_of,
        bands: DeadBands | None = None,
        silence: Silence | None = None,
        room: Callable[[], bool] = lambda: True,
        dialects: Dialects = NONE,
        pulse: Pulse | None = None,
        asked: Sequence[Asked] = (),
    ) -> None:
        self._asked = asked
        self._asked_at = clock.monotonic()
        self._pulse = pulse or Pulse()
        self._session = session
        self._store = store
        self._clock = clock
        self._latest = latest
        self._room = room
        self._reading: Reading | None = None  # a batch that is begun and not safe
        self._link = (False, clock.now())  # whether the broker is there, and since when
        self.pipeline = Pipeline(
            directory_loader,
            judge,
            elapse,
            limits,
            bands or DeadBands(),
            store.memories(),
            Interpreter(dialects),
        )
        if silence is not None:
            self.pipeline.watch.silences.rules = silence
        with settling():  # a province is a million objects
            latest.recall(self.pipeline, store)

    def run(self, stop: threading.Event) -> None:
        """Take telemetry until `stop` is set, then flush the newest states."""
        with Behind() as behind:
            while not stop.is_set():
                if not self._turn(behind, stop):
                    return  # the broker still has the batch, and nothing of it may look taken
                self._pulse.beat()
            if not self._settled(behind):
                return
        self._latest.flush(self.pipeline)

    def _turn(self, behind: Behind, stop: threading.Event) -> bool:
        """Read a batch and make it safe, perhaps behind the next; False when told to stop before.

        With a commit behind nothing is waited for: the broker may send no more before it is told.
        """
        reading = self._next(NO_WAIT if behind.busy else WAIT)
        if not reading.deliveries and not self._settled(behind):
            return False
        draft = self._insist(partial(self._read, reading), stop)
        if draft is None or not self._settled(behind):
            return False
        commit = partial(self._insist, partial(self._commit, draft), stop)
        if len(reading.deliveries) >= READ_AHEAD and not self._owes():
            behind.begin(reading, commit)
        elif commit() is None:
            return False
        else:
            self._finish(reading)
            self._show()
        self._reading = None
        return behind.busy or self._serve(stop)

    def _settled(self, behind: Behind) -> bool:
        """Wait for the commit behind, if there is one, and acknowledge; False: it is not safe."""
        if not behind.busy:
            return True
        reading = behind.end()
        if reading is not None:
            self._finish(reading)
        return reading is not None

    def _owes(self) -> bool:
        """Whether something is due that must not run ahead of what is safe."""
        return bool(self._due_now()) or self._latest.due(self._clock.now())

    def run_once(self, wait: timedelta = WAIT) -> int:
        """Take whatever is there; the number of deliveries made safe. Raises what goes wrong.

        After an error the next call goes on with the same batch.
        """
        reading = self._next(wait)
        self._settle(reading)
        return len(reading.deliveries)

    def _next(self, wait: timedelta) -> Reading:
        """What was begun and is not safe yet; else whatever is there."""
        if self._reading is None:
            batch = self._session.take(BATCH, wait)
            self._reading = Reading.of(batch, self._clock.now())
        return self._reading

    def serve_due(self) -> int:
        """What other processes ask, if it is time to look. How much it was; raises what goes wrong.

        After an error the pipeline may have moved on: only `run` may go on then.
        """
        return sum(self._served(self._read_asked(each), each) for each in self._due())

    def _serve(self, stop: threading.Event) -> bool:
        """The same, until it is done; False when told to stop before."""
        for each in self._due():
            draft = self._insist(partial(self._read_asked, each), stop)
            if draft is None:
                return False
            if draft.answers:
                if self._insist(partial(self._commit, draft), stop) is None:
                    return False
                self._told(draft, each)
        return True

    def _due(self) -> Sequence[Asked]:
        due = self._due_now()
        if due:
            self._asked_at = self._clock.monotonic()
        return due

    def _due_now(self) -> Sequence[Asked]:
        since = self._clock.monotonic() - self._asked_at
        return self._asked if since >= ASKED_EVERY_S else ()

    def _read_asked(self, asked: Asked) -> Draft:
        now = self._clock.now()
        return asked.read(self.pipeline, now, shed=not self._room()) or Draft(now)

    def _served(self, draft: Draft, asked: Asked) -> int:
        if draft.answers:
            self._commit(draft)
            self._told(draft, asked)
        return len(draft.answers)

    def _told(self, draft: Draft, asked: Asked) -> None:
        """It is safe: count it, and look again at once for more."""
        self._asked_at = -ASKED_EVERY_S
        asked.done(draft)
        for area, number in draft.by_area().items():
            metrics.INGEST_RECEIVED.labels(asked.lane, area).inc(number)
        self._count(draft, asked.lane)

    def settle(self, batch: Sequence[Delivery]) -> None:
        """Make a batch safe and acknowledge it. Raises what goes wrong."""
        if self._reading is not None:
            self._settle(self._reading)
        self._reading = Reading.of(batch, self._clock.now())
        self._settle(self._reading)

    def _settle(self, reading: Reading) -> None:
        self._commit(self._read(reading))
        self._reading = None
        self._finish(reading)
        self._show()

    def _insist(self, work: Callable[[], T], stop: threading.Event) -> T | None:
        """Do it until it is done, a full disk passes; None when told to stop before."""
        attempt = 0
        while not stop.is_set():
            try:
                done = work()
            except Exception as error:  # noqa: BLE001  (whatever it is, the batch is kept)
                attempt += 1
                self._pulse.turned()
                if attempt == 1:  # told once, and once more when it is over
                    _log.exception("telemetry_not_yet_safe", error=type(error).__name__)
                jitter = random.random()  # noqa: S311  (spreads retries, guards nothing)
                pause = backoff.delay(attempt, base=RETRY_BASE, cap=RETRY_CAP, jitter=jitter)
                self._clock.wait(stop, pause)
            else:
                if attempt:
                    _log.info("telemetry_safe_again", attempts=attempt)
                return done
        return None

    def _read(self, reading: Reading) -> Draft:
        now = self._clock.now()
        caught_up = self._caught_up(reading.deliveries, now)
        draft = self.pipeline.read_on(reading, now, shed=not self._room(), caught_up=caught_up)
        if reading.counted:
            return draft
        reading.counted = True
        for area, number in draft.by_area().items():
            metrics.INGEST_RECEIVED.labels(LANE, area).inc(number)
            metrics.INGEST_IN_FLIGHT.labels(LANE, area).inc(number)
        return draft

    def _caught_up(self, batch: Sequence[Delivery], now: datetime) -> bool:
        """Whether nothing waits at the broker that was said before now, as far as can be known."""
        up, since = self._link
        if self._session.connected != up:
            up, since = self._link = (not up, now)
        self.pipeline.watch.silences.linked(up=up)
        return len(batch) < BATCH and now - since >= (CATCH_UP if up else DEAF)

    def _commit(self, draft: Draft) -> Draft:
        failpoint.reached("telemetry.before_commit")
        kept = [*draft.quarantined, *draft.lossy]
        if draft.points or draft.findings or kept or draft.memories or draft.answers:
            batch = Batch(
                draft.at, draft.points, draft.findings, kept, draft.memories, draft.answers
            )
            if self._store.commit(batch):  # a store without room takes no point of a batch
                draft.shed_points()
        return draft

    def _finish(self, reading: Reading) -> None:
        failpoint.reached("telemetry.after_commit")
        batch, draft, now = reading.deliveries, reading.draft, self._clock.now()
        self._session.acknowledge(batch)
        failpoint.reached("telemetry.after_acknowledge")
        self._count(draft)
        for area, number in draft.by_area().items():
            metrics.INGEST_IN_FLIGHT.labels(LANE, area).dec(number)
        if batch:
            seconds = (now - batch[0].received_at).total_seconds()
            metrics.INGEST_LAG.labels(LANE).observe(max(seconds, 0))
        if draft.points:
            newest = draft.points[-1]
            road = (newest.received_at - newest.device_at).total_seconds()
            metrics.INGEST_ROAD.labels(LANE).observe(max(road, 0))

    def _show(self) -> None:
        """Let the pages see what is safe; whatever was read must be."""
        try:
            self._latest.flush_due(self.pipeline, self._clock.now())
        except sqlite3.Error as error:  # pages show an older state; history has it all
            _log.warning("newest_states_not_written", error=str(error))

    @staticmethod
    def _count(draft: Draft, lane: str = LANE) -> None:
        for (area, outcome), number in draft.outcomes.items():
            metrics.INGEST_OUTCOME.labels(lane, area, outcome).inc(number)
        for reason, number in Counter(each.reason for each in draft.quarantined).items():
            metrics.INGEST_REFUSED.labels(lane, reason).inc(number)
        for dialect, number in draft.losses.items():
            metrics.INGEST_LOSSES.labels(dialect).inc(number)
        if draft.lost:
            metrics.INGEST_LOST_BEFORE_HUB.inc(draft.lost)
