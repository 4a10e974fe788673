"""Lists of the registry: narrowed, ordered, and only then fetched.

Theory of operation. A list is asked for in two steps: which (ids in order, cheap even for a whole
province), and what they are (rows of one page). So whoever narrows by something that the registry
does not hold, such as presence, does it between the steps, and a download fetches in parts what it
chose once. Every function takes an open connection.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Table, func, or_, select

from devices import reach, store, tables
from devices.model import Kitchen, Lift

PART = 400  # ids in one question; SQLite and PostgreSQL take far more


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftFilter:
    """Which lifts; what is empty narrows nothing.

    within: the city or district that the asker is confined to. area: the same, asked for. firm_id:
    who maintains them; use_unit_id: who runs them.
    """

    text: str = ""
    within: str = ""
    area: str = ""
    firm_id: int | None = None
    use_unit_id: int | None = None
    kind: str = ""
    place_type: str = ""

    def clauses(self) -> list[ColumnElement[bool]]:
        """What the filter asks of a row, but for its text (devices.lift_search)."""
        c = tables.lift.c
        wanted: list[ColumnElement[bool]] = []
        if self.within:
            wanted.append(reach.within(self.within, c))
        if self.area:
            wanted.append(reach.within(self.area, c))
        if self.firm_id is not None:
            wanted.append(c.firm_id == self.firm_id)
        if self.use_unit_id is not None:
            wanted.append(c.use_unit_id == self.use_unit_id)
        if self.kind:
            wanted.append(c.kind == self.kind)
        if self.place_type:
            wanted.append(c.place_type == self.place_type)
        return wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class KitchenFilter:
    """Which kitchens; what is empty narrows nothing. within: where the asker is confined to."""

    text: str = ""
    within: str = ""
    area: str = ""
    kind: str = ""
    grade: str = ""

    def clauses(self) -> list[ColumnElement[bool]]:
        """What the filter asks of a row."""
        c = tables.kitchen.c
        wanted = kitchen_holds(self.text)
        if self.within:
            wanted.append(reach.within(self.within, c))
        if self.area:
            wanted.append(reach.within(self.area, c))
        if self.kind:
            wanted.append(c.kind == self.kind)
        if self.grade:
            wanted.append(c.grade == self.grade)
        return wanted


LIFT_ORDERS = {
    "code": (tables.lift.c.rescue_code,),
    "address": (tables.lift.c.address, tables.lift.c.building),
    "kind": (tables.lift.c.kind,),
    "area": (tables.lift.c.area, tables.lift.c.district),
}
KITCHEN_ORDERS = {
    "code": (tables.kitchen.c.code,),
    "name": (tables.kitchen.c.name,),
    "kind": (tables.kitchen.c.kind,),
    "grade": (tables.kitchen.c.grade,),
}


def kitchen_holds(text: str) -> list[ColumnElement[bool]]:
    """Every word begins the kitchen's code, or stands in its name or address."""
    c = tables.kitchen.c
    return [
        or_(
            c.code.istartswith(word, autoescape=True),
            c.name.icontains(word, autoescape=True),
            c.address.icontains(word, autoescape=True),
        )
        for word in text.split()
    ]


def lifts(connection: Connection, ids: Sequence[int]) -> list[Lift]:
    """The lifts of those ids, in that order; one that has gone meanwhile is left out."""
    found = {}
    for start in range(0, len(ids), PART):
        part = tables.lift.c.id.in_(ids[start : start + PART])
        for row in connection.execute(select(tables.lift).where(part)):
            found[row.id] = store.to_lift(row)
    return [found[each] for each in ids if each in found]


def kitchen_keys(
    connection: Connection,
    wanted: KitchenFilter,
    order: str = "code",
    *,
    descending: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> list[int]:
    """Our id of every kitchen that `wanted` lets through, in order."""
    c = tables.kitchen.c
    by = [each.desc() if descending else each.asc() for each in KITCHEN_ORDERS[order]]
    rows = connection.execute(
        select(c.id).where(*wanted.clauses()).order_by(*by, c.code).limit(limit).offset(offset)
    )
    return list(rows.scalars())


def kitchen_count(connection: Connection, wanted: KitchenFilter) -> int:
    """How many kitchens `wanted` lets through."""
    return _count(connection, tables.kitchen, wanted.clauses())


def kitchens(connection: Connection, ids: Sequence[int]) -> list[Kitchen]:
    """The kitchens of those ids, in that order."""
    found = {}
    for start in range(0, len(ids), PART):
        part = tables.kitchen.c.id.in_(ids[start : start + PART])
        for row in connection.execute(select(tables.kitchen).where(part)):
            found[row.id] = store.to_kitchen(row)
    return [found[each] for each in ids if each in found]


def cameras_by_kitchen(connection: Connection) -> dict[int, list[str]]:
    """The ids of every kitchen's cameras."""
    c = tables.camera.c
    told: dict[int, list[str]] = {}
    for row in connection.execute(select(c.kitchen_id, c.id).order_by(c.id)):
        told.setdefault(row.kitchen_id, []).append(row.id)
    return told


def lift_ids_of_unit(connection: Connection, use_unit_id: int, limit: int) -> list[int]:
    """Our ids of the lifts that a use unit runs, by their codes."""
    t = tables.lift.c
    asked = select(t.id).where(t.use_unit_id == use_unit_id).order_by(t.rescue_code).limit(limit)
    return list(connection.execute(asked).scalars())


def firms_within(connection: Connection, area: str) -> frozenset[int]:
    """Our ids of the firms that maintain a lift within `area`; of any where it is empty."""
    t = tables.lift.c
    asked = select(t.firm_id).distinct().where(t.firm_id.is_not(None))
    return frozenset(
        connection.execute(asked.where(reach.within(area, t)) if area else asked).scalars()
    )


def areas(connection: Connection, table: Table, within: str = "") -> list[str]:
    """The cities and districts that lifts or kitchens (`table`) stand in."""
    c = table.c
    asked = select(c.area, c.district).distinct()
    if within:
        asked = asked.where(reach.within(within, c))
    rows = connection.execute(asked).all()
    return sorted({code for row in rows for code in row if code})


def grades(connection: Connection) -> list[str]:
    """The grades that kitchens have."""
    c = tables.kitchen.c
    rows = connection.execute(select(c.grade).where(c.grade != "").distinct().order_by(c.grade))
    return list(rows.scalars())


def _count(connection: Connection, table: Table, wanted: list[ColumnElement[bool]]) -> int:
    return connection.execute(select(func.count()).select_from(table).where(*wanted)).scalar_one()
