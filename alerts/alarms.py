"""The list of alarms: narrowed, ordered, and only then fetched, each with where it stands.

Asked in two steps like the list of incidents (`alerts.search`): which, and what they are. An alarm
stands under its subject, so the city that it belongs to is the subject's.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from alerts import store, tables
from alerts.alarm import AlarmState
from alerts.confines import EVERYTHING, Confines
from alerts.model import Alarm
from alerts.powercut import SILENT
from devices import tables as devices
from devices.findings import Severity
from devices.rosters import queries as rosters
from devices.rosters.model import OwnerKind

PART = 400  # ids in one question
OPEN = (AlarmState.ACTIVE, AlarmState.ACKNOWLEDGED, AlarmState.CLEARED)
UNSEEN = (AlarmState.ACTIVE, AlarmState.CLEARED)
"""States in which nobody has acknowledged it yet."""

SUBJECTS = ("lift", "building", "gateway", "area", "kitchen", "camera", "station", "firm", "team")
KEEPERS = frozenset({"station", "firm", "team"})  # of rosters
_C = tables.alarm.c
_RANK = case({each: rank for rank, each in enumerate(Severity)}, value=_C.severity, else_=9)
ORDERS: dict[str, tuple[ColumnElement[Any], ...]] = {  # Any: each orders by its own type
    "severity": (_RANK,),
    "since": (_C.since,),
    "code": (_C.code,),
    "subject": (_C.subject_kind, _C.subject),
    "state": (_C.state,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmFilter:
    """Which alarms; what is empty narrows nothing. confines: what the asker may see.

    What is folded under another alarm is told by that one, and left out unless it is asked for by
    its own id, by the other's (`folded_into`), or `folded` says all.
    """

    text: str = ""
    confines: Confines = EVERYTHING
    states: Collection[AlarmState] = ()
    subject_kind: str = ""
    severity: str = ""
    event_id: str = ""
    folded_into: str = ""
    folded: bool = False

    def clauses(self) -> list[ColumnElement[bool]]:
        """What the filter asks of a row."""
        wanted = [
            or_(
                _C.subject.startswith(word, autoescape=True),
                _C.code.startswith(word, autoescape=True),
                _C.detail.icontains(word, autoescape=True),
            )
            for word in self.text.split()
        ]
        wanted += self.confines.alarms()
        if self.states:
            wanted.append(_C.state.in_(self.states))
        for column, value in (
            (_C.subject_kind, self.subject_kind),
            (_C.severity, self.severity),
            (_C.event_id, self.event_id),
            (_C.folded_into, self.folded_into),
        ):
            if value:
                wanted.append(column == value)
        if not (self.folded or self.folded_into or self.event_id):
            wanted.append(_C.folded_into == "")
        return wanted


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """An alarm and where its subject stands: lift, kitchen and roster lead to their pages.

    `lift_code` and `kitchen_code` are empty where there is none; `place` is for reading.
    """

    alarm: Alarm
    place: str = ""
    lift_code: str = ""
    kitchen_code: str = ""

    @property
    def roster(self) -> str:
        """Whose roster it is of (`station/S001`); empty where of none."""
        a = self.alarm
        return f"{a.subject_kind}/{a.subject}" if a.subject_kind in KEEPERS else ""


def alarm_ids(
    connection: Connection,
    wanted: AlarmFilter,
    order: str = "severity",
    *,
    descending: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> list[str]:
    """The event id of every alarm that `wanted` lets through, in order; the newest first."""
    *first, last = ORDERS[order]
    rows = connection.execute(
        select(_C.event_id)
        .where(*wanted.clauses())
        .order_by(*first, last.desc() if descending else last, _C.since.desc(), _C.event_id)
        .limit(limit)
        .offset(offset)
    )
    return list(rows.scalars())


def alarm_count(connection: Connection, wanted: AlarmFilter) -> int:
    """How many alarms `wanted` lets through."""
    asked = select(func.count()).select_from(tables.alarm).where(*wanted.clauses())
    return connection.execute(asked).scalar_one()


def alarm_rows(connection: Connection, event_ids: Sequence[str]) -> list[AlarmRow]:
    """The alarms of those event ids with where they stand, in that order."""
    found: dict[str, AlarmRow] = {}
    for start in range(0, len(event_ids), PART):
        part = _C.event_id.in_(event_ids[start : start + PART])
        alarms = [
            store.to_alarm(row) for row in connection.execute(tables.alarm.select().where(part))
        ]
        found |= {row.alarm.event_id: row for row in _placed(connection, alarms)}
    return [found[each] for each in event_ids if each in found]


def about_lift(connection: Connection, code: str) -> list[Alarm]:
    """What is not closed of a lift, its gateways and a power cut that names it, newest first."""
    lift, serves = devices.lift.c, devices.gateway_lift.c
    gateways = select(serves.gateway_id).join(devices.lift, lift.id == serves.lift_id)
    return _open(
        connection,
        or_(
            and_(_C.subject_kind == "lift", _C.subject == code),
            and_(
                _C.subject_kind == "gateway",
                _C.subject.in_(gateways.where(lift.rescue_code == code)),
            ),
            and_(_C.subject_kind == "building", _C.detail.contains(code)),
        ),
    )


def farewells(connection: Connection) -> dict[str, datetime]:
    """Since when a gateway of a lift has been silent, or said farewell, by rescue code."""
    lift, serves = devices.lift.c, devices.gateway_lift.c
    asked = (
        select(lift.rescue_code, func.max(_C.since).label("since"))
        .join_from(tables.alarm, devices.gateway_lift, serves.gateway_id == _C.subject)
        .join(devices.lift, lift.id == serves.lift_id)
        .where(
            _C.subject_kind == "gateway",
            _C.code == SILENT,
            _C.cleared_at.is_(None),
            _C.state.in_(OPEN),
        )
        .group_by(lift.rescue_code)
    )
    return {row.rescue_code: row.since for row in connection.execute(asked)}


def about_kitchen(connection: Connection, code: str) -> list[Alarm]:
    """What is not closed of a kitchen and its points, newest first."""
    of_points = _C.subject.startswith(f"{code}/", autoescape=True)
    return _open(connection, and_(_C.subject_kind == "kitchen", or_(_C.subject == code, of_points)))


def _open(connection: Connection, which: ColumnElement[bool]) -> list[Alarm]:
    wanted = select(tables.alarm).where(_C.state.in_(OPEN), which)
    rows = connection.execute(wanted.order_by(_C.since.desc(), _C.event_id).limit(PART))
    return [store.to_alarm(row) for row in rows]


def _placed(connection: Connection, alarms: Sequence[Alarm]) -> list[AlarmRow]:
    """Four questions, however many alarms: lifts, lifts of gateways, cameras, kitchens."""
    names: dict[str, set[str]] = {kind: set() for kind in SUBJECTS}
    for each in alarms:
        names[each.subject_kind].add(each.subject.partition("/")[0])
    lift, gateway = devices.lift.c, devices.gateway_lift.c
    kitchen, camera = devices.kitchen.c, devices.camera.c
    known: dict[tuple[str, str], tuple[str, str, str]] = {}
    for code, address, building in connection.execute(
        select(lift.rescue_code, lift.address, lift.building).where(
            lift.rescue_code.in_(names["lift"] | names["building"])
        )
    ):
        known["lift", code] = (f"{address} {building}".strip(), code, "")
        known["building", code] = known["lift", code]  # a building goes by its first lift
    for name, code, address, building in connection.execute(
        select(gateway.gateway_id, lift.rescue_code, lift.address, lift.building)
        .join_from(devices.gateway_lift, devices.lift, lift.id == gateway.lift_id)
        .where(gateway.gateway_id.in_(names["gateway"]))
        .order_by(lift.rescue_code.desc())  # the last one written stays: the first by code
    ):
        known["gateway", name] = (f"{address} {building}".strip(), code, "")
    for name, label, code, called in connection.execute(
        select(camera.id, camera.label, kitchen.code, kitchen.name)
        .join_from(devices.camera, devices.kitchen, kitchen.id == camera.kitchen_id)
        .where(camera.id.in_(names["camera"]))
    ):
        known["camera", name] = (f"{called} {label}", "", code)
    for code, called in connection.execute(
        select(kitchen.code, kitchen.name).where(kitchen.code.in_(names["kitchen"]))
    ):
        known["kitchen", code] = (called, "", code)
    for kind, codes in names.items():
        if kind in KEEPERS and codes:
            for code, called in rosters.names(connection, OwnerKind(kind), codes).items():
                known[kind, code] = (called, "", "")
    nowhere = ("", "", "")
    return [
        AlarmRow(each, *known.get((each.subject_kind, each.subject.partition("/")[0]), nowhere))
        for each in alarms
    ]
