"""Random checks (抽查): draw visits, keep what looking at them showed. In the caller's transaction.

Theory of operation. The seed is made when the draw is, after the visits are in, and kept with it:
whoever knows it can repeat the draw (random_checks.drawn). A draw is never made again or changed;
a visit's result is kept once. Visits of trial firms are in no draw.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, and_, case, func, insert, or_, select, update

from core import journal
from core.errors import Conflict, InvalidMessage, NotFound
from core.ids import new_secret, sortable_key
from core.journal import Actor, Entry, Subject
from devices import tables as registry
from devices.maintenance import random_checks, tables
from devices.maintenance.queries import Sight
from devices.maintenance.visit import COUNTS_AS_DONE

MOST = 50  # visits of one draw
CHECK = "random_check"
_R, _V = tables.random_check.c, tables.checked_visit.c


class CheckResult(StrEnum):
    """What looking at the lift and its record showed."""

    IN_ORDER = "in_order"
    DEFECTS = "defects"
    NOT_DONE = "not_done"


@dataclass(frozen=True, slots=True)
class Draw:
    """A draw, how many visits it drew, and how many of them were looked at, with what result."""

    id: str
    within: str
    since: date
    until: date
    seed: str
    among: int
    by: str
    at: datetime
    drawn: int
    looked_at: int
    not_in_order: int


@dataclass(frozen=True, slots=True)
class CheckedVisit:
    """A drawn visit; `result` is None until somebody has looked."""

    visit_id: str
    place: int
    result: CheckResult | None
    note: str
    by: str
    at: datetime | None


def draw(
    connection: Connection,
    sight: Sight,
    since: date,
    until: date,
    count: int,
    now: datetime,
    actor: Actor,
) -> str:
    """Draw so many of the visits done in those days; answers the draw's id.

    Raises InvalidMessage for days in the wrong order, a number that is not 1 to MOST, and where
    there is no visit to draw.
    """
    if until < since:
        raise InvalidMessage("out_of_range", "the last day lies before the first", field="until")
    if not 1 <= count <= MOST:
        raise InvalidMessage("out_of_range", f"draw 1 to {MOST} visits", field="count")
    v = tables.visit.c
    among = list(
        connection.execute(
            select(v.id)
            .join(registry.lift, registry.lift.c.id == v.lift_id)
            .where(
                v.state.in_(COUNTS_AS_DONE),
                v.done_on >= since,
                v.done_on <= until,
                v.sandbox.is_(False),
                *sight.lifts(),
            )
        ).scalars()
    )
    if not among:
        raise InvalidMessage("nothing_to_draw", "no visit was done in those days", field="since")
    fresh, seed = sortable_key(now), new_secret()
    drawn = random_checks.drawn(among, seed, count)
    connection.execute(
        insert(tables.random_check).values(
            id=fresh,
            within=sight.within,
            since=since,
            until=until,
            seed=seed,
            among=len(among),
            by=actor.id,
            at=now,
        )
    )
    connection.execute(
        insert(tables.checked_visit),
        [{"check_id": fresh, "visit_id": each, "place": n} for n, each in enumerate(drawn, 1)],
    )
    facts = {"seed": seed, "among": len(among), "drawn": len(drawn), "area": sight.within}
    told = Entry(Subject(CHECK, fresh), "check.drawn", actor, now, facts)
    journal.append(connection, told)
    return fresh


def keep_result(
    connection: Connection,
    check_id: str,
    visit_id: str,
    result: CheckResult,
    note: str,
    now: datetime,
    actor: Actor,
) -> None:
    """Keep what looking at a drawn visit showed, once.

    Raises NotFound for a visit that was not drawn, Conflict("exists") for a second result,
    InvalidMessage for one that is not in order without a word of what was found.
    """
    if result is not CheckResult.IN_ORDER and not note.strip():
        raise InvalidMessage("reason_missing", "say what was found", field="note")
    where = and_(_V.check_id == check_id, _V.visit_id == visit_id)
    row = connection.execute(select(_V.result).where(where)).one_or_none()
    if row is None:
        raise NotFound("drawn visit", visit_id)
    if row.result:
        raise Conflict("exists", "this visit has its result already")
    connection.execute(
        update(tables.checked_visit)
        .where(where)
        .values(result=str(result), note=note.strip(), by=actor.id, at=now)
    )
    facts = {"visit": visit_id, "result": str(result)}
    told = Entry(Subject(CHECK, check_id), "check.result", actor, now, facts, reason=note.strip())
    journal.append(connection, told)


def draw_ids(
    connection: Connection, within: str, *, limit: int, offset: int = 0
) -> tuple[list[str], int]:
    """Draws of that division and below, the newest first, and how many there are."""
    seen = _reached(within)
    asked = select(_R.id).where(*seen).order_by(_R.at.desc(), _R.id.desc())
    total = connection.execute(
        select(func.count()).select_from(tables.random_check).where(*seen)
    ).scalar_one()
    return list(connection.execute(asked.limit(limit).offset(offset)).scalars()), total


def draws(connection: Connection, ids: Collection[str]) -> list[Draw]:
    """Those draws, in that order."""
    looked = func.count(func.nullif(_V.result, ""))
    fine = func.count(case((_V.result == str(CheckResult.IN_ORDER), 1)))
    rows = {
        row.id: row
        for row in connection.execute(
            select(
                tables.random_check,
                func.count(_V.visit_id).label("drawn"),
                looked.label("looked_at"),
                (looked - fine).label("not_in_order"),
            )
            .join(tables.checked_visit, _V.check_id == _R.id)
            .where(_R.id.in_(ids))
            .group_by(*tables.random_check.c)
        )
    }
    return [
        Draw(
            row.id,
            row.within,
            row.since,
            row.until,
            row.seed,
            row.among,
            row.by,
            row.at,
            row.drawn,
            row.looked_at,
            row.not_in_order,
        )
        for each in ids
        if (row := rows.get(each)) is not None
    ]


def draw_of(connection: Connection, within: str, check_id: str) -> Draw:
    """One draw of that division or below; raises NotFound."""
    asked = select(_R.id).where(_R.id == check_id, *_reached(within))
    if connection.execute(asked).one_or_none() is None:
        raise NotFound("random check", check_id)
    return draws(connection, [check_id])[0]


def checked(connection: Connection, check_id: str) -> Sequence[CheckedVisit]:
    """The visits of a draw, in its order."""
    rows = connection.execute(
        select(tables.checked_visit).where(_V.check_id == check_id).order_by(_V.place)
    )
    return [
        CheckedVisit(
            row.visit_id,
            row.place,
            CheckResult(row.result) if row.result else None,
            row.note,
            row.by,
            row.at,
        )
        for row in rows
    ]


def _reached(within: str) -> list[ColumnElement[bool]]:
    """A city's own draws and those of its districts; a district's own; all of the province's."""
    if not within:
        return []
    below = select(registry.lift.c.district).where(registry.lift.c.area == within)
    return [or_(_R.within == within, and_(_R.within != "", _R.within.in_(below)))]
