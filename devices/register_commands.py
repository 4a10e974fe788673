"""Changes to the register's papers, each with its journal entry under `Subject("registry", kind)`.

Every function works in the caller's transaction; what stands there already writes nothing. The
kinds journalled here are not those that a lift's telemetry or rescue must reload for, but for the
firm that a contract gives to a lift.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, Select, Table, delete, insert, or_, select, update

from core import journal
from core.errors import Conflict, InvalidMessage, NotFound
from core.journal import Actor, Entry, Subject
from devices import register_store, store, tables, technical, word_index
from devices.directory import REGISTRY
from devices.keeping import keep, keep_of, must_exist, record
from devices.maintenance import planning
from devices.model import LiftKind
from devices.register_model import (
    Contact,
    Contract,
    Delivery,
    Division,
    Dossier,
    Equipment,
    Inspection,
    OwnerKind,
    Team,
    Worker,
)

STEP = 500  # lifts that one transaction may move to another firm
_DAY = timedelta(days=1)
_OWNERS: dict[OwnerKind, Table] = {
    OwnerKind.LIFT: tables.lift,
    OwnerKind.FIRM: tables.firm,
    OwnerKind.USE_UNIT: tables.use_unit,
    OwnerKind.STATION: tables.station,
    OwnerKind.KITCHEN: tables.kitchen,
}


def upsert_division(
    connection: Connection, division: Division, now: datetime, actor: Actor
) -> Division:
    """Keep a division under its code; raises InvalidMessage for a parent that cannot be one."""
    code, parent = division.code, division.parent
    if parent is not None and (parent == code or not code.startswith(parent.rstrip("0"))):
        raise InvalidMessage("bad_field", f"{parent} does not hold {code}", field="parent")
    values = register_store.values_of(division)
    row = keep(connection, tables.division, "code", values, now, actor)
    return register_store.to_division(row)


def put_dossier(
    connection: Connection, lift_id: int, dossier: Dossier, now: datetime, actor: Actor
) -> Dossier:
    """Keep a lift's papers; raises InvalidMessage for technical data that its kind has not."""
    c = tables.lift.c
    lift = connection.execute(select(c.rescue_code, c.kind).where(c.id == lift_id)).one_or_none()
    if lift is None:
        raise NotFound("lift", str(lift_id))
    kept = replace(dossier, technical=technical.checked(LiftKind(lift.kind), dossier.technical))
    row = keep_of(
        connection,
        tables.lift_dossier,
        {"lift_id": lift_id},
        register_store.values_of(kept),
        now,
        actor,
        code=lift.rescue_code,
    )
    word_index.index_lifts(connection, [lift_id])
    return register_store.to_dossier(row)


def upsert_team(connection: Connection, team: Team, now: datetime, actor: Actor) -> Team:
    """Keep a team under its firm and code; answers it with its id."""
    must_exist(connection, tables.firm, team.firm_id, "firm")
    keys = {"firm_id": team.firm_id, "code": team.code}
    values: store.Values = {"name": team.name}
    row = keep_of(connection, tables.firm_team, keys, values, now, actor, code=team.code)
    return register_store.to_team(row)


def upsert_worker(connection: Connection, worker: Worker, now: datetime, actor: Actor) -> Worker:
    """Keep a worker under the firm and its number; raises Conflict for another firm's team."""
    must_exist(connection, tables.firm, worker.firm_id, "firm")
    if worker.team_id is not None:
        t = tables.firm_team.c
        firm = connection.execute(select(t.firm_id).where(t.id == worker.team_id)).scalar()
        if firm != worker.firm_id:
            raise Conflict("not_its_team", f"team {worker.team_id} is not the firm's")
    keys = {"firm_id": worker.firm_id, "code": worker.code}
    values = register_store.values_of(worker, but=("id", *keys))
    row = keep_of(connection, tables.firm_worker, keys, values, now, actor, code=worker.code)
    return register_store.to_worker(row)


