"""Changes to the registry, each with its journal entry under `Subject("registry", kind)`.

Every function works in the caller's transaction. The id of a value that is handed in does not
matter where a code names it: new rows get ours, and the value that comes back carries it. A value
that stands there already, unchanged, writes nothing.

Facts in the journal name the code and the fields that changed, never their values: telephone
numbers, people's names and camera passwords do not belong there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from core.datum import Datum
from core.errors import Conflict, InvalidMessage
from core.journal import Actor
from devices import store, tables, word_index
from devices.keeping import keep, must_exist, record
from devices.lift_plan import Known, Planned, plan
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
from devices.sheet import Outcome, RowResult, SheetRow

IMPORTED = "lifts.imported"


def upsert_firm(
    connection: Connection, firm: MaintenanceFirm, now: datetime, actor: Actor
) -> MaintenanceFirm:
    """Keep a firm under its code; answers it with its id."""
    values = store.firm_values(firm)
    return store.to_firm(keep(connection, tables.firm, "code", values, now, actor))


def upsert_use_unit(connection: Connection, unit: UseUnit, now: datetime, actor: Actor) -> UseUnit:
    """Keep a use unit under its code; answers it with its id."""
    values = store.use_unit_values(unit)
    t = tables.use_unit.c
    name = connection.execute(select(t.name).where(t.code == unit.code)).scalar_one_or_none()
    kept = store.to_use_unit(keep(connection, tables.use_unit, "code", values, now, actor))
    if name not in {None, kept.name}:
        lift = tables.lift.c
        ids = connection.execute(select(lift.id).where(lift.use_unit_id == kept.id)).scalars()
        word_index.index_lifts(connection, list(ids))
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


def import_lifts(
    connection: Connection,
    rows: Sequence[SheetRow],
    now: datetime,
    actor: Actor,
    *,
    part_of: Mapping[str, object] | None = None,
) -> list[RowResult]:
    """Keep the lifts of one step of a file (see devices.importer) and enrol their gateways.

    Wrong rows are refused in the answer; one journal entry tells the codes of the whole step.
    `part_of`: the step belongs to a larger import (devices.bulk); these facts go with its entry,
    which stands in that import's own chain, so that nobody reloads the registry for every step.
    """
    known = store.known(connection, rows)
    planned = plan(rows, known)
    fresh = [each for each in planned if each.result.outcome is Outcome.INSERTED]
    changed = [
        each
        for each in planned
        if each.standing is not None
        and any(change.field != "gateway_id" for change in each.result.changes)
    ]
    if fresh:
        connection.execute(
            insert(tables.lift),
            [
                store.import_values(each.values, known) | {"created_at": now, "updated_at": now}
                for each in fresh
            ],
        )
    if changed:
        connection.execute(
            update(tables.lift).where(tables.lift.c.id == bindparam("standing_id")),
            [
                store.import_values(each.values, known)
                | {"updated_at": now, "standing_id": each.standing.id}
                for each in changed
                if each.standing
            ],
        )
    _keep_origins(connection, fresh, changed)
    if fresh or changed:
        _index(connection, fresh, changed, known)
    enrolled = _enrol(connection, planned, known, now)
    if part_of is not None:
        told: dict[str, list[str]] = {}
        for each in planned:
            told.setdefault(str(each.result.outcome), []).append(each.result.code)
        record(connection, "import", {**part_of, **told, **enrolled}, now, actor, verb=IMPORTED)
        return [each.result for each in planned]
    if fresh or changed:
        facts = {
            "inserted": [each.result.code for each in fresh],
            "changed": [each.result.code for each in changed],
        }
        record(connection, "lift", facts, now, actor, verb=IMPORTED)
    if enrolled:
        record(connection, "gateway", enrolled, now, actor, verb="gateways.imported")
    return [each.result for each in planned]


def _keep_origins(
    connection: Connection, fresh: Sequence[Planned], changed: Sequence[Planned]
) -> None:
    """On which map the coordinates of lifts were read; WGS-84 is what is taken for granted."""
    wgs84, t = str(Datum.WGS84), tables.lift_dossier
    told = {e.result.code: e.values["datum"] for e in fresh if e.values["datum"] != wgs84}
    for each in changed:
        if any(change.field == "datum" for change in each.result.changes):
            told[each.result.code] = each.values["datum"]
    if not told:
        return
    c = tables.lift.c
    asked = (
        select(c.id, c.rescue_code, t.c.lift_id)
        .outerjoin(t, t.c.lift_id == c.id)
        .where(c.rescue_code.in_(told))
    )
    rows = connection.execute(asked).all()
    values = [{"lift": row.id, "origin": told[row.rescue_code]} for row in rows]
    new = [v for v, row in zip(values, rows, strict=True) if row.lift_id is None]
    old = [v for v, row in zip(values, rows, strict=True) if row.lift_id is not None]
    if new:
        made = insert(t).values(lift_id=bindparam("lift"), coordinate_origin=bindparam("origin"))
        connection.execute(made, new)
    if old:
        where = t.c.lift_id == bindparam("lift")
        connection.execute(
            update(t).where(where).values(coordinate_origin=bindparam("origin")), old
        )


def _index(
    connection: Connection, fresh: Sequence[Planned], changed: Sequence[Planned], known: Known
) -> None:
    """Let lifts be found: new ones by what the file says, others by all that is known of them."""
    c, new = tables.lift.c, {each.result.code: each for each in fresh}
    ids = connection.execute(select(c.id, c.rescue_code).where(c.rescue_code.in_(new))).all()
    made = {row.id: store.import_described(new[row.rescue_code].values, known) for row in ids}
    standing = [each.standing.id for each in changed if each.standing]
    word_index.put_words(connection, made | word_index.described(connection, standing))


def foresee(connection: Connection, rows: Sequence[SheetRow]) -> None:
    """Work out what can be before `import_lifts` holds the lock: most of what it is found by."""
    known = store.codes_of(connection, rows)
    word_index.foresee(connection, [store.import_described(row.values, known) for row in rows])


def _enrol(
    connection: Connection, planned: Sequence[Planned], known: Known, now: datetime
) -> dict[str, object]:
    """Let the planned gateways speak for their lifts, beside those they speak for already.

    Answers what the journal shall tell of it.
    """
    speaking = {each.result.code: each for each in planned if each.gateway_id and each.values}
    if not speaking:
        return {}
    c = tables.lift.c
    ids = connection.execute(select(c.rescue_code, c.id).where(c.rescue_code.in_(speaking))).all()
    areas = {str(each.gateway_id): str(each.values["area"]) for each in speaking.values()}
    new = sorted(areas.keys() - known.gateways.keys())
    if new:
        connection.execute(
            insert(tables.gateway),
            [{"id": name, "area": areas[name], "enrolled_at": now} for name in new],
        )
    connection.execute(
        insert(tables.gateway_lift),
        [{"gateway_id": speaking[row.rescue_code].gateway_id, "lift_id": row.id} for row in ids],
    )
    return {"codes": sorted(areas), "lifts": len(ids)}
