"""Contracts as a list: who maintains which lift from when to when, narrowed, in parts.

Who may see what is a `Sight`, asked in the query: contracts of the lifts of a division or of a use
unit; a firm sees its own, never those of others before it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select

from core.errors import NotFound
from devices import register_store, tables
from devices.maintenance.queries import Sight, firm_names, named
from devices.model import Lift
from devices.register_model import Contract
from devices.store import to_lift

_C, _L = tables.contract.c, tables.lift.c
ORDERS: dict[str, tuple[ColumnElement[Any], ...]] = {  # Any: columns of different types
    "ends": (func.coalesce(_C.ends_on, date.max), _L.rescue_code, _C.id),
    "starts": (_C.starts_on, _L.rescue_code, _C.id),
    "code": (_L.rescue_code, _C.starts_on),
    "number": (_C.number, _C.id),
}


class ContractState(StrEnum):
    """Where a contract stands on a day."""

    IN_FORCE = "in_force"
    ENDING = "ending"  # in force, and ends by the day asked for
    TO_COME = "to_come"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFilter:
    """Which contracts; what is empty narrows nothing. `soon`: until when one ends soon."""

    sight: Sight
    today: date
    soon: date
    state: ContractState | None = None
    text: str = ""
    firm_id: int | None = None


@dataclass(frozen=True, slots=True)
class ContractRow:
    """A contract with its lift and its firm's name."""

    contract: Contract
    lift: Lift
    firm: str

    def state(self, today: date, soon: date) -> ContractState:
        """Where it stands."""
        ends = self.contract.ends_on
        if self.contract.starts_on > today:
            return ContractState.TO_COME
        if ends is not None and ends < today:
            return ContractState.ENDED
        ending = ends is not None and ends <= soon
        return ContractState.ENDING if ending else ContractState.IN_FORCE


def contract_ids(
    connection: Connection,
    wanted: ContractFilter,
    order: str = "ends",
    *,
    descending: bool = False,
    limit: int,
    offset: int = 0,
) -> list[int]:
    """Our ids of those contracts, in an order of ORDERS."""
    by = [each.desc() if descending else each.asc() for each in ORDERS[order]]
    asked = _asked(select(_C.id), wanted).order_by(*by).limit(limit).offset(offset)
    return list(connection.execute(asked).scalars())


def contract_count(connection: Connection, wanted: ContractFilter) -> int:
    """How many those are."""
    found: int = connection.execute(_asked(select(func.count()), wanted)).scalar_one()
    return found


def contract_rows(connection: Connection, ids: Collection[int]) -> list[ContractRow]:
    """Those contracts, in that order."""
    found = {
        row.id: register_store.to_contract(row)
        for row in connection.execute(select(tables.contract).where(_C.id.in_(ids)))
    }
    lift_ids = {each.lift_id for each in found.values()}
    lifts = {
        row.id: to_lift(row)
        for row in connection.execute(select(tables.lift).where(_L.id.in_(lift_ids)))
    }
    names = firm_names(connection, {each.firm_id for each in found.values()})
    return [
        ContractRow(found[each], lifts[found[each].lift_id], names[found[each].firm_id])
        for each in ids
        if each in found
    ]


def contract(connection: Connection, sight: Sight, contract_id: int) -> ContractRow:
    """One contract that the sight reaches; raises NotFound."""
    everything = ContractFilter(sight=sight, today=date.min, soon=date.min)
    asked = _asked(select(_C.id), everything).where(_C.id == contract_id)
    if connection.execute(asked).one_or_none() is None:
        raise NotFound("contract", str(contract_id))
    return contract_rows(connection, [contract_id])[0]


def of_lifts(connection: Connection, lift_ids: Sequence[int]) -> list[Contract]:
    """Every contract of those lifts, oldest first."""
    asked = select(tables.contract).where(_C.lift_id.in_(lift_ids)).order_by(_C.starts_on, _C.id)
    return [register_store.to_contract(row) for row in connection.execute(asked)]


def _asked(statement: Select[Any], wanted: ContractFilter) -> Select[Any]:  # Any: what is selected
    sight = wanted.sight
    clauses = Sight(within=sight.within, use_unit_id=sight.use_unit_id).lifts()
    if sight.firm_id is not None:
        clauses.append(_C.firm_id == sight.firm_id)
    if wanted.firm_id is not None:
        clauses.append(_C.firm_id == wanted.firm_id)
    begun = _C.starts_on <= wanted.today
    lasts = or_(_C.ends_on.is_(None), _C.ends_on >= wanted.today)
    match wanted.state:
        case ContractState.IN_FORCE:
            clauses += [begun, lasts]
        case ContractState.ENDING:
            clauses += [begun, _C.ends_on >= wanted.today, _C.ends_on <= wanted.soon]
        case ContractState.TO_COME:
            clauses.append(_C.starts_on > wanted.today)
        case ContractState.ENDED:
            clauses.append(_C.ends_on < wanted.today)
        case None:
            pass
    if wanted.text:
        clauses.append(or_(named(wanted.text), _C.number.startswith(wanted.text, autoescape=True)))
    return statement.select_from(tables.contract.join(tables.lift, _L.id == _C.lift_id)).where(
        *clauses
    )