def sign_contract(
    connection: Connection, contract: Contract, now: datetime, actor: Actor
) -> Contract:
    """Keep a contract under its lift and first day; answers it with its id.

    Raises InvalidMessage when it ends before it starts, Conflict("overlap") when another contract
    of the lift is in force on some of its days.
    """
    if contract.ends_on is not None and contract.ends_on < contract.starts_on:
        raise InvalidMessage("bad_field", "it ends before it starts", field="ends_on")
    must_exist(connection, tables.lift, contract.lift_id, "lift")
    must_exist(connection, tables.firm, contract.firm_id, "firm")
    c = tables.contract.c
    for row in connection.execute(
        select(tables.contract).where(
            c.lift_id == contract.lift_id, c.starts_on != contract.starts_on
        )
    ):
        other = register_store.to_contract(row)
        if contract.meets(other):
            raise Conflict("overlap", f"contract {other.number} is in force from {other.starts_on}")
    keys = {"lift_id": contract.lift_id, "starts_on": contract.starts_on}
    values = register_store.values_of(contract, but=("id", *keys))
    row = keep_of(connection, tables.contract, keys, values, now, actor, code=contract.number)
    return register_store.to_contract(row)


def hand_over(
    connection: Connection,
    lift_ids: Sequence[int],
    firm_id: int,
    on: date,
    number: str,
    now: datetime,
    actor: Actor,
) -> int:
    """Let another firm maintain these lifts (at most STEP) from the day `on`.

    The contract in force ends the day before; one that would begin later is refused with
    Conflict("overlap"). Answers how many were handed over; a lift that the firm has on that day
    already is none. Who is called changes when `settle_contracts` runs on the day.
    """
    if len(lift_ids) > STEP:
        raise InvalidMessage("too_many", f"at most {STEP} lifts at a time", field="lift_ids")
    must_exist(connection, tables.firm, firm_id, "firm")
    c = tables.contract.c
    running = {
        row.lift_id: register_store.to_contract(row)
        for row in connection.execute(
            select(tables.contract).where(
                c.lift_id.in_(lift_ids),
                c.starts_on <= on,
                or_(c.ends_on.is_(None), c.ends_on >= on),
            )
        )
    }
    done = 0
    for lift_id in dict.fromkeys(lift_ids):
        before = running.get(lift_id)
        if before is not None and before.firm_id == firm_id:
            continue
        if before is not None and before.starts_on == on:
            raise Conflict("overlap", f"contract {before.number} starts on that day")
        if before is not None:
            ended = replace(before, ends_on=on - _DAY)
            sign_contract(connection, ended, now, actor)
        sign_contract(connection, Contract(0, lift_id, firm_id, number, on), now, actor)
        done += 1
    return done


def end_contract(
    connection: Connection,
    contract_id: int,
    last: date,
    reason: str,
    now: datetime,
    actor: Actor,
    *,
    today: date,
) -> Contract:
    """Let a contract end with the day `last`; raises NotFound for no such contract.

    Raises InvalidMessage for a day that has gone, lies before its first day or after the last that
    it has, and without a reason. Who is called stays as it is until another contract begins.
    """
    row = connection.execute(
        select(tables.contract).where(tables.contract.c.id == contract_id)
    ).one_or_none()
    if row is None:
        raise NotFound("contract", str(contract_id))
    before = register_store.to_contract(row)
    if not reason.strip():
        raise InvalidMessage("reason_missing", "say why in words", field="reason")
    if last < max(today, before.starts_on) or (before.ends_on and last > before.ends_on):
        raise InvalidMessage("out_of_range", "choose a day that the contract has yet", field="last")
    ended = sign_contract(connection, replace(before, ends_on=last), now, actor)
    facts = {"code": before.number, "last": last.isoformat()}
    told = Entry(Subject(REGISTRY, "contract"), "contract.ended", actor, now, facts, reason=reason)
    journal.append(connection, told)
    return ended


def unsettled(connection: Connection, today: date, limit: int) -> Sequence[int]:
    """Lifts that are not with the firm whose contract is in force today, at most so many."""
    return [row.id for row in connection.execute(_unsettled(today).limit(limit))]


