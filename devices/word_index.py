"""The words of every lift, kept beside it in the same transaction, and what is found by them.

`index_lifts` is called by everything that changes what a lift is found by. `catch_up` brings in
lifts whose words are missing or were made by another version of `devices.words`: a few hundred at
a time, so that nobody waits.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Select, func, or_, select, update

from core import words as index
from core.db import load
from core.geo import Position
from core.words import AnyOf, Query, matching
from devices import tables, words
from devices.words import Described, Piece, Reading

PART = 400  # ids in one question
MEANINGS = 80  # texts that one piece of pinyin may stand for
DIVISIONS = 40  # divisions that one piece may name the beginning of
_OUTDATED = 0  # the version of words that are to be made anew
_SPOKEN = 2  # letters from which on they may be pinyin


def described(connection: Connection, ids: Sequence[int]) -> dict[int, Described]:
    """What those lifts are found by."""
    lift, papers, unit = tables.lift, tables.lift_dossier, tables.use_unit
    asked = (
        select(
            *(lift.c.id, lift.c.rescue_code, lift.c.area, lift.c.district, lift.c.address),
            *(lift.c.building, lift.c.latitude, lift.c.longitude, lift.c.kind, lift.c.place_type),
            *(lift.c.firm_id, lift.c.use_unit_id, papers.c.project, papers.c.unit, unit.c.name),
        )
        .outerjoin(papers, papers.c.lift_id == lift.c.id)
        .outerjoin(unit, unit.c.id == lift.c.use_unit_id)
    )
    told: dict[int, Described] = {}
    for start in range(0, len(ids), PART):
        for row in connection.execute(asked.where(lift.c.id.in_(ids[start : start + PART]))):
            told[row.id] = Described(
                rescue_code=row.rescue_code,
                area=row.area,
                district=row.district,
                address=row.address,
                building=row.building,
                project=row.project or "",
                unit=row.unit or "",
                use_unit=row.name or "",
                kind=row.kind,
                place_type=row.place_type,
                firm_id=row.firm_id,
                use_unit_id=row.use_unit_id,
                position=None if row.latitude is None else Position(row.latitude, row.longitude),
            )
    return told


def index_lifts(connection: Connection, ids: Sequence[int]) -> None:
    """Bring the words of those lifts up to what they are; the caller's transaction."""
    put_words(connection, described(connection, ids))


def put_words(connection: Connection, lifts: Mapping[int, Described]) -> None:
    """Keep the words of lifts that are known already."""
    t, ids = tables.lift_words, list(lifts)
    standing: dict[int, tuple[tuple[str, ...], int]] = {}
    for start in range(0, len(ids), PART):
        part = select(t).where(t.c.lift_id.in_(ids[start : start + PART]))
        for row in connection.execute(part):
            standing[row.lift_id] = (row.words, row.version)
    add_words(connection, {n: each for n, each in lifts.items() if n not in standing})
    for each, kept in standing.items():
        made = words.words(lifts[each])
        if kept[0] != made:
            changed = {"words": made, "version": words.VERSION}
            index.change(connection, t, each, kept[0], changed)
        elif kept[1] != words.VERSION:
            connection.execute(update(t).where(t.c.lift_id == each).values(version=words.VERSION))
    _put_readings(connection, {p for n in standing for p in _pieces(lifts[n])})


