"""The ladder: takes the plans whose time has come, makes them anew, tells the marks reached.

Theory of operation. `wake_at` is the only timer. A plan is woken at the next mark of its due days;
the marks reached since it was looked at are reminders, each once by its key, however long nobody
looked. It runs beside the staff pages, not in the process of a rescue: nobody waits for it, and a
reminder a minute late is none the worse. Several may run: whoever comes second finds nothing due.
A transaction takes a few plans only, and rests after each, so that a rescue never waits for it;
first plans, of which an import brings thousands, are made many at once (beginning), as short.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, select, update

from core import log
from core.clock import Clock
from core.db import Database, add_once
from core.errors import Unavailable
from devices import tables as registry
from devices.maintenance import beginning, planning, tables
from devices.maintenance.log import Plan, Rules
from devices.maintenance.planning import UNKNOWN, Health
from devices.maintenance.reminders import Duty, Reminder, reminders
from devices.steps import Steps

AT_ONCE = 2  # plans of one transaction: well below 50 ms even on a busy machine
FIRST_STEPS = 10  # of first plans in one turn: half a second, half of it at rest
LOOK = timedelta(minutes=1)  # between two looks through the whole register
TOLD: Mapping[Duty, Mapping[int, str]] = {
    Duty.VISIT: {-2: "firm", 0: "firm", 1: "use_unit", 3: "district", 7: "city"},
    Duty.INSPECTION: {-60: "use_unit", -30: "use_unit", -7: "district"},
}
"""Up to whom a mark is told."""

HealthOf = Callable[[Connection, str, datetime], Health]


def nothing_known(connection: Connection, code: str, now: datetime) -> Health:  # noqa: ARG001
    """Where nobody asks telemetry, on-demand maintenance falls back."""
    return UNKNOWN


class Ladder:
    """Wakes plans. `run_once` is called again and again by a loop of the hub's."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        rules: Rules,
        health_of: HealthOf = nothing_known,
    ) -> None:
        self._database = database
        self._clock = clock
        self._rules = rules
        self._health_of = health_of
        self._failed: set[int] = set()
        self._steps = Steps(database, clock)
        self._begun = 0
        self._look_at = float("-inf")
        self._log = log.get("devices.maintenance")

    def run_once(self) -> int:
        """Take a few plans that are due, else lifts without a plan; answers how many."""
        now = self._clock.now()
        ids = self._database.read(partial(due_plans, now=now, but=self._failed))
        if not ids and self._clock.monotonic() >= self._look_at:
            if begun := self._begin():
                return begun
            ids = self._astray()
        if not ids:
            self._failed.clear()  # their turn comes again
            return 0
        try:
            self._database.write(partial(self._take, ids=ids, now=now))
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001  (one lift that fails holds up no other)
            if len(ids) == 1:
                self._failed.add(ids[0])
                self._log.error("plan_failed", lift=ids[0], error=repr(error))
            else:
                self._one_by_one(ids, now)
        return len(ids)

    def _begin(self) -> int:
        """Plan lifts that an import brought, many in each short step; answers how many."""
        begun = 0
        for _ in range(FIRST_STEPS):
            rows = self._steps.pace.rows
            wanted = partial(beginning.never_visited, after=self._begun, limit=rows)
            found = self._database.read(wanted)
            self._begun = found[-1] if found else 0  # and from the first again at the next look
            if not found:
                break
            ids = [each for each in found if each not in self._failed]
            begun += len(ids)
            if ids:
                self._plan_first(ids)
        return begun

    def _plan_first(self, ids: list[int]) -> None:
        now = self._clock.now()
        try:
            self._steps.write(ids, lambda c, some: beginning.plan_first(c, some, now, self._rules))
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001  (whose fault it is shows one after another)
            self._one_by_one(ids, now)

    def _astray(self) -> list[int]:
        """Lifts that nobody planned yet, or that went to another firm: asked once a minute."""
        many = AT_ONCE + len(self._failed)
        found = [
            *self._database.read(partial(planning.without_plan, limit=many)),
            *self._database.read(partial(planning.moved, limit=many)),
        ]
        ids = [each for each in dict.fromkeys(found) if each not in self._failed][:AT_ONCE]
        if not ids:
            self._look_at = self._clock.monotonic() + LOOK.total_seconds()
        return ids

    def _one_by_one(self, ids: list[int], now: datetime) -> None:
        for each in ids:
            try:
                self._database.write(partial(self._take, ids=[each], now=now))
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001  (as above)
                self._failed.add(each)
                self._log.error("plan_failed", lift=each, error=repr(error))

    def _take(self, connection: Connection, ids: list[int], now: datetime) -> None:
        for lift_id in ids:
            tick(connection, lift_id, now, self._rules, self._health_of)


def tick(
    connection: Connection,
    lift_id: int,
    now: datetime,
    rules: Rules,
    health_of: HealthOf = nothing_known,
) -> tuple[Reminder, ...]:
    """Make a plan anew and tell the marks reached since it was looked at."""
    c = tables.plan.c
    row = connection.execute(
        select(c.looked_at, c.demand, registry.lift.c.rescue_code)
        .join(registry.lift, registry.lift.c.id == c.lift_id)
        .where(c.lift_id == lift_id)
    ).one_or_none()
    health = UNKNOWN
    if row is not None and row.demand is not None:
        health = health_of(connection, row.rescue_code, now)
    plan = planning.settle(connection, lift_id, now, rules, health=health)
    if row is None:
        return ()
    reached = _reached(plan, row.looked_at, now, rules)
    for each in reached:
        add_once(
            connection,
            tables.reminder,
            {"lift_id": lift_id, "key": each.key},
            duty=str(each.duty),
            due_on=each.due,
            mark=each.mark,
            told=TOLD[each.duty][each.mark],
            at=now,
        )
    connection.execute(update(tables.plan).where(c.lift_id == lift_id).values(looked_at=now))
    return reached


def due_plans(connection: Connection, now: datetime, but: set[int]) -> list[int]:
    """The plans whose time has come, the longest waiting first."""
    c = tables.plan.c
    rows = connection.execute(
        select(c.lift_id).where(c.wake_at <= now).order_by(c.wake_at).limit(AT_ONCE + len(but))
    ).scalars()
    return [each for each in rows if each not in but][:AT_ONCE]


def _reached(plan: Plan, since: datetime, now: datetime, rules: Rules) -> tuple[Reminder, ...]:
    found: tuple[Reminder, ...] = ()
    for duty, day in ((Duty.VISIT, plan.due_on), (Duty.INSPECTION, plan.check_due_on)):
        if day is not None:
            found += reminders(duty, day, since, now, rules.zone)
    return found
