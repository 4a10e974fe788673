"""What a step of the machine's clock does to rescues under way: nothing early, nothing late.

Theory of operation. Every process counts on from its own anchor, so a step moves nothing by itself.
The engine watches it, journals it, and accepts it once it has stayed for ten minutes. To accept it
means that the instants told before were wrong by the step: those of every open incident are
restated on the corrected clock, in one transaction with the journal entry that says so, and no
deadline moves by a moment of real time. The journal's own instants stay as they were written. The
other processes see that entry and correct their clocks too.
"""

import threading
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from sqlalchemy import Connection, func, select

from alerts import store
from alerts.enact import record
from alerts.rounds import go_round
from alerts.verbs import Verb
from core import journal
from core.clock import STEP_CONFIRMED_AFTER, STEP_NOTICED, Clock
from core.db import Database
from core.journal import Actor, Entry, Subject, journal_table
from core.metrics import CLOCK_STEP

TIMEKEEPER = Actor("engine", "clock")
CLOCK = Subject("clock", "wall")
LOOK_EVERY = timedelta(milliseconds=500)


@runtime_checkable
class SteppingClock(Protocol):
    """A clock that can tell how far wall time has moved away from it."""

    def now(self) -> datetime:
        """Our time."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary origin; never falls."""
        ...

    def step(self) -> timedelta:
        """Wall time minus our time."""
        ...

    def reanchor(self) -> None:
        """Accept wall time."""
        ...


class Timekeeper:
    """Watches the clock of the process that runs the engine. One in a hub."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._stepped: tuple[timedelta, float] | None = None  # by how much, since when

    def run_once(self) -> None:
        """Journal a step when it comes, and accept it when it has stayed as it is."""
        clock = self._clock
        if not isinstance(clock, SteppingClock):
            return
        step = clock.step()
        CLOCK_STEP.set(step.total_seconds())
        if abs(step) <= STEP_NOTICED:
            self._stepped = None
        elif self._stepped is None or abs(step - self._stepped[0]) > STEP_NOTICED:
            self._database.write(lambda c: _say(c, Verb.CLOCK_STEPPED, step, clock.now()))
            self._stepped = (step, clock.monotonic())  # another step starts the time anew
        elif clock.monotonic() - self._stepped[1] >= STEP_CONFIRMED_AFTER.total_seconds():
            self._database.write(lambda c: accept(c, step, clock.now()))
            clock.reanchor()
            self._stepped = None


class ClockFollower:
    """Corrects the clock of a process that runs no engine, whenever a step has been accepted."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._seen = database.read(newest_accepted)

    def run(self, stop: threading.Event) -> None:
        """Follow until `stop` is set."""
        go_round("clock", self.run_once, stop, self._clock, rest=LOOK_EVERY)

    def run_once(self) -> int:
        """Look for an accepted step; answers how many corrections were made (0 or 1)."""
        newest = self._database.read(newest_accepted)
        if newest == self._seen or not isinstance(self._clock, SteppingClock):
            return 0
        self._clock.reanchor()
        self._seen = newest
        return 1


def accept(connection: Connection, step: timedelta, now: datetime) -> None:
    """Restate what is open on the corrected clock. `now` is by the clock before its correction."""
    for incident_id in store.shift_open(connection, step):
        seconds = round(step.total_seconds(), 3)
        record(
            connection, incident_id, Verb.CLOCK_CONFIRMED, now, TIMEKEEPER, restated_by_s=seconds
        )
    _say(connection, Verb.CLOCK_CONFIRMED, step, now)


def newest_accepted(connection: Connection) -> int:
    """The journal's number of the last accepted step; 0 while there was none."""
    t = journal_table.c
    return (
        connection.execute(
            select(func.max(t.id)).where(
                t.subject_kind == CLOCK.kind,
                t.subject_id == CLOCK.id,
                t.verb == Verb.CLOCK_CONFIRMED,
            )
        ).scalar_one()
        or 0
    )


def _say(connection: Connection, verb: Verb, step: timedelta, now: datetime) -> None:
    facts = {"step_s": round(step.total_seconds(), 3)}
    journal.append(connection, Entry(CLOCK, verb, TIMEKEEPER, now, facts=facts))
