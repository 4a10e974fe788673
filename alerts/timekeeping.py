"""What a step of the machine's clock does to rescues under way: nothing early, nothing late.

Theory of operation. A step moves nothing by itself, because clocks count on from an anchor. The
engine's process watches for steps, journals them, and accepts one once it has stayed for ten
minutes. To accept it means that the instants told before were wrong by the step: those of every
open incident are restated on the corrected clock, in one transaction with the journal entry that
says so, and no deadline moves by a moment of real time. The journal's own instants stay as written.

The engine's anchor stands in the journal. The other processes adopt it, so all count in step; an
engine that starts compares it with the machine's clock, and so accepts at once what was stepped
while no engine ran. After a restart of the machine itself the wall clock is believed.
"""

import threading
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from sqlalchemy import Connection, select

from alerts import store
from alerts.enact import record
from alerts.rounds import go_round
from alerts.verbs import Verb
from core import journal
from core.clock import STEP_CONFIRMED_AFTER, STEP_NOTICED, Anchor, Clock
from core.db import Database
from core.journal import Actor, Entry, Subject, journal_table
from core.metrics import CLOCK_STEP

TIMEKEEPER = Actor("engine", "clock")
CLOCK = Subject("clock", "wall")
LOOK_EVERY = timedelta(milliseconds=500)


@runtime_checkable
class SteppingClock(Protocol):
    """A clock that can tell how far wall time has moved away from it."""

    @property
    def anchor(self) -> Anchor:
        """What it counts from."""
        ...

    def adopt(self, anchor: Anchor) -> bool:
        """Count from another's anchor, if it is of this boot."""
        ...

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
        self._begun = False
        self._stepped: tuple[timedelta, float] | None = None  # by how much, since when

    def run_once(self) -> None:
        """Journal a step when it comes, and accept it when it has stayed as it is."""
        clock = self._clock
        if not isinstance(clock, SteppingClock):
            return
        if not self._begun:
            self._database.write(lambda c: begin(c, clock))
            self._begun = True
        step = clock.step()
        CLOCK_STEP.set(step.total_seconds())
        if abs(step) <= STEP_NOTICED:
            self._stepped = None
        elif self._stepped is None or abs(step - self._stepped[0]) > STEP_NOTICED:
            self._database.write(lambda c: _say(c, Verb.CLOCK_STEPPED, clock.now(), step))
            self._stepped = (step, clock.monotonic())  # another step starts the time anew
        elif clock.monotonic() - self._stepped[1] >= STEP_CONFIRMED_AFTER.total_seconds():
            before = clock.anchor
            clock.reanchor()
            try:
                self._database.write(lambda c: accept(c, before, clock.anchor))
            except BaseException:
                clock.adopt(before)
                raise
            self._stepped = None


class ClockFollower:
    """Keeps the clock of a process that runs no engine in step with the engine's."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._anchor: Anchor | None = None
        self.run_once()

    def run(self, stop: threading.Event) -> None:
        """Follow until `stop` is set."""
        go_round("clock", self.run_once, stop, self._clock, rest=LOOK_EVERY)

    def run_once(self) -> int:
        """Look for a new anchor; answers how many were adopted (0 or 1)."""
        clock = self._clock
        if not isinstance(clock, SteppingClock):
            return 0
        anchor = self._database.read(newest_anchor)
        if anchor is None or anchor == self._anchor:
            return 0
        self._anchor = anchor
        return int(clock.adopt(anchor))


def begin(connection: Connection, clock: SteppingClock) -> None:
    """Journal the anchor of an engine that starts; accept what was stepped while none ran."""
    last, anchor = newest_anchor(connection), clock.anchor
    if last is None or not last.is_of(anchor.boot):
        last = anchor
    if abs(anchor.wall - last.at(anchor.ticks)) > STEP_NOTICED:
        accept(connection, last, anchor)
    else:
        _say(connection, Verb.CLOCK_ANCHORED, clock.now(), anchor=anchor)


def accept(connection: Connection, before: Anchor, after: Anchor) -> None:
    """Restate what is open on the corrected clock."""
    now = before.at(after.ticks)
    step = after.wall - now
    seconds = round(step.total_seconds(), 3)
    for incident_id in store.shift_open(connection, step):
        record(
            connection, incident_id, Verb.CLOCK_CONFIRMED, now, TIMEKEEPER, restated_by_s=seconds
        )
    _say(connection, Verb.CLOCK_CONFIRMED, now, step, after)


def newest_anchor(connection: Connection) -> Anchor | None:
    """What the engine's clock counts from; None before the first engine."""
    t = journal_table.c
    facts = connection.execute(
        select(t.facts)
        .where(
            t.subject_kind == CLOCK.kind,
            t.subject_id == CLOCK.id,
            t.verb.in_([Verb.CLOCK_ANCHORED, Verb.CLOCK_CONFIRMED]),
        )
        .order_by(t.seq.desc())
        .limit(1)
    ).scalar_one_or_none()
    if facts is None or "boot" not in facts:
        return None
    return Anchor(datetime.fromisoformat(facts["wall"]), facts["ticks"], facts["boot"])


def _say(
    connection: Connection,
    verb: Verb,
    now: datetime,
    step: timedelta | None = None,
    anchor: Anchor | None = None,
) -> None:
    facts: dict[str, object] = {}
    if step is not None:
        facts["step_s"] = round(step.total_seconds(), 3)
    if anchor is not None:
        facts |= {"wall": anchor.wall.isoformat(), "ticks": anchor.ticks, "boot": anchor.boot}
    journal.append(connection, Entry(CLOCK, verb, TIMEKEEPER, now, facts=facts))
