"""Rows of rosters to values. Every function takes an open connection and never commits."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from typing import TypeVar

from sqlalchemy import Connection, Table, func, or_, select

from devices.roster import Leave, OnHolidays, Rota, Shift, Swap
from devices.rosters import tables
from devices.rosters.model import KeptRoster, OwnerKind, Person
from devices.store import AnyRow, Values

T = TypeVar("T")


def load(
    connection: Connection,
    kind: OwnerKind,
    owner_ids: Collection[int],
    first: date,
    last: date,
) -> dict[int, KeptRoster]:
    """The rosters of those owners, by the owner's id, with what bears on the days in question.

    An owner that has never kept one is left out. Six questions, however many owners.
    """
    r = tables.roster
    where = r.c.owner_kind == str(kind), r.c.owner_id.in_(owner_ids)
    rows = connection.execute(select(r).where(*where)).all()
    if not rows:
        return {}
    ids = [row.id for row in rows]
    t, s, v = tables.rota.c, tables.swap.c, tables.leave.c
    began = select(t.roster_id, func.min(t.first_on).label("first_on")).where(t.roster_id.in_(ids))
    since = {row.roster_id: row.first_on for row in connection.execute(began.group_by(t.roster_id))}
    rotas = _grouped(
        connection,
        tables.rota,
        to_rota,
        t.roster_id.in_(ids),
        t.first_on <= last,
        or_(t.last_on.is_(None), t.last_on >= first),
    )
    swaps = _grouped(
        connection, tables.swap, to_swap, s.roster_id.in_(ids), s.day.between(first, last)
    )
    leaves = _grouped(
        connection,
        tables.leave,
        to_leave,
        v.roster_id.in_(ids),
        v.first_on <= last,
        v.last_on >= first,
    )
    people = _grouped(connection, tables.person, _to_person, tables.person.c.roster_id.in_(ids))
    return {
        row.owner_id: KeptRoster(
            id=row.id,
            needed=row.needed,
            version=row.version,
            holidays=frozenset(date.fromisoformat(day) for day in row.holidays),
            people={each.code: each for each in people[row.id].values()},
            rotas=rotas[row.id],
            swaps=swaps[row.id],
            leaves=leaves[row.id],
            kept_since=since.get(row.id),
        )
        for row in rows
    }


def to_rota(row: AnyRow) -> Rota:
    """A row of `roster_rota`."""
    return Rota(
        Shift(row.shift, row.begins, row.ends),
        (row.person,),
        row.first_on,
        row.last_on,
        row.every,
        frozenset(int(digit) for digit in row.weekdays),
        OnHolidays(row.holidays),
    )


def of_rota(rota: Rota) -> Values:
    """The columns of a rota of one person."""
    (person,) = rota.people
    return {
        "person": person,
        "shift": rota.shift.name,
        "begins": rota.shift.begins,
        "ends": rota.shift.ends,
        "first_on": rota.first,
        "last_on": rota.last,
        "every": rota.every,
        "weekdays": "".join(str(day) for day in sorted(rota.weekdays)),
        "holidays": str(rota.holidays),
    }


def to_swap(row: AnyRow) -> Swap:
    """A row of `roster_swap`."""
    return Swap(row.day, row.shift, row.leaves, row.takes)


def to_leave(row: AnyRow) -> Leave:
    """A row of `roster_leave`."""
    return Leave(row.person, row.first_on, row.last_on, row.stand_in)


def _to_person(row: AnyRow) -> Person:
    return Person(row.code, row.name, row.phone)


def _grouped(
    connection: Connection, table: Table, made: Callable[[AnyRow], T], *where: object
) -> Mapping[int, dict[int, T]]:
    """Values by their roster's id and their own."""
    found: defaultdict[int, dict[int, T]] = defaultdict(dict)
    rows: Iterable[AnyRow] = connection.execute(
        select(table).where(*where).order_by(table.c.id)  # type: ignore[arg-type]  # clauses all
    )
    for row in rows:
        found[row.roster_id][row.id] = made(row)
    return found
