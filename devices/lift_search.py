"""Which lift somebody means, best first, while they still type.

Theory of operation. Answers come by tiers, each only as far as the one before left room: the lift
of exactly that code; lifts that the caller's number called for before; codes that begin so, in
order; lifts that have every piece of what was typed; and where nothing has every piece, those that
have all but one, or at least the longest. Within a tier those come first that have the numbers in
their own building, then those that hold the whole text as typed, then those whose estate or
building begins with a piece, then those that hold the pieces in the order typed, then the lower
rescue code: the same question always has the same answer, on SQLite and on PostgreSQL.
What the asker may not see is left out within the index, not afterwards.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, false, func, select

from core.geo import Position, distance_m
from core.words import Query, matching
from devices import tables, word_index, words
from devices.search import LIFT_ORDERS, LiftFilter
from devices.words import CELLS, CODE, Piece

CANDIDATES = 100  # lifts that are looked at before the best are told
NEAR = 4_000  # lifts of the squares around a point, at most
REGISTRATION = 20  # digits
_POINT = re.compile(r"\s*(-?[0-9]{1,2}\.[0-9]+)\s*[,，\s]\s*(-?[0-9]{1,3}\.[0-9]+)\s*")
_PHONE = re.compile(r"\+?[0-9][0-9 -]{5,18}[0-9]")

Earlier = Callable[[Connection, str], Sequence[str]]
"""The rescue codes of the lifts that a telephone number called for, newest first."""


@dataclass(frozen=True, slots=True)
class Near:
    """A lift and how far it stands from a point."""

    lift_id: int
    metres: float


def nobody_called(_connection: Connection, _phone: str) -> Sequence[str]:
    """Where nobody keeps earlier calls."""
    return ()


def find(
    connection: Connection,
    text: str,
    wanted: LiftFilter,
    limit: int,
    *,
    earlier: Earlier = nobody_called,
) -> list[int]:
    """Our ids of the lifts that `text` may mean, best first; `wanted.text` is not looked at."""
    text = text.strip()[: words.LONGEST]
    if point := _POINT.fullmatch(text):
        place = _place(float(point[1]), float(point[2]))
        return [each.lift_id for each in nearest(connection, place, wanted, limit)] if place else []
    found: dict[int, None] = {}
    digits = re.sub(r"\s", "", words.plain(text))
    if digits.isascii() and digits.isdigit():
        found |= dict.fromkeys(_exactly(connection, digits, wanted))
        if found:
            return list(found)[:limit]
    if _PHONE.fullmatch(text):
        found |= dict.fromkeys(_called_for(connection, text, wanted, limit, earlier))
    if digits.isascii() and digits.isdigit() and len(found) < limit:
        found |= dict.fromkeys(_beginning(connection, digits, wanted, limit))
    if len(found) < limit:
        found |= dict.fromkeys(_by_words(connection, words.typed(text), wanted, found))
    return list(found)[:limit]


def nearest(connection: Connection, place: Position, wanted: LiftFilter, limit: int) -> list[Near]:
    """The lifts around a point, nearest first; none beyond some 20 km.

    A ring of squares is enough once it holds `limit` lifts nearer than its own edge.
    """
    told: list[Near] = []
    for size in CELLS:
        query: Query = (tuple(words.neighbours(size, place)), *_rights(wanted))
        ids = word_index.ids_matching(connection, query, NEAR)
        told = _by_distance(connection, ids, place)
        edge = distance_m(place, _moved(place, 1 / size))
        if sum(each.metres <= edge for each in told) >= limit:
            break
    return told[:limit]


def _place(latitude: float, longitude: float) -> Position | None:
    try:
        return Position(latitude, longitude)
    except ValueError:
        return None


def _moved(place: Position, degrees: float) -> Position:
    """To the east, where a degree is shortest; near the date line to the west."""
    east = place.longitude + degrees
    return Position(place.latitude, east if east <= 180 else place.longitude - degrees)  # noqa: PLR2004


def _by_distance(connection: Connection, ids: Sequence[int], place: Position) -> list[Near]:
    c = tables.lift.c
    told = []
    for start in range(0, len(ids), word_index.PART):
        part = c.id.in_(ids[start : start + word_index.PART])
        for row in connection.execute(select(c.id, c.latitude, c.longitude).where(part)):
            away = distance_m(place, Position(row.latitude, row.longitude))
            told.append(Near(row.id, round(away, 1)))
    return sorted(told, key=lambda each: (each.metres, each.lift_id))


def rights(wanted: LiftFilter) -> tuple[str, ...]:
    """What `wanted` narrows to, in words of the index."""
    told = [words.area_word(each) for each in (wanted.within, wanted.area) if each]
    if wanted.firm_id is not None:
        told.append(words.firm_word(wanted.firm_id))
    if wanted.use_unit_id is not None:
        told.append(words.use_unit_word(wanted.use_unit_id))
    if wanted.kind:
        told.append(words.kind_word(wanted.kind))
    if wanted.place_type:
        told.append(words.place_word(wanted.place_type))
    return tuple(dict.fromkeys(told))


def _rights(wanted: LiftFilter) -> Query:
    return tuple(((word,),) for word in rights(wanted))


def _exactly(connection: Connection, digits: str, wanted: LiftFilter) -> list[int]:
    c = tables.lift.c
    match len(digits):
        case 6:
            same = c.rescue_code == digits
        case 20:
            same = c.registration_code == digits
        case _:
            return []
    return list(connection.execute(select(c.id).where(same, *wanted.clauses())).scalars())


def _called_for(
    connection: Connection, phone: str, wanted: LiftFilter, limit: int, earlier: Earlier
) -> list[int]:
    codes = list(dict.fromkeys(earlier(connection, phone)))[:limit]
    c = tables.lift.c
    rows = connection.execute(
        select(c.rescue_code, c.id).where(c.rescue_code.in_(codes), *wanted.clauses())
    )
    ids = {row.rescue_code: row.id for row in rows}
    return [ids[code] for code in codes if code in ids]


def _beginning(connection: Connection, digits: str, wanted: LiftFilter, limit: int) -> list[int]:
    """Lifts whose rescue code, or registration code, begins so, by code."""
    c = tables.lift.c
    if len(digits) > REGISTRATION:
        return []
    asked = select(c.id).limit(limit)
    if len(digits) > CODE:
        above = str(int(digits) + 1)
        within: list[ColumnElement[bool]] = [c.registration_code >= digits]
        if len(above) == len(digits):
            within.append(c.registration_code < above)
        asked = asked.where(*within, *wanted.clauses()).order_by(c.registration_code)
        return list(connection.execute(asked).scalars())
    narrowed = _rights(wanted)
    if narrowed:
        query: Query = (((words.code_word(digits),),), *narrowed)
        asked = asked.where(c.id.in_(matching(connection, tables.lift_words, query)))
    else:
        asked = asked.where(c.rescue_code >= digits)
        if digits.strip("9"):
            asked = asked.where(c.rescue_code < str(int(digits) + 1).zfill(len(digits)))
    return list(connection.execute(asked.order_by(c.rescue_code)).scalars())


def _by_words(
    connection: Connection, pieces: Sequence[Piece], wanted: LiftFilter, found: Iterable[int]
) -> list[int]:
    """Lifts with every piece; where there are none, with all but one."""
    if not pieces:
        return []
    query = word_index.asks(connection, pieces)
    narrowed = _rights(wanted)
    ids = word_index.ids_matching(connection, (*query, *narrowed), CANDIDATES)
    if not ids and len(query) > 1 and not list(found):
        for left_out in range(len(query) - 1, -1, -1):
            kept = query[:left_out] + query[left_out + 1 :]
            ids += word_index.ids_matching(connection, (*kept, *narrowed), CANDIDATES)
    if not ids and len(query) > 1 and not list(found):
        longest = max(range(len(pieces)), key=lambda n: len(pieces[n].text))
        ids = word_index.ids_matching(connection, (query[longest], *narrowed), CANDIDATES)
    return _ranked(connection, list(dict.fromkeys(ids)), pieces)


def _ranked(connection: Connection, ids: Sequence[int], pieces: Sequence[Piece]) -> list[int]:
    whole = "".join(each.text for each in pieces)
    lifts = word_index.described(connection, ids)
    spelled = [each for each in pieces if each.kind != "letters"]
    numbers = [each for each in spelled if each.kind == "number"]

    def rank(lift_id: int) -> tuple[object, ...]:
        lift = lifts[lift_id]
        place = words.joined((lift.place,))
        house = f"{lift.building}{lift.unit}"
        begins = words.joined((lift.project, house)).split()
        return (
            sum(not words.stands(each, lift.place) for each in spelled),
            sum(not words.stands(each, lift.building) for each in numbers),
            sum(not words.stands(each, house) for each in numbers),
            whole not in place,
            not any(own.startswith(each.text) for own in begins for each in spelled),
            not words.in_order(pieces, place),
            lift.rescue_code,
        )

    return sorted(lifts, key=rank)


def holds(connection: Connection, text: str) -> list[ColumnElement[bool]]:
    """Conditions for a list: every piece of `text` is there, or begins the lift's code."""
    c = tables.lift.c
    digits = re.sub(r"\s", "", words.plain(text))
    if digits.isascii() and digits.isdigit() and len(digits) > CODE:
        return [c.registration_code.startswith(digits)]
    if query := word_index.asks(connection, words.typed(text)):
        return [c.id.in_(matching(connection, tables.lift_words, query))]
    return [false()] if text.strip() else []  # typed, but nothing that could be found


def lift_keys(
    connection: Connection,
    wanted: LiftFilter,
    order: str = "code",
    *,
    descending: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> list[tuple[int, str]]:
    """Our id and the rescue code of every lift that `wanted` lets through, in order."""
    c = tables.lift.c
    by = [each.desc() if descending else each.asc() for each in LIFT_ORDERS[order]]
    rows = connection.execute(
        select(c.id, c.rescue_code)
        .where(*holds(connection, wanted.text), *wanted.clauses())
        .order_by(*by, c.rescue_code)
        .limit(limit)
        .offset(offset)
    )
    return [(row.id, row.rescue_code) for row in rows]


def lift_count(connection: Connection, wanted: LiftFilter) -> int:
    """How many lifts `wanted` lets through."""
    where = (*holds(connection, wanted.text), *wanted.clauses())
    return connection.execute(
        select(func.count()).select_from(tables.lift).where(*where)
    ).scalar_one()