def settle_contracts(
    connection: Connection,
    today: date,
    now: datetime,
    actor: Actor,
    *,
    limit: int = STEP,
    among: Collection[int] | None = None,
) -> int:
    """Give lifts to the firm whose contract is in force today; answers how many moved.

    A lift without any contract in force keeps the firm it has: somebody must be called. Call it
    again while it answers `limit`. `among`: only these lifts, which costs no look at all others.
    """
    lift = tables.lift
    asked = _unsettled(today).limit(limit)
    due = connection.execute(asked if among is None else asked.where(lift.c.id.in_(among))).all()
    for row in due:
        connection.execute(
            update(lift).where(lift.c.id == row.id).values(firm_id=row.firm_id, updated_at=now)
        )
    if due:
        facts = {"changed": [row.rescue_code for row in due]}
        record(connection, "lift", facts, now, actor, verb="lifts.handed_over")
        word_index.index_lifts(connection, [row.id for row in due])
    return len(due)


def _unsettled(today: date) -> Select[tuple[int, str, int]]:
    lift, c = tables.lift, tables.contract.c
    return (
        select(lift.c.id, lift.c.rescue_code, c.firm_id)
        .join(lift, lift.c.id == c.lift_id)
        .where(
            c.starts_on <= today,
            or_(c.ends_on.is_(None), c.ends_on >= today),
            or_(lift.c.firm_id.is_(None), lift.c.firm_id != c.firm_id),
        )
        .order_by(lift.c.id)
    )


def keep_inspection(
    connection: Connection, inspection: Inspection, now: datetime, actor: Actor
) -> Inspection:
    """Keep an inspection under its report number; answers it with its id."""
    must_exist(connection, tables.lift, inspection.lift_id, "lift")
    values = register_store.values_of(inspection)
    row = keep(connection, tables.inspection, "report_number", values, now, actor)
    planning.wake(connection, [inspection.lift_id], now)  # its next check is another
    return register_store.to_inspection(row)


def set_equipment(
    connection: Connection,
    station_id: int,
    equipment: Collection[Equipment],
    now: datetime,
    actor: Actor,
) -> None:
    """A rescue station has exactly this."""
    must_exist(connection, tables.station, station_id, "station")
    rows = [register_store.values_of(each) | {"station_id": station_id} for each in equipment]
    _replace(connection, tables.station_equipment, {"station_id": station_id}, rows, now, actor)


def set_deliveries(
    connection: Connection,
    kitchen_id: int,
    deliveries: Collection[Delivery],
    now: datetime,
    actor: Actor,
) -> None:
    """A central kitchen delivers exactly this; raises Conflict for a kitchen of another kind."""
    k = tables.kitchen.c
    kind = connection.execute(select(k.kind).where(k.id == kitchen_id)).scalar_one_or_none()
    if kind is None:
        raise NotFound("kitchen", str(kitchen_id))
    if kind != "central_kitchen":
        raise Conflict("wrong_kind", "only a central kitchen delivers meals")
    rows = [register_store.values_of(each) | {"kitchen_id": kitchen_id} for each in deliveries]
    _replace(connection, tables.meal_delivery, {"kitchen_id": kitchen_id}, rows, now, actor)


def set_contacts(
    connection: Connection,
    owner: OwnerKind,
    owner_id: int,
    contacts: Collection[Contact],
    now: datetime,
    actor: Actor,
) -> None:
    """These are whom to call, and nobody else."""
    must_exist(connection, _OWNERS[owner], owner_id, owner)
    keys: dict[str, object] = {"owner_kind": str(owner), "owner_id": owner_id}
    rows = [register_store.values_of(each) | keys for each in contacts]
    _replace(connection, tables.contact, keys, rows, now, actor)


def _replace(
    connection: Connection,
    table: Table,
    keys: dict[str, object],
    rows: Iterable[store.Values],
    now: datetime,
    actor: Actor,
) -> None:
    """Let exactly `rows` stand under `keys`; the journal tells how many, not what."""
    wanted = list(rows)
    where = [table.c[name] == value for name, value in keys.items()]
    standing = [dict(row) for row in connection.execute(select(table).where(*where)).mappings()]

    def ordered(each: store.Values) -> list[str]:
        return [repr(each.get(column.name)) for column in table.columns]

    if sorted(map(ordered, standing)) == sorted(map(ordered, wanted)):
        return
    connection.execute(delete(table).where(*where))
    if wanted:
        connection.execute(insert(table), wanted)
    facts = {**keys, "rows": len(wanted)}
    record(connection, table.name, facts, now, actor, verb=f"{table.name}.set")
