"""Rows to registry values and back. Takes an open connection and never commits."""

from collections.abc import Iterable
from sys import intern
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, insert, select, update

from core.geo import Position
from devices import tables
from devices.model import (
    Camera,
    Gateway,
    Kitchen,
    KitchenKind,
    Lift,
    LiftKind,
    LiftStatus,
    MaintenanceFirm,
    PlaceType,
    RescueStation,
    SourceKind,
    UseUnit,
)

AnyRow = Row[Any]  # the columns of a whole-table select are known to the table, not to the type
Values = dict[str, object]


def to_lift(row: AnyRow) -> Lift:
    """A row of `lift` as the value that rules and pages use."""
    return Lift(
        id=row.id,
        rescue_code=row.rescue_code,
        registration_code=row.registration_code,
        area=row.area,
        district=row.district,
        address=row.address,
        building=row.building,
        position=None if row.latitude is None else Position(row.latitude, row.longitude),
        kind=LiftKind(row.kind),
        place_type=PlaceType(row.place_type),
        min_floor=row.min_floor,
        max_floor=row.max_floor,
        rated_speed_m_per_s=row.rated_speed_m_per_s,
        rated_load_kg=row.rated_load_kg,
        firm_id=row.firm_id,
        use_unit_id=row.use_unit_id,
        status=LiftStatus(row.status),
    )


def lift_values(lift: Lift) -> Values:
    """The columns of a lift without its id and its instants."""
    return {
        "rescue_code": lift.rescue_code,
        "registration_code": lift.registration_code,
        "area": lift.area,
        "district": lift.district,
        "address": lift.address,
        "building": lift.building,
        "latitude": lift.position.latitude if lift.position else None,
        "longitude": lift.position.longitude if lift.position else None,
        "kind": str(lift.kind),
        "place_type": str(lift.place_type),
        "min_floor": lift.min_floor,
        "max_floor": lift.max_floor,
        "rated_speed_m_per_s": lift.rated_speed_m_per_s,
        "rated_load_kg": lift.rated_load_kg,
        "firm_id": lift.firm_id,
        "use_unit_id": lift.use_unit_id,
        "status": str(lift.status),
    }


def to_firm(row: AnyRow) -> MaintenanceFirm:
    """A row of `firm`."""
    return MaintenanceFirm(row.id, row.code, row.name, row.phone_24h, row.webhook_url)


def firm_values(firm: MaintenanceFirm) -> Values:
    """The columns of a firm without its id."""
    return {
        "code": firm.code,
        "name": firm.name,
        "phone_24h": firm.phone_24h,
        "webhook_url": firm.webhook_url,
    }


def to_use_unit(row: AnyRow) -> UseUnit:
    """A row of `use_unit`."""
    return UseUnit(row.id, row.code, row.name, row.safety_officer, row.phone)


def use_unit_values(unit: UseUnit) -> Values:
    """The columns of a use unit without its id."""
    return {
        "code": unit.code,
        "name": unit.name,
        "safety_officer": unit.safety_officer,
        "phone": unit.phone,
    }


def to_station(row: AnyRow) -> RescueStation:
    """A row of `station`."""
    position = Position(row.latitude, row.longitude)
    return RescueStation(row.id, row.code, row.name, row.area, position, row.phone, row.webhook_url)


def station_values(station: RescueStation) -> Values:
    """The columns of a station without its id."""
    return {
        "code": station.code,
        "name": station.name,
        "area": station.area,
        "latitude": station.position.latitude,
        "longitude": station.position.longitude,
        "phone": station.phone,
        "webhook_url": station.webhook_url,
    }


