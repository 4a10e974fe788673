"""A province's registry in a few dozen bytes a lift, for a process that runs for months.

Theory of operation. Telemetry asks for a lift or a gateway when it speaks for the first time, and
remembers what it needs; so 200,000 of them need not stand in memory as objects. Each field is a
column here, names are a block of bytes with a table of hashes beside it, and a `Lift` or `Gateway`
is made when it is asked for. The mappings look like dicts, and never change.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from sys import intern
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection, Select, select

from devices import tables
from devices.model import Gateway, Lift, LiftKind, PlaceType

_AT_ONCE = 5_000  # rows read at a time
_NO_KITCHEN = -1
_L = tables.lift.c
_LIFT = (
    *(_L.id, _L.rescue_code, _L.registration_code, _L.building, _L.area, _L.kind, _L.place_type),
    *(_L.min_floor, _L.max_floor, _L.rated_speed_m_per_s, _L.rated_load_kg),
)

T = TypeVar("T")
Sort = tuple[str, str, str, int, int, float, int]  # what many lifts have in common


class Names:
    """Different texts by row, and the row of each: a block of bytes and a table of hashes."""

    __slots__ = ("_block", "_ends", "_hashes", "_places")

    def __init__(self) -> None:
        self._block = bytearray()
        self._ends = array("I", [0])
        self._hashes = array("q")  # until it is settled
        self._places = array("I")  # by hash: the row, counted from 1; 0: none

    def __len__(self) -> int:
        return len(self._ends) - 1

    def append(self, text: str) -> None:
        """One row more."""
        self._block += text.encode()
        self._ends.append(len(self._block))
        self._hashes.append(hash(text))

    def settle(self) -> None:
        """Nothing more comes: from now on it is read."""
        places = array("I", bytes(4 << (2 * len(self)).bit_length()))  # at most half full
        last = len(places) - 1
        for row, hashed in enumerate(self._hashes, 1):
            place = hashed & last
            while places[place]:
                place = (place + 1) & last
            places[place] = row
        self._places, self._hashes = places, array("q")

    def row(self, text: str) -> int | None:
        """Where the text stands; None: nowhere."""
        places, wanted = self._places, text.encode()
        last = len(places) - 1
        place = hash(text) & last
        while row := places[place]:
            if self._bytes(row - 1) == wanted:
                return row - 1
            place = (place + 1) & last
        return None

    def __getitem__(self, row: int) -> str:
        return self._bytes(row).decode()

    def _bytes(self, row: int) -> bytearray:
        return self._block[self._ends[row] : self._ends[row + 1]]


class Column(Generic[T]):
    """A field in which few values stand in many rows."""

    __slots__ = ("_numbers", "_rows", "_values")

    def __init__(self) -> None:
        self._numbers: dict[T, int] = {}
        self._values: tuple[T, ...] = ()
        self._rows = array("I")

    def append(self, value: T) -> None:
        """One row more."""
        self._rows.append(self._numbers.setdefault(value, len(self._numbers)))

    def settle(self) -> None:
        """Nothing more comes: from now on it is read."""
        self._values, self._numbers = tuple(self._numbers), {}

    def __getitem__(self, row: int) -> T:
        return self._values[self._rows[row]]

    def values(self) -> tuple[T, ...]:
        """Every value that stands in some row."""
        return self._values


class CompactLifts(Mapping[int, Lift]):
    """Lifts by id, as their telemetry needs them: no address, district, position, firm or unit."""

    def __init__(self, connection: Connection) -> None:
        self._ids = array("q")
        self._buildings: Column[str] = Column()
        self._sorts: Column[Sort] = Column()
        self._rescue, self._registration = Names(), Names()
        for lift_id, code, number, building, area, kind, place, *figures in _stream(
            connection, select(*_LIFT).order_by(_L.id)
        ):
            self._ids.append(lift_id)
            self._rescue.append(code)
            self._registration.append(number)
            self._buildings.append(building)
            self._sorts.append((area, kind, place, *figures))
        for each in (self._rescue, self._registration, self._buildings, self._sorts):
            each.settle()

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[int]:
        return iter(self._ids)

    def __getitem__(self, lift_id: int) -> Lift:
        row = bisect_left(self._ids, lift_id)
        if row == len(self._ids) or self._ids[row] != lift_id:
            raise KeyError(lift_id)
        return self._lift(row)

    def by_code(self, code: str) -> Lift | None:
        """The lift of that rescue or registration code."""
        row = self._rescue.row(code)
        if row is None:
            row = self._registration.row(code)
        return None if row is None else self._lift(row)

    def codes(self) -> Iterator[str]:
        """Every code by which a lift may be found."""
        for names in (self._rescue, self._registration):
            for row in range(len(names)):
                yield names[row]

    def _lift(self, row: int) -> Lift:
        code, number, building = self._rescue[row], self._registration[row], self._buildings[row]
        return _bare(self._ids[row], code, number, building, *self._sorts[row])


class Coded(Protocol):
    """Lifts that can be found by a code."""

    def __len__(self) -> int: ...

    def by_code(self, code: str) -> Lift | None:
        """The lift of that rescue or registration code."""
        ...

    def codes(self) -> Iterator[str]:
        """Every code by which a lift may be found."""
        ...


class ByCode(Mapping[str, Lift]):
    """The same lifts by rescue and registration code."""

    def __init__(self, lifts: Coded) -> None:
        self._lifts = lifts

    def __len__(self) -> int:
        return 2 * len(self._lifts)

    def __iter__(self) -> Iterator[str]:
        return self._lifts.codes()

    def __getitem__(self, code: str) -> Lift:
        found = self._lifts.by_code(code)
        if found is None:
            raise KeyError(code)
        return found


class CompactGateways(Mapping[str, Gateway]):
    """Gateways by id, each with its lifts."""

    def __init__(self, connection: Connection) -> None:
        gateway, spoken = tables.gateway.c, tables.gateway_lift.c
        self._ids = Names()
        last: str | None = None
        self._areas: Column[str] = Column()
        self._dialects: Column[str] = Column()
        self._kitchens = array("q")
        self._lifts = array("q")
        self._ends = array("I", [0])  # where each gateway's lifts end
        both = tables.gateway.outerjoin(tables.gateway_lift, spoken.gateway_id == gateway.id)
        for gateway_id, area, dialect, kitchen, lift in _stream(
            connection,
            select(gateway.id, gateway.area, gateway.dialect, gateway.kitchen_id, spoken.lift_id)
            .select_from(both)
            .order_by(gateway.id, spoken.lift_id),
        ):
            if gateway_id != last:
                last = gateway_id
                self._ids.append(gateway_id)
                self._areas.append(intern(area))
                self._dialects.append(intern(dialect))
                self._kitchens.append(_NO_KITCHEN if kitchen is None else kitchen)
                self._ends.append(len(self._lifts))
            if lift is not None:
                self._lifts.append(lift)
                self._ends[-1] += 1
        for each in (self._ids, self._areas, self._dialects):
            each.settle()

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[str]:
        return map(self._ids.__getitem__, range(len(self._ids)))

    def __getitem__(self, gateway_id: str) -> Gateway:
        row = self._ids.row(gateway_id)
        if row is None:
            raise KeyError(gateway_id)
        kitchen = self._kitchens[row]
        return Gateway(
            gateway_id,
            self._areas[row],
            tuple(self._lifts[self._ends[row] : self._ends[row + 1]]),
            None if kitchen == _NO_KITCHEN else kitchen,
            self._dialects[row],
        )

    def dialects(self) -> frozenset[str]:
        """Every dialect that one of them speaks."""
        return frozenset(self._dialects.values())

    def areas(self) -> frozenset[str]:
        """Every area that one of them is in."""
        return frozenset(self._areas.values())


def lifts_of_codes(connection: Connection, codes: Sequence[str]) -> Iterator[Lift]:
    """The lifts of these rescue codes, as CompactLifts has them."""
    wanted = select(*_LIFT).where(tables.lift.c.rescue_code.in_(codes))
    return (_bare(*row) for row in connection.execute(wanted))


def _bare(  # noqa: PLR0917  (a row's columns)
    lift_id: int,
    code: str,
    number: str,
    building: str,
    area: str,
    kind: str,
    place: str,
    low: int,
    high: int,
    speed: float,
    load: int,
) -> Lift:
    return Lift(
        id=lift_id,
        rescue_code=code,
        registration_code=number,
        area=area,
        district="",
        address="",
        building=building,
        position=None,
        kind=LiftKind(kind),
        place_type=PlaceType(place),
        min_floor=low,
        max_floor=high,
        rated_speed_m_per_s=speed,
        rated_load_kg=load,
        firm_id=None,
        use_unit_id=None,
    )


def _stream(connection: Connection, wanted: Select[Any]) -> Iterator[Any]:
    """Its rows, never all at once: each is unpacked where it is known what it holds."""
    return iter(connection.execute(wanted.execution_options(yield_per=_AT_ONCE)))
