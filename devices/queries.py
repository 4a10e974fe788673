"""Questions to the registry; every one takes an open connection."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, func, or_, select, union

from core.errors import NotFound
from core.geo import Position
from devices import lift_search, search, store, tables
from devices.model import (
    Camera,
    Gateway,
    Kitchen,
    Lift,
    MaintenanceFirm,
    RescueStation,
    UseUnit,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a longer list, and how long the whole is."""

    items: tuple[T, ...]
    total: int
    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How much is registered."""

    lifts: int
    gateways: int
    firms: int
    stations: int
    use_units: int
    kitchens: int
    cameras: int


def _one(
    connection: Connection, table: Table, where: ColumnElement[bool], kind: str, key: object
) -> store.AnyRow:
    row = connection.execute(select(table).where(where)).one_or_none()
    if row is None:
        raise NotFound(kind, str(key))
    return row


def areas(connection: Connection) -> frozenset[str]:
    """Every city in which a lift, a gateway or a kitchen is registered."""
    each = (tables.lift.c.area, tables.gateway.c.area, tables.kitchen.c.area)
    return frozenset(connection.execute(union(*map(select, each))).scalars())


def lift_by_code(connection: Connection, code: str) -> Lift:
    """The lift of a 6-digit rescue code or a 20-digit registration code; raises NotFound."""
    c = tables.lift.c
    where = or_(c.rescue_code == code, c.registration_code == code)
    return store.to_lift(_one(connection, tables.lift, where, "lift", code))


def lift_by_id(connection: Connection, lift_id: int) -> Lift:
    """The lift of our own id; raises NotFound."""
    row = _one(connection, tables.lift, tables.lift.c.id == lift_id, "lift", lift_id)
    return store.to_lift(row)


def find_lifts(
    connection: Connection,
    text: str = "",
    limit: int = 50,
    offset: int = 0,
    area: str | None = None,
) -> Page[Lift]:
    """Lifts that have every piece of `text` (devices.lift_search), by code."""
    c = tables.lift.c
    wanted = lift_search.holds(connection, text)
    if area:
        wanted.append(or_(c.area == area, c.district == area))
    total = connection.execute(select(func.count()).select_from(tables.lift).where(*wanted))
    rows = connection.execute(
        select(tables.lift).where(*wanted).order_by(c.rescue_code).limit(limit).offset(offset)
    )
    return Page(tuple(map(store.to_lift, rows)), total.scalar_one(), limit, offset)


def rescue_codes(connection: Connection) -> list[str]:
    """The rescue code of every lift, in order."""
    c = tables.lift.c.rescue_code
    return list(connection.execute(select(c).order_by(c)).scalars())


def firm_by_id(connection: Connection, firm_id: int) -> MaintenanceFirm:
    """The firm of our own id; raises NotFound."""
    row = _one(connection, tables.firm, tables.firm.c.id == firm_id, "firm", firm_id)
    return store.to_firm(row)


def lifts_by_id(connection: Connection, ids: Collection[int]) -> dict[int, Lift]:
    """The lifts of those ids, by id; one that is not there is left out."""
    if not ids:
        return {}
    wanted = select(tables.lift).where(tables.lift.c.id.in_(ids))
    return {row.id: store.to_lift(row) for row in connection.execute(wanted)}


def firms_by_id(connection: Connection, ids: Collection[int]) -> dict[int, MaintenanceFirm]:
    """The firms of those ids, by id; one that is not there is left out."""
    if not ids:
        return {}
    wanted = select(tables.firm).where(tables.firm.c.id.in_(ids))
    return {row.id: store.to_firm(row) for row in connection.execute(wanted)}


def stations_by_id(connection: Connection, ids: Collection[int]) -> dict[int, RescueStation]:
    """The rescue stations of those ids, by id; one that is not there is left out."""
    if not ids:
        return {}
    wanted = select(tables.station).where(tables.station.c.id.in_(ids))
    return {row.id: store.to_station(row) for row in connection.execute(wanted)}


def stations_by_area(
    connection: Connection, areas: Collection[str] | None
) -> dict[str, list[RescueStation]]:
    """The rescue stations of those cities (None: of all), by city and code."""
    found: dict[str, list[RescueStation]] = {}
    wanted = select(tables.station)
    if areas is not None:
        wanted = wanted.where(tables.station.c.area.in_(areas))
    for row in connection.execute(wanted.order_by(tables.station.c.code)):
        found.setdefault(row.area, []).append(store.to_station(row))
    return found


def middles(connection: Connection, districts: Collection[str]) -> dict[str, Position]:
    """Where each district's lifts stand on average; a district without any is left out."""
    if not districts:  # it reads every lift of theirs
        return {}
    c = tables.lift.c
    rows = connection.execute(
        select(c.district, func.avg(c.latitude), func.avg(c.longitude))
        .where(c.district.in_(districts), c.latitude.is_not(None), c.longitude.is_not(None))
        .group_by(c.district)
    )
    return {district: Position(latitude, longitude) for district, latitude, longitude in rows}


def districts(connection: Connection, area: str = "") -> dict[str, str]:
    """The districts that lifts stand in, each with its city; of one city where told."""
    c = tables.lift.c
    wanted = select(c.district, c.area).distinct().order_by(c.district)
    if area:
        wanted = wanted.where(c.area == area)
    return {district: of for district, of in connection.execute(wanted) if district}


