"""The roll of test calls: kept by the rescue process, read as lists and figures.

The clauses say in SQL what `devices.proving` says of one lift. A lift is asked about while it is in
use, in service, and has room for somebody.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, FromClause, and_, case, func, or_, select

from core.db import put
from devices import lift_search, store, tables
from devices.maintenance import tables as maintenance
from devices.maintenance.stopping import ServiceState
from devices.model import Lift, LiftStatus
from devices.proving import EVERY, NOBODY_INSIDE, UNPROVEN, Ability, LastTest, ability
from devices.search import LiftFilter

ORDERS = ("proven", "code", "address")


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """Which lifts of the roll, as things stand at `now`."""

    now: datetime
    lifts: LiftFilter = field(default_factory=LiftFilter)
    states: Sequence[Ability] = UNPROVEN


@dataclass(frozen=True, slots=True)
class RollRow:
    """A lift, and what is known of its ability to call."""

    lift: Lift
    firm: str
    ability: Ability
    tested: LastTest | None

    @property
    def carries_people(self) -> bool:
        """Whether somebody can be inside, who could call."""
        return self.lift.kind not in NOBODY_INSIDE


def keep(connection: Connection, lift_id: int, tested: LastTest) -> None:
    """Keep a lift's newest test call; `tested.passed_at` is None where it failed."""
    t = tables.lift_test_call
    passed_at = (
        tested.passed_at
        or connection.execute(
            select(t.c.passed_at).where(t.c.lift_id == lift_id)
        ).scalar_one_or_none()
    )
    put(
        connection,
        t,
        {"lift_id": lift_id},
        at=tested.at,
        passed_at=passed_at,
        gateway_id=tested.gateway_id,
        microphone=tested.microphone,
        loudspeaker=tested.loudspeaker,
        battery_pct=tested.battery_pct,
    )


def of_lift(connection: Connection, lift_id: int) -> LastTest | None:
    """The newest test call of one lift."""
    return _last_tests(connection, [lift_id]).get(lift_id)


def ids(
    connection: Connection,
    wanted: Roll,
    order: str = "proven",
    *,
    descending: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> list[int]:
    """Our ids of those lifts; by `proven` those never proven come first, then the longest ago."""
    lift, t = tables.lift.c, tables.lift_test_call.c
    passed = t.passed_at.desc().nulls_last() if descending else t.passed_at.asc().nulls_first()
    place = [each.desc() if descending else each.asc() for each in (lift.address, lift.building)]
    columns = {"proven": [passed], "code": [], "address": place}[order]
    last = lift.rescue_code.desc() if order == "code" and descending else lift.rescue_code
    asked = (
        select(lift.id)
        .select_from(_joined())
        .where(*_asked(connection, wanted))
        .order_by(*columns, last)
        .limit(limit)
        .offset(offset)
    )
    return list(connection.execute(asked).scalars())


def figures(connection: Connection, wanted: Roll) -> dict[Ability, int]:
    """How many lifts there are of every ability, whatever `wanted.states` says."""
    states = {each: _is(each, wanted.now) for each in Ability}
    named = case(*((clause, each.value) for each, clause in states.items())).label("ability")
    where = [*_asked_about(), *wanted.lifts.clauses(), *_text(connection, wanted)]
    asked = select(named, func.count().label("lifts")).select_from(_joined()).where(*where)
    found = {row.ability: row.lifts for row in connection.execute(asked.group_by(named))}
    return {each: found.get(each.value, 0) for each in Ability}


def rows(connection: Connection, lift_ids: Sequence[int], now: datetime) -> list[RollRow]:
    """Those lifts, in that order."""
    lift, firm, spoken = tables.lift.c, tables.firm.c, tables.gateway_lift.c
    found = {
        row.id: row
        for row in connection.execute(
            select(tables.lift, firm.name.label("firm_name"))
            .join_from(tables.lift, tables.firm, firm.id == lift.firm_id, isouter=True)
            .where(lift.id.in_(lift_ids))
        )
    }
    connected = frozenset(
        connection.execute(select(spoken.lift_id).where(spoken.lift_id.in_(lift_ids))).scalars()
    )
    tested = _last_tests(connection, lift_ids)
    return [
        RollRow(
            store.to_lift(found[each]),
            found[each].firm_name or "",
            ability(tested.get(each), now, connected=each in connected),
            tested.get(each),
        )
        for each in lift_ids
        if each in found
    ]


def _last_tests(connection: Connection, lift_ids: Sequence[int]) -> dict[int, LastTest]:
    t = tables.lift_test_call
    return {
        row.lift_id: LastTest(
            row.at,
            row.passed_at,
            row.gateway_id,
            row.microphone,
            row.loudspeaker,
            row.battery_pct,
        )
        for row in connection.execute(select(t).where(t.c.lift_id.in_(lift_ids)))
    }


def _joined() -> FromClause:
    lift, t, plan = tables.lift, tables.lift_test_call, maintenance.plan
    return lift.join(t, t.c.lift_id == lift.c.id, isouter=True).join(
        plan, plan.c.lift_id == lift.c.id, isouter=True
    )


def _asked(connection: Connection, wanted: Roll) -> list[ColumnElement[bool]]:
    return [
        *_asked_about(),
        *wanted.lifts.clauses(),
        *_text(connection, wanted),
        or_(*(_is(each, wanted.now) for each in wanted.states)),
    ]


def _text(connection: Connection, wanted: Roll) -> Sequence[ColumnElement[bool]]:
    return lift_search.holds(connection, wanted.lifts.text)


def _asked_about() -> list[ColumnElement[bool]]:
    lift, service = tables.lift.c, maintenance.plan.c.service
    return [
        lift.status == LiftStatus.IN_USE.value,
        lift.kind.not_in([each.value for each in sorted(NOBODY_INSIDE)]),
        or_(service.is_(None), service == ServiceState.IN_SERVICE.value),
    ]


def _is(state: Ability, now: datetime) -> ColumnElement[bool]:
    t, spoken = tables.lift_test_call.c, tables.gateway_lift.c
    connected = select(spoken.lift_id).where(spoken.lift_id == tables.lift.c.id).exists()
    never, since = t.lift_id.is_(None), now - EVERY
    match state:
        case Ability.UNCONNECTED:
            return ~connected
        case Ability.NEVER:
            return and_(connected, never)
        case Ability.FAILED:
            failed = or_(t.passed_at.is_(None), t.passed_at < t.at)
            return and_(connected, ~never, failed)
        case Ability.OVERDUE:
            return and_(connected, t.passed_at == t.at, t.at < since)
        case Ability.PROVEN:
            return and_(connected, t.passed_at == t.at, t.at >= since)