def add_words(connection: Connection, lifts: Mapping[int, Described]) -> None:
    """Keep the words of lifts that have none yet."""
    foresee(connection, lifts.values()).write(connection, list(lifts))


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What lifts that are not there yet will be found by, worked out before they are written."""

    words: index.Ready
    unspoken: Mapping[tuple[str, str], Reading]

    def write(self, connection: Connection, ids: Sequence[int]) -> None:
        """Keep it under our ids of the lifts, which come in the order in which they were told."""
        self.words.write(connection, ids)
        _keep_readings(connection, dict(self.unspoken))


def foresee(connection: Connection, lifts: Iterable[Described]) -> Foreseen:
    """Work out beforehand, outside any write, by what lifts will be found."""
    told = list(lifts)
    made = [words.words(each) for each in told]
    ready = index.ready(connection.dialect, tables.lift_words, made, version=words.VERSION)
    return Foreseen(ready, _unspoken(connection, {p for lift in told for p in _pieces(lift)}))


def _pieces(lift: Described) -> Iterable[str]:
    for text in lift.texts:
        yield from words.pieces(text)


def _put_readings(connection: Connection, pieces: Iterable[str]) -> None:
    """How pieces are spoken, where nobody has told yet."""
    _keep_readings(connection, _unspoken(connection, pieces))


def _keep_readings(connection: Connection, fresh: dict[tuple[str, str], Reading]) -> None:
    if not fresh:
        return
    t = tables.reading
    texts = sorted({text for text, _ in fresh})
    for start in range(0, len(texts), PART):
        asked = select(t.c.text, t.c.spelled).where(t.c.text.in_(texts[start : start + PART]))
        for row in connection.execute(asked):
            fresh.pop((row.text, row.spelled), None)
    rows = [(e.text, e.spelled, e.initials, " ".join(e.sounds)) for e in fresh.values()]
    columns = ("text", "spelled", "initials", "sounds")
    load(connection.dialect, t, columns, rows).write(connection)


def _unspoken(connection: Connection, pieces: Iterable[str]) -> dict[tuple[str, str], Reading]:
    """The readings of pieces that the register holds nowhere as a whole."""
    t, wanted = tables.reading, sorted(pieces)
    known: set[str] = set()
    for start in range(0, len(wanted), PART):
        part = wanted[start : start + PART]
        known.update(connection.execute(select(t.c.text).where(t.c.text.in_(part))).scalars())
    fresh: dict[tuple[str, str], Reading] = {}
    for piece in wanted:
        if piece not in known:
            fresh |= {(each.text, each.spelled): each for each in words.readings(piece)}
    return fresh


def outdate(connection: Connection, ids: Sequence[int]) -> None:
    """Let `catch_up_outdated` make the words of those lifts anew."""
    t = tables.lift_words
    for start in range(0, len(ids), PART):
        part = t.c.lift_id.in_(ids[start : start + PART])
        connection.execute(update(t).where(part).values(version=_OUTDATED))


def catch_up_outdated(connection: Connection, limit: int) -> int:
    """Index lifts whose words are known to be old; answers how many there were."""
    t = tables.lift_words
    asked = select(t.c.lift_id).where(t.c.version == _OUTDATED).limit(limit)
    ids = list(connection.execute(asked).scalars())
    if ids:
        index_lifts(connection, ids)
    return len(ids)


def catch_up(connection: Connection, limit: int = 200) -> int:
    """Index lifts that are not, or not as this version does; answers how many there were."""
    t, lift = tables.lift_words, tables.lift
    missing = (
        select(lift.c.id)
        .outerjoin(t, t.c.lift_id == lift.c.id)
        .where(or_(t.c.version.is_(None), t.c.version != words.VERSION))
        .limit(limit)
    )
    ids = list(connection.execute(missing).scalars())
    if ids:
        index_lifts(connection, ids)
    return len(ids)


def asks(connection: Connection, pieces: Sequence[Piece]) -> Query:
    """What was typed as a question to the index: each piece is some of what it may mean."""
    query = []
    for piece in pieces:
        meant = words.literally(piece, alone=len(pieces) == 1)
        if piece.kind == "chinese":
            meant += tuple((words.area_word(each),) for each in _named(connection, piece.text))
        elif piece.kind == "letters" and len(piece.text) >= _SPOKEN:
            meant += _spoken(connection, piece.text)
        query.append(tuple(dict.fromkeys(meant)))
    return tuple(query)


def _named(connection: Connection, beginning: str) -> list[str]:
    """The divisions whose Chinese name begins so."""
    c = tables.division.c
    rows = connection.execute(
        select(c.code)
        .where(c.name_zh.startswith(beginning, autoescape=True), ~c.code.endswith("0000"))
        .order_by(c.code)
        .limit(DIVISIONS)
    )
    return list(rows.scalars())


def _spoken(connection: Connection, letters: str) -> AnyOf:
    """What the register holds that is spoken so: by first letters, or spelled out."""
    t, above = tables.reading.c, letters[:-1] + chr(ord(letters[-1]) + 1)
    cut = func.substr(t.text, 1, len(letters))
    short = connection.execute(
        select(cut)
        .where(t.initials >= letters, t.initials < above)
        .distinct()
        .order_by(cut)
        .limit(MEANINGS)
    )
    long: Select[tuple[str, str]] = (
        select(t.text, t.sounds)
        .where(t.spelled >= letters, t.spelled < above)
        .order_by(t.spelled, t.text)
        .limit(MEANINGS)
    )
    told = dict.fromkeys(short.scalars())
    for row in connection.execute(long):
        told[Reading(row.text, tuple(row.sounds.split())).spoken(letters)] = None
    return tuple(words.asked_of(text) for text in told)


def ids_matching(connection: Connection, query: Query, limit: int) -> list[int]:
    """Our ids of lifts that fulfil a question, rising."""
    found = matching(connection, tables.lift_words, query).subquery()
    key = next(iter(found.c))
    return list(connection.execute(select(key).order_by(key).limit(limit)).scalars())