def firm_by_code(connection: Connection, code: str) -> MaintenanceFirm:
    """The firm of that code; raises NotFound."""
    return store.to_firm(_one(connection, tables.firm, tables.firm.c.code == code, "firm", code))


def firms(connection: Connection) -> tuple[MaintenanceFirm, ...]:
    """Every firm, by code."""
    return tuple(
        map(store.to_firm, connection.execute(select(tables.firm).order_by(tables.firm.c.code)))
    )


def station_by_id(connection: Connection, station_id: int) -> RescueStation:
    """The rescue station of our own id; raises NotFound."""
    where = tables.station.c.id == station_id
    return store.to_station(_one(connection, tables.station, where, "station", station_id))


def station_by_code(connection: Connection, code: str) -> RescueStation:
    """The rescue station of that code; raises NotFound."""
    where = tables.station.c.code == code
    return store.to_station(_one(connection, tables.station, where, "station", code))


def stations(connection: Connection, area: str | None = None) -> tuple[RescueStation, ...]:
    """The rescue stations of a city (None: all), by code."""
    wanted = select(tables.station).order_by(tables.station.c.code)
    if area is not None:
        wanted = wanted.where(tables.station.c.area == area)
    return tuple(map(store.to_station, connection.execute(wanted)))


def use_unit_by_id(connection: Connection, use_unit_id: int) -> UseUnit:
    """The use unit of our own id; raises NotFound."""
    where = tables.use_unit.c.id == use_unit_id
    return store.to_use_unit(_one(connection, tables.use_unit, where, "use unit", use_unit_id))


def use_unit_by_code(connection: Connection, code: str) -> UseUnit:
    """The use unit of that code; raises NotFound."""
    where = tables.use_unit.c.code == code
    return store.to_use_unit(_one(connection, tables.use_unit, where, "use unit", code))


def use_units(connection: Connection) -> tuple[UseUnit, ...]:
    """Every use unit, by code."""
    rows = connection.execute(select(tables.use_unit).order_by(tables.use_unit.c.code))
    return tuple(map(store.to_use_unit, rows))


def kitchens(
    connection: Connection,
    text: str = "",
    limit: int = 50,
    offset: int = 0,
    *,
    published_only: bool = False,
) -> Page[Kitchen]:
    """Kitchens whose code begins with `text`, or whose name or address holds it, by code."""
    c = tables.kitchen.c
    wanted = search.kitchen_holds(text)
    if published_only:
        wanted.append(c.published)
    total = connection.execute(select(func.count()).select_from(tables.kitchen).where(*wanted))
    rows = connection.execute(
        select(tables.kitchen).where(*wanted).order_by(c.code).limit(limit).offset(offset)
    )
    return Page(tuple(map(store.to_kitchen, rows)), total.scalar_one(), limit, offset)


def kitchen_by_code(connection: Connection, code: str) -> Kitchen:
    """The kitchen of that code; raises NotFound."""
    where = tables.kitchen.c.code == code
    return store.to_kitchen(_one(connection, tables.kitchen, where, "kitchen", code))


def kitchen_by_id(connection: Connection, kitchen_id: int) -> Kitchen:
    """The kitchen of our own id; raises NotFound."""
    where = tables.kitchen.c.id == kitchen_id
    return store.to_kitchen(_one(connection, tables.kitchen, where, "kitchen", kitchen_id))


def cameras_of(connection: Connection, kitchen_id: int) -> tuple[Camera, ...]:
    """The cameras of a kitchen, by id."""
    c = tables.camera.c
    rows = connection.execute(
        select(tables.camera).where(c.kitchen_id == kitchen_id).order_by(c.id)
    )
    return tuple(map(store.to_camera, rows))


def camera_by_id(connection: Connection, camera_id: str) -> Camera:
    """The camera of that id; raises NotFound."""
    where = tables.camera.c.id == camera_id
    return store.to_camera(_one(connection, tables.camera, where, "camera", camera_id))


def all_cameras(connection: Connection) -> tuple[Camera, ...]:
    """Every camera, by id."""
    rows = connection.execute(select(tables.camera).order_by(tables.camera.c.id))
    return tuple(map(store.to_camera, rows))


def gateway_by_id(connection: Connection, gateway_id: str) -> Gateway:
    """The gateway of that id with its lifts; raises NotFound."""
    found = store.gateways(connection, [gateway_id])
    if not found:
        raise NotFound("gateway", gateway_id)
    return found[0]


def gateways_of(connection: Connection, lift_id: int) -> tuple[Gateway, ...]:
    """The gateways that speak for a lift, by id."""
    c = tables.gateway_lift.c
    ids = connection.execute(select(c.gateway_id).where(c.lift_id == lift_id)).scalars().all()
    return tuple(store.gateways(connection, ids))


def counts(connection: Connection) -> Counts:
    """How much is registered."""

    def size(table: Table) -> Any:  # a scalar subquery; its precise type helps nobody
        return select(func.count()).select_from(table).scalar_subquery()

    row = connection.execute(
        select(
            size(tables.lift),
            size(tables.gateway),
            size(tables.firm),
            size(tables.station),
            size(tables.use_unit),
            size(tables.kitchen),
            size(tables.camera),
        )
    ).one()
    return Counts(*row)