def to_kitchen(row: AnyRow) -> Kitchen:
    """A row of `kitchen`."""
    return Kitchen(
        id=row.id,
        code=row.code,
        name=row.name,
        kind=KitchenKind(row.kind),
        area=row.area,
        district=row.district,
        address=row.address,
        operator=row.operator,
        licence_number=row.licence_number,
        grade=row.grade,
        published=row.published,
        opens=row.opens,
        closes=row.closes,
        operator_code=row.operator_code,
        serves=row.serves,
        licence_until=row.licence_until,
        kitchen_m2=row.kitchen_m2,
        meals_a_day=row.meals_a_day,
        position=None if row.latitude is None else Position(row.latitude, row.longitude),
    )


def kitchen_values(kitchen: Kitchen) -> Values:
    """The columns of a kitchen without its id."""
    return {
        "code": kitchen.code,
        "name": kitchen.name,
        "kind": str(kitchen.kind),
        "area": kitchen.area,
        "district": kitchen.district,
        "address": kitchen.address,
        "operator": kitchen.operator,
        "licence_number": kitchen.licence_number,
        "grade": kitchen.grade,
        "published": kitchen.published,
        "opens": kitchen.opens,
        "closes": kitchen.closes,
        "operator_code": kitchen.operator_code,
        "serves": kitchen.serves,
        "licence_until": kitchen.licence_until,
        "kitchen_m2": kitchen.kitchen_m2,
        "meals_a_day": kitchen.meals_a_day,
        "latitude": kitchen.position.latitude if kitchen.position else None,
        "longitude": kitchen.position.longitude if kitchen.position else None,
    }


def to_camera(row: AnyRow) -> Camera:
    """A row of `camera`."""
    return Camera(
        id=row.id,
        kitchen_id=row.kitchen_id,
        label=row.label,
        source_kind=SourceKind(row.source_kind),
        source_url=row.source_url,
        published=row.published,
        enabled=row.enabled,
    )


def camera_values(camera: Camera) -> Values:
    """The columns of a camera, its id among them: cameras are named by their id."""
    return {
        "id": camera.id,
        "kitchen_id": camera.kitchen_id,
        "label": camera.label,
        "source_kind": str(camera.source_kind),
        "source_url": camera.source_url,
        "published": camera.published,
        "enabled": camera.enabled,
    }


def gateways(connection: Connection, ids: Iterable[str] | None = None) -> list[Gateway]:
    """The gateways of those ids (None: all), each with its lifts, by id."""
    wanted: Select[Any] = select(tables.gateway).order_by(tables.gateway.c.id)
    spoken: Select[Any] = select(tables.gateway_lift).order_by(tables.gateway_lift.c.lift_id)
    if ids is not None:
        chosen = sorted(set(ids))
        wanted = wanted.where(tables.gateway.c.id.in_(chosen))
        spoken = spoken.where(tables.gateway_lift.c.gateway_id.in_(chosen))
    lifts: dict[str, list[int]] = {}
    for row in connection.execute(spoken):
        lifts.setdefault(row.gateway_id, []).append(row.lift_id)
    return [
        Gateway(
            intern(row.id),
            intern(row.area),
            tuple(lifts.pop(row.id, ())),
            row.kitchen_id,
            intern(row.dialect),
        )
        for row in connection.execute(wanted)
    ]


def changed_fields(before: AnyRow, after: Values) -> tuple[str, ...]:
    """Names of the fields of `after` that differ from the row as it stands, sorted."""
    return tuple(sorted(name for name, value in after.items() if getattr(before, name) != value))


def keep(
    connection: Connection, table: Table, key: str, values: Values
) -> tuple[AnyRow, tuple[str, ...] | None]:
    """Insert `values`, or bring the row of the same `key` up to them.

    Answers the row as it now stands and what changed: None for a new row, () for no change.
    """
    column = table.c[key]
    found = connection.execute(select(table).where(column == values[key])).one_or_none()
    if found is None:
        return connection.execute(insert(table).values(values).returning(table)).one(), None
    changed = changed_fields(found, values)
    if not changed:
        return found, ()
    row = connection.execute(
        update(table)
        .where(column == values[key])
        .values({name: values[name] for name in changed})
        .returning(table)
    ).one()
    return row, changed
