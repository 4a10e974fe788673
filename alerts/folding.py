"""Folds what the lifts of one building show of a power cut under one alarm of the building.

The rule stands in alerts.powercut; here its inputs are gathered and its verdict is kept, in the
transaction that applies the finding. A building is what shares city, district, address and building
in the registry; without an address nothing is known to be beside anything. It goes by the code of
its first lift. Shards may split a city's buildings from one another but hand off to one rescue, so
this is where all lifts of a building meet.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from alerts import alarm_book, powercut, store, tables
from alerts.alarm import AlarmState
from alerts.model import Alarm
from alerts.powercut import POWER_CUT, SILENT, TELLING, Judged, Sign, Verdict
from core.journal import Actor, Subject
from devices import tables as devices
from devices.findings import Severity

CORRELATION = Actor("system", "correlation")
NAMED = 500 - 500 % 7  # characters of whole rescue codes
_OPEN = (AlarmState.ACTIVE, AlarmState.ACKNOWLEDGED)
_alarm, _lift, _serves = tables.alarm.c, devices.lift.c, devices.gateway_lift.c
_Place = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class _Building:
    """Its lifts by rescue code, and its gateways with those of its lifts that they serve."""

    lifts: tuple[str, ...]
    gateways: Mapping[str, tuple[str, ...]]
    shared: frozenset[str]  # gateways that serve lifts elsewhere too


def look_at_buildings(
    connection: Connection, sign: Alarm, now: datetime, *, ended_at: datetime | None = None
) -> bool:
    """A sign has come, or gone at `ended_at`: whether it is folded under a building's alarm now."""
    folded = False
    for place in _places(connection, sign):
        folded |= _look_at(connection, _building(connection, place), sign, now, ended_at)
    return folded


def folded(connection: Connection, event_id: str) -> list[Alarm]:
    """The alarms folded under that one."""
    return _alarms(connection, _alarm.folded_into == event_id)


def _places(connection: Connection, sign: Alarm) -> list[_Place]:
    wanted = select(_lift.area, _lift.district, _lift.address, _lift.building).distinct()
    if sign.subject_kind == "gateway":
        wanted = wanted.join(devices.gateway_lift, _serves.lift_id == _lift.id)
        wanted = wanted.where(_serves.gateway_id == sign.subject)
    else:
        wanted = wanted.where(_lift.rescue_code == sign.subject)
    return [tuple(row) for row in connection.execute(wanted) if row.address]


def _building(connection: Connection, place: _Place) -> _Building:
    area, district, address, building = place
    here = and_(
        _lift.area == area,
        _lift.district == district,
        _lift.address == address,
        _lift.building == building,
    )
    lifts = connection.execute(select(_lift.id, _lift.rescue_code).where(here)).all()
    codes = {row.id: row.rescue_code for row in lifts}
    speakers = select(_serves.gateway_id).where(_serves.lift_id.in_(codes))
    serving: defaultdict[str, list[str]] = defaultdict(list)
    shared: set[str] = set()
    for row in connection.execute(
        select(_serves.gateway_id, _serves.lift_id).where(_serves.gateway_id.in_(speakers))
    ):
        if row.lift_id in codes:
            serving[row.gateway_id].append(codes[row.lift_id])
        else:
            shared.add(row.gateway_id)
    gateways = {name: tuple(sorted(found)) for name, found in serving.items()}
    return _Building(tuple(sorted(codes.values())), gateways, frozenset(shared))


def _look_at(
    connection: Connection,
    building: _Building,
    sign: Alarm,
    now: datetime,
    ended_at: datetime | None,
) -> bool:
    cut = _standing(connection, building)
    if cut is None and (ended_at is not None or len(building.lifts) < powercut.FEWEST):
        return False
    signs = {each.event_id: each for each in _signs(connection, building)}
    under = [] if cut is None else folded(connection, cut.event_id)
    verdict = powercut.judge(
        building.gateways,
        [Sign(a.event_id, a.subject, a.code, a.since) for a in signs.values()],
        newest=None if ended_at is not None else sign.since,
        standing=None if cut is None else cut.since,
        was_told=any(each.code in TELLING for each in under),
    )
    if verdict.verdict is Verdict.ENDS and cut is not None:
        _end(connection, cut, under, ended_at or now, now)
    if verdict.verdict is Verdict.BEGINS:
        cut = _begin(connection, building, sign, verdict, now)
    if cut is None or not verdict.signs:
        return False
    _name(connection, cut, verdict)
    for each in verdict.signs:
        found = signs[each.event_id]
        if not found.folded_into and found.subject not in building.shared:
            alarm_book.fold(connection, found, cut.event_id, now, CORRELATION)
            if cut.state is AlarmState.ACKNOWLEDGED and alarm_book.unseen(found):
                alarm_book.see(connection, found, now, Actor("account", cut.acknowledged_by))
    return any(each.event_id == sign.event_id for each in verdict.signs) and (
        sign.subject not in building.shared
    )


def _begin(
    connection: Connection, building: _Building, sign: Alarm, verdict: Judged, now: datetime
) -> Alarm | None:
    event_id = f"{sign.event_id}/cut"
    alarm_book.begin(
        connection,
        event_id,
        Subject("building", building.lifts[0]),
        code=POWER_CUT,
        severity=Severity.MAJOR,
        detail=" ".join(verdict.lifts),
        since=verdict.signs[0].since,
        now=now,
        actor=CORRELATION,
    )
    return store.load_alarm(connection, event_id)


def _name(connection: Connection, cut: Alarm, verdict: Judged) -> None:
    """Name the lifts that have joined it too."""
    known = set(cut.detail.split())
    if not known.issuperset(verdict.lifts):
        lifts = " ".join(sorted(known.union(verdict.lifts)))
        alarm_book.change(connection, cut, detail=lifts[:NAMED])


def _end(
    connection: Connection, cut: Alarm, under: list[Alarm], at: datetime, now: datetime
) -> None:
    alarm_book.end(connection, cut, at, now, CORRELATION)
    for each in under:  # what lasts beyond the cut is a condition by itself again
        if each.state in _OPEN:
            alarm_book.fold(connection, each, "", now, CORRELATION)


def _standing(connection: Connection, building: _Building) -> Alarm | None:
    found = _alarms(
        connection,
        and_(
            _alarm.subject_kind == "building",
            _alarm.subject.in_(building.lifts),
            _alarm.code == POWER_CUT,
            _alarm.state.in_(_OPEN),
        ),
    )
    return found[0] if found else None


def _signs(connection: Connection, building: _Building) -> list[Alarm]:
    of_lifts = and_(
        _alarm.subject_kind == "lift",
        _alarm.subject.in_(building.lifts),
        _alarm.code.in_(TELLING),
    )
    of_gateways = and_(
        _alarm.subject_kind == "gateway",
        _alarm.subject.in_(building.gateways),
        _alarm.code == SILENT,
    )
    return _alarms(connection, and_(_alarm.state.in_(_OPEN), or_(of_lifts, of_gateways)))


def _alarms(connection: Connection, which: ColumnElement[bool]) -> list[Alarm]:
    rows = connection.execute(select(tables.alarm).where(which).order_by(_alarm.since))
    return [store.to_alarm(row) for row in rows]
