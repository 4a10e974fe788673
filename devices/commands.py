"""Changes to the registry, each with its journal entry under `Subject("registry", kind)`.

Every function works in the caller's transaction. The id of a value that is handed in does not
matter where a code names it: new rows get ours, and the value that comes back carries it. A value
that stands there already, unchanged, writes nothing.

Facts in the journal name the code and the fields that changed, never their values: telephone
numbers, people's names and camera passwords do not belong there.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from core.errors import Conflict, InvalidMessage
from core.journal import Actor
from devices import store, tables, word_index
from devices.keeping import keep, must_exist, record
from devices.model import (
    Camera,
    Gateway,
    Kitchen,
    Lift,
    MaintenanceFirm,
    RescueStation,
    UseUnit,
)
from devices.protocol.dialects.model import DIALECT
from devices.protocol.topics import AREA, DEVICE

_INDEXED = 50  # lifts whose words a write makes anew itself


def upsert_firm(
    connection: Connection, firm: MaintenanceFirm, now: datetime, actor: Actor
) -> MaintenanceFirm:
    """Keep a firm under its code; answers it with its id."""
    values = store.firm_values(firm)
    return store.to_firm(keep(connection, tables.firm, "code", values, now, actor))


def upsert_use_unit(connection: Connection, unit: UseUnit, now: datetime, actor: Actor) -> UseUnit:
    """Keep a use unit under its code; answers it with its id.

    A new name is found at once for some tens of its lifts; the others wait for
    `word_index.catch_up_outdated`, since no write may be as long as a unit is large.
    """
    values = store.use_unit_values(unit)
    t = tables.use_unit.c
    name = connection.execute(select(t.name).where(t.code == unit.code)).scalar_one_or_none()
    kept = store.to_use_unit(keep(connection, tables.use_unit, "code", values, now, actor))
    if name not in {None, kept.name}:
        lift = tables.lift.c
        asked = select(lift.id).where(lift.use_unit_id == kept.id).order_by(lift.id)
        ids = list(connection.execute(asked).scalars())
        word_index.index_lifts(connection, ids[:_INDEXED])
        word_index.outdate(connection, ids[_INDEXED:])
    return kept


def upsert_station(
    connection: Connection, station: RescueStation, now: datetime, actor: Actor
) -> RescueStation:
    """Keep a rescue station under its code; answers it with its id."""
    values = store.station_values(station)
    return store.to_station(keep(connection, tables.station, "code", values, now, actor))


def upsert_kitchen(
    connection: Connection, kitchen: Kitchen, now: datetime, actor: Actor
) -> Kitchen:
    """Keep a kitchen under its code; answers it with its id."""
    values = store.kitchen_values(kitchen)
    return store.to_kitchen(keep(connection, tables.kitchen, "code", values, now, actor))


def upsert_camera(connection: Connection, camera: Camera, now: datetime, actor: Actor) -> Camera:
    """Keep a camera under its id; raises NotFound for an unknown kitchen."""
    must_exist(connection, tables.kitchen, camera.kitchen_id, "kitchen")
    values = store.camera_values(camera)
    return store.to_camera(keep(connection, tables.camera, "id", values, now, actor))


def upsert_lift(connection: Connection, lift: Lift, now: datetime, actor: Actor) -> Lift:
    """Keep a lift under its rescue code; answers it with its id.

    Raises Conflict("exists") when another lift has its registration code.
    """
    c = tables.lift.c
    other = connection.execute(
        select(c.rescue_code).where(
            c.registration_code == lift.registration_code, c.rescue_code != lift.rescue_code
        )
    ).scalar_one_or_none()
    if other is not None:
        raise Conflict(
            "exists", f"registration code {lift.registration_code} belongs to lift {other}"
        )
    values = store.lift_values(lift)
    found = connection.execute(
        select(tables.lift).where(c.rescue_code == lift.rescue_code)
    ).one_or_none()
    if found is None:
        row = connection.execute(
            insert(tables.lift)
            .values(**values, created_at=now, updated_at=now)
            .returning(tables.lift)
        ).one()
        record(connection, "lift", {"code": lift.rescue_code, "outcome": "inserted"}, now, actor)
        word_index.index_lifts(connection, [row.id])
        return store.to_lift(row)
    changed = store.changed_fields(found, values)
    if not changed:
        return store.to_lift(found)
    row = connection.execute(
        update(tables.lift)
        .where(c.id == found.id)
        .values(**{name: values[name] for name in changed}, updated_at=now)
        .returning(tables.lift)
    ).one()
    facts = {"code": lift.rescue_code, "outcome": "changed", "fields": list(changed)}
    record(connection, "lift", facts, now, actor)
    word_index.index_lifts(connection, [row.id])
    return store.to_lift(row)


def enrol_gateway(connection: Connection, gateway: Gateway, now: datetime, actor: Actor) -> Gateway:
    """Let a gateway speak for exactly these lifts, or for this kitchen.

    Raises InvalidMessage for a malformed id, area or dialect, NotFound for an unknown lift or
    kitchen.
    """
    if not DEVICE.fullmatch(gateway.id):
        raise InvalidMessage("bad_field", "1 to 32 of A-Z a-z 0-9 _ -", field="gateway_id")
    if not AREA.fullmatch(gateway.area):
        raise InvalidMessage("bad_field", "the city's 6-digit division code", field="area")
    for lift_id in gateway.lift_ids:
        must_exist(connection, tables.lift, lift_id, "lift")
    if gateway.kitchen_id is not None:
        must_exist(connection, tables.kitchen, gateway.kitchen_id, "kitchen")
    if not DIALECT.fullmatch(gateway.dialect):
        raise InvalidMessage("bad_field", "1 to 32 of a-z 0-9 _ -", field="dialect")
    wanted = replace(gateway, lift_ids=tuple(sorted(set(gateway.lift_ids))))
    found = store.gateways(connection, [gateway.id])
    if found == [wanted]:
        return wanted
    g, s = tables.gateway, tables.gateway_lift
    if not found:
        connection.execute(
            insert(g).values(
                id=wanted.id,
                area=wanted.area,
                kitchen_id=wanted.kitchen_id,
                enrolled_at=now,
                dialect=wanted.dialect,
            )
        )
    else:
        connection.execute(
            update(g)
            .where(g.c.id == wanted.id)
            .values(area=wanted.area, kitchen_id=wanted.kitchen_id, dialect=wanted.dialect)
        )
        connection.execute(delete(s).where(s.c.gateway_id == wanted.id))
    if wanted.lift_ids:
        connection.execute(
            insert(s), [{"gateway_id": wanted.id, "lift_id": each} for each in wanted.lift_ids]
        )
    facts = {
        "code": wanted.id,
        "outcome": "changed" if found else "inserted",
        "lifts": len(wanted.lift_ids),
    }
    record(connection, "gateway", facts, now, actor)
    return wanted
