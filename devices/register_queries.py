"""Questions to the register's papers; every one takes an open connection."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, or_, select

from devices import register_store, tables
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


@dataclass(frozen=True, slots=True)
class Divisions:
    """Every division by its code; `name` answers words for people."""

    by_code: Mapping[str, Division]

    def name(self, code: str, locale: str = "zh") -> str:
        """The name in that language, else the Chinese one, else the code itself."""
        found = self.by_code.get(code)
        if found is None:
            return code
        return (found.name_en if locale.startswith("en") else "") or found.name_zh

    def path(self, code: str, locale: str = "zh") -> tuple[str, ...]:
        """The names from the province down to that division."""
        found = self.by_code.get(code)
        above = found.parent if found else None
        before = self.path(above, locale) if above and above != code else ()
        return (*before, self.name(code, locale))

    def below(self, code: str) -> tuple[Division, ...]:
        """What lies directly in that division, by code."""
        held = (each for each in self.by_code.values() if each.parent == code)
        return tuple(sorted(held, key=lambda each: each.code))


def divisions(connection: Connection) -> Divisions:
    """Every administrative division; some 3,000 in a whole country."""
    rows = connection.execute(select(tables.division).order_by(tables.division.c.code))
    return Divisions({row.code: register_store.to_division(row) for row in rows})


def dossier(connection: Connection, lift_id: int) -> Dossier:
    """A lift's papers; empty ones where nobody has handed any in."""
    t = tables.lift_dossier
    row = connection.execute(select(t).where(t.c.lift_id == lift_id)).one_or_none()
    return Dossier() if row is None else register_store.to_dossier(row)


def dossiers(connection: Connection, lift_ids: Collection[int]) -> dict[int, Dossier]:
    """The papers of those lifts, by our id; a lift without any is left out."""
    t = tables.lift_dossier
    rows = connection.execute(select(t).where(t.c.lift_id.in_(lift_ids)))
    return {row.lift_id: register_store.to_dossier(row) for row in rows}


def teams(connection: Connection, firm_id: int) -> tuple[Team, ...]:
    """A firm's teams, by code."""
    t = tables.firm_team
    rows = connection.execute(select(t).where(t.c.firm_id == firm_id).order_by(t.c.code))
    return tuple(map(register_store.to_team, rows))


def workers(connection: Connection, firm_id: int) -> tuple[Worker, ...]:
    """Everybody who is or was with a firm, by number."""
    t = tables.firm_worker
    rows = connection.execute(select(t).where(t.c.firm_id == firm_id).order_by(t.c.code))
    return tuple(map(register_store.to_worker, rows))


def certificates_until(
    connection: Connection, until: date, firm_id: int | None = None
) -> tuple[Worker, ...]:
    """Workers still with their firm whose certificate ends by that day, soonest first."""
    c = tables.firm_worker.c
    wanted = select(tables.firm_worker).where(c.certificate_until <= until, c.left_on.is_(None))
    if firm_id is not None:
        wanted = wanted.where(c.firm_id == firm_id)
    rows = connection.execute(wanted.order_by(c.certificate_until, c.firm_id, c.code))
    return tuple(map(register_store.to_worker, rows))


def contracts(connection: Connection, lift_id: int) -> tuple[Contract, ...]:
    """A lift's contracts, oldest first."""
    t = tables.contract
    rows = connection.execute(select(t).where(t.c.lift_id == lift_id).order_by(t.c.starts_on))
    return tuple(map(register_store.to_contract, rows))


def contracts_of(connection: Connection, lift_ids: Collection[int]) -> Mapping[int, list[Contract]]:
    """The contracts of those lifts, by our id; a lift without any is left out."""
    t = tables.contract
    found: dict[int, list[Contract]] = {}
    for row in connection.execute(select(t).where(t.c.lift_id.in_(lift_ids))):
        found.setdefault(row.lift_id, []).append(register_store.to_contract(row))
    return found


def firm_on(connection: Connection, lift_id: int, day: date) -> int | None:
    """Our id of the firm that a contract gives the lift to on that day; None without one."""
    c = tables.contract.c
    return connection.execute(
        select(c.firm_id).where(
            c.lift_id == lift_id,
            c.starts_on <= day,
            or_(c.ends_on.is_(None), c.ends_on >= day),
        )
    ).scalar_one_or_none()


def contracts_until(
    connection: Connection, until: date, firm_id: int | None = None
) -> tuple[Contract, ...]:
    """Contracts that end by that day, soonest first."""
    c = tables.contract.c
    wanted = select(tables.contract).where(c.ends_on <= until)
    if firm_id is not None:
        wanted = wanted.where(c.firm_id == firm_id)
    rows = connection.execute(wanted.order_by(c.ends_on, c.lift_id))
    return tuple(map(register_store.to_contract, rows))


def inspections(connection: Connection, lift_id: int) -> tuple[Inspection, ...]:
    """A lift's inspections and tests, newest first."""
    t = tables.inspection
    rows = connection.execute(
        select(t).where(t.c.lift_id == lift_id).order_by(t.c.done_on.desc(), t.c.id.desc())
    )
    return tuple(map(register_store.to_inspection, rows))


def equipment(connection: Connection, station_id: int) -> tuple[Equipment, ...]:
    """What a rescue station has, by name."""
    t = tables.station_equipment
    rows = connection.execute(select(t).where(t.c.station_id == station_id).order_by(t.c.name))
    return tuple(map(register_store.to_equipment, rows))


def deliveries(connection: Connection, kitchen_id: int) -> tuple[Delivery, ...]:
    """What a central kitchen delivers, by the time of day."""
    t = tables.meal_delivery
    rows = connection.execute(
        select(t).where(t.c.kitchen_id == kitchen_id).order_by(t.c.leaves_at, t.c.recipient)
    )
    return tuple(map(register_store.to_delivery, rows))


def contacts(connection: Connection, owner: OwnerKind, owner_id: int) -> tuple[Contact, ...]:
    """Whom to call for what, by role."""
    t = tables.contact
    rows = connection.execute(
        select(t)
        .where(t.c.owner_kind == str(owner), t.c.owner_id == owner_id)
        .order_by(t.c.role, t.c.phone)
    )
    return tuple(map(register_store.to_contact, rows))
