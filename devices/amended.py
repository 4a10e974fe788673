"""A picture of the registry with some of its lifts and gateways read anew.

Theory of operation. A province's picture takes seconds of CPU to read, and what changes is nearly
always a lift or a gateway. Every change journals its codes (devices.commands), so the next picture
is the last one with those rows over it; firms, stations, use units and cameras are not in it. What
names no codes (the end of a large import), or is too much, is read whole. A code that a lift no
longer has finds nothing, whatever lies below.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from core.journal import journal_table
from devices import store, tables
from devices.compact import CompactGateways, CompactLifts, lifts_of_codes
from devices.model import Gateway, Lift

MOST = 2_000  # rows read at once
MOST_AMENDED = 20_000  # over one picture: then it is read whole
_CHUNK = 500

Gone = None


@dataclass(frozen=True, slots=True)
class News:
    """What has changed since the picture of version `since`: rescue codes, and ids of gateways."""

    since: int
    lifts: frozenset[str] = frozenset()
    gateways: frozenset[str] = frozenset()
    kitchens: bool = False


class AmendedLifts(Mapping[int, Lift]):
    """Lifts by id: those amended, and below them the others."""

    def __init__(self, base: CompactLifts, amended: Mapping[int, Lift | None]) -> None:
        self.base, self.amended = base, amended
        there = [lift for lift in amended.values() if lift is not Gone]
        self._codes = {lift.registration_code: lift for lift in there}
        self._codes |= {lift.rescue_code: lift for lift in there}
        self._fresh = [each.id for each in there if each.id not in base]
        self._gone = sum(lift is Gone for lift in amended.values())

    def __len__(self) -> int:
        return len(self.base) + len(self._fresh) - self._gone

    def __iter__(self) -> Iterator[int]:
        yield from (each for each in self.base if self.amended.get(each, each) is not Gone)
        yield from self._fresh

    def __getitem__(self, lift_id: int) -> Lift:
        if lift_id not in self.amended:
            return self.base[lift_id]
        found = self.amended[lift_id]
        if found is Gone:
            raise KeyError(lift_id)
        return found

    def by_code(self, code: str) -> Lift | None:
        """The lift of that rescue or registration code."""
        found = self._codes.get(code)
        if found is None:
            found = self.base.by_code(code)
            return found if found is None or found.id not in self.amended else None
        return found

    def codes(self) -> Iterator[str]:
        """Every code by which a lift may be found."""
        yield from (code for code in self.base.codes() if self.by_code(code) is not None)
        yield from (code for code in self._codes if self.base.by_code(code) is None)


class AmendedGateways(Mapping[str, Gateway]):
    """Gateways by id: those amended, and below them the others."""

    def __init__(self, base: CompactGateways, amended: Mapping[str, Gateway | None]) -> None:
        self.base, self.amended = base, amended
        there = [each for each in amended.values() if each is not Gone]
        self._fresh = [each.id for each in there if each.id not in base]
        self._dialects = base.dialects() | {each.dialect for each in there}
        self._areas = base.areas() | {each.area for each in there}
        self._gone = sum(each is Gone for each in amended.values())

    def __len__(self) -> int:
        return len(self.base) + len(self._fresh) - self._gone

    def __iter__(self) -> Iterator[str]:
        yield from (each for each in self.base if self.amended.get(each, each) is not Gone)
        yield from self._fresh

    def __getitem__(self, gateway_id: str) -> Gateway:
        if gateway_id not in self.amended:
            return self.base[gateway_id]
        found = self.amended[gateway_id]
        if found is Gone:
            raise KeyError(gateway_id)
        return found

    def dialects(self) -> frozenset[str]:
        """Every dialect that one of them speaks, or has spoken below."""
        return self._dialects

    def areas(self) -> frozenset[str]:
        """Every area that one of them is in, or was in below."""
        return self._areas


def news_since(connection: Connection, version: int) -> News | None:
    """What the journal tells of the time since; None where it does not name all of it, or much."""
    t = journal_table.c
    told = (
        select(t.subject_id, t.facts)
        .where(t.id > version, t.subject_kind == "registry")
        .order_by(t.id)
        .limit(MOST + 1)
    )
    found: dict[str, set[str]] = {"lift": set(), "gateway": set(), "kitchen": set()}
    rows = connection.execute(told).all()
    for kind, facts in rows:
        if kind in found:
            codes = _codes(facts)
            if codes is None:
                return None
            found[kind] |= set(codes)
    if len(rows) > MOST or sum(map(len, found.values())) > MOST:
        return None
    return News(
        version, frozenset(found["lift"]), frozenset(found["gateway"]), bool(found["kitchen"])
    )


def lifts_with(
    connection: Connection, below: CompactLifts | AmendedLifts, codes: Collection[str]
) -> AmendedLifts:
    """The same with the lifts of these rescue codes as they stand now."""
    base, amended = (
        (below.base, dict(below.amended)) if isinstance(below, AmendedLifts) else (below, {})
    )
    for code in codes:
        if (standing := below.by_code(code)) is not None:
            amended[standing.id] = Gone
    for some in _chunks(codes):
        amended |= {lift.id: lift for lift in lifts_of_codes(connection, some)}
    return AmendedLifts(base, _known(amended, base))


def gateways_with(
    connection: Connection, below: CompactGateways | AmendedGateways, ids: Collection[str]
) -> AmendedGateways:
    """The same with these gateways as they stand now."""
    base, amended = (
        (below.base, dict(below.amended)) if isinstance(below, AmendedGateways) else (below, {})
    )
    amended |= dict.fromkeys((each for each in ids if each in base or each in amended), Gone)
    for some in _chunks(ids):
        amended |= {each.id: each for each in store.gateways(connection, some)}
    return AmendedGateways(base, {k: v for k, v in amended.items() if v is not Gone or k in base})


def kitchen_codes(connection: Connection) -> dict[int, str]:
    """The code of every kitchen by our id."""
    rows = connection.execute(select(tables.kitchen.c.id, tables.kitchen.c.code))
    return {row.id: row.code for row in rows}


def _known(amended: Mapping[int, Lift | None], base: CompactLifts) -> dict[int, Lift | None]:
    return {k: lift for k, lift in amended.items() if lift is not Gone or k in base}


def _codes(facts: Mapping[str, object]) -> Sequence[str] | None:
    """The codes that a journal entry names; None where it does not."""
    if isinstance(code := facts.get("code"), str):
        return [code]
    lists = [facts[name] for name in ("codes", "inserted", "changed") if name in facts]
    if not lists or not all(isinstance(each, list) for each in lists):
        return None
    return [str(code) for each in lists if isinstance(each, list) for code in each]


def _chunks(codes: Collection[str]) -> Iterator[Sequence[str]]:
    ordered = sorted(codes)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]
