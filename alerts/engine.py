"""The engine: takes what is due, decides, keeps.

Theory of operation. `run_once` asks for incidents whose `wake_at` has come and settles each in a
transaction of its own, so a restart is no special case and one incident that fails holds up no
other: it is tried again later each time, and crowds nobody out. Before that it looks at the
machine's clock (alerts.timekeeping), a step of which moves no due time.
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from alerts import queries, store
from alerts.enact import Settled, settle
from alerts.policy import PolicyBook
from alerts.rounds import Told, go_round
from alerts.timekeeping import Timekeeper
from core import log
from core.backoff import delay
from core.clock import Clock
from core.db import Database
from core.errors import Conflict, Unavailable
from core.journal import Actor
from core.metrics import ENGINE_CYCLES, ENGINE_LATENESS, INCIDENTS_OPEN
from core.pulse import Pulse

ENGINE = Actor("engine", "engine")
BATCH = 200
PAUSE = timedelta(milliseconds=250)
AGAIN, AGAIN_AT_MOST = timedelta(seconds=1), timedelta(seconds=30)


@dataclass(slots=True)
class _Failing:
    """An incident that could not be settled, and when it is its turn again (monotonic)."""

    told: Told
    times: int = 0
    again_at: float = 0.0


class Engine:
    """Settles incidents whose time has come. One runs in a hub."""

    def __init__(
        self,
        database: Database,
        policies: PolicyBook,
        clock: Clock,
        pulse: Pulse | None = None,
    ) -> None:
        self._pulse = pulse or Pulse()
        self.policies = policies  # of new incidents; a running one keeps its snapshot
        self._database = database
        self._clock = clock
        self._log = log.get("alerts.engine")
        self._failing: dict[str, _Failing] = {}
        self._timekeeper = Timekeeper(database, clock)

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set."""
        go_round(
            "engine", self.run_once, stop, self._clock, rest=PAUSE, much=BATCH, pulse=self._pulse
        )

    def run_once(self) -> int:
        """Settle up to 200 due incidents; answers how many were."""
        self._timekeeper.run_once()
        now = self._clock.now()
        limit = BATCH + len(self._failing)  # so that those who fail crowd out nobody
        due = self._database.read(partial(store.due_incidents, now=now, limit=limit))
        self._failing = {name: kept for name, kept in self._failing.items() if name in due}
        turn = [each for each in due if self._is_turn_of(each)][:BATCH]
        for incident_id in turn:
            try:
                self._settle(incident_id, now)
                self._pulse.beat()  # many at once on a slow disk are no silence
            except Conflict as error:  # somebody acted meanwhile and has settled it
                self._log.info("engine_came_late", incident=incident_id, error=str(error))
            except Unavailable:
                raise  # the database itself: no other incident would fare better
            except Exception as error:  # noqa: BLE001  (one that fails holds up no other)
                self._fail(incident_id, error)
        ENGINE_CYCLES.inc()
        INCIDENTS_OPEN.set(self._database.read(queries.open_count))
        return len(turn)

    def _is_turn_of(self, incident_id: str) -> bool:
        failing = self._failing.get(incident_id)
        return failing is None or self._clock.monotonic() >= failing.again_at

    def _fail(self, incident_id: str, error: Exception) -> None:
        failing = self._failing.setdefault(
            incident_id, _Failing(Told("engine", incident=incident_id))
        )
        failing.told.trouble(error)
        failing.times += 1
        pause = delay(failing.times, base=AGAIN, cap=AGAIN_AT_MOST, jitter=1)
        failing.again_at = self._clock.monotonic() + pause.total_seconds()

    def _settle(self, incident_id: str, now: datetime) -> None:
        def work(connection: Connection) -> Settled | None:
            incident = store.load_incident(connection, incident_id)
            if incident.wake_at is None or incident.wake_at > now:
                return None
            return settle(connection, incident, now, ENGINE)

        settled = self._database.write(work)
        for step in settled.decision.steps if settled else ():
            ENGINE_LATENESS.observe(max((now - step.due_at).total_seconds(), 0))
