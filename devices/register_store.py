"""Rows to the register's papers and back. Takes an open connection and never commits."""

from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Any

from core.datum import Datum
from devices.register_model import (
    Contact,
    ContactRole,
    Contract,
    Delivery,
    Division,
    Dossier,
    Equipment,
    Inspection,
    InspectionKind,
    InspectionResult,
    Team,
    Worker,
)
from devices.store import AnyRow, Values


def values_of(thing: object, *, but: tuple[str, ...] = ("id",)) -> Values:
    """The columns of a value of devices.register_model, which are named as its fields."""
    return {
        each.name: _plain(getattr(thing, each.name))
        for each in fields(thing)  # type: ignore[arg-type]  # all of them are dataclasses
        if each.name not in but
    }


def _plain(value: object) -> object:
    match value:
        case StrEnum():
            return str(value)
        case Mapping():
            return {str(name): each for name, each in value.items()}
        case _:
            return value


def _of(row: AnyRow, kind: type[object]) -> dict[str, Any]:  # Any: the fields' own types
    return {each.name: getattr(row, each.name) for each in fields(kind)}  # type: ignore[arg-type]


def to_division(row: AnyRow) -> Division:
    """A row of `division`."""
    return Division(**_of(row, Division))


def to_dossier(row: AnyRow) -> Dossier:
    """A row of `lift_dossier`."""
    told = _of(row, Dossier)
    told["floor_names"] = {int(floor): name for floor, name in row.floor_names.items()}
    told["coordinate_origin"] = Datum(row.coordinate_origin)
    return Dossier(**told)


def to_team(row: AnyRow) -> Team:
    """A row of `firm_team`."""
    return Team(**_of(row, Team))


def to_worker(row: AnyRow) -> Worker:
    """A row of `firm_worker`."""
    return Worker(**_of(row, Worker))


def to_contract(row: AnyRow) -> Contract:
    """A row of `contract`."""
    return Contract(**_of(row, Contract))


def to_equipment(row: AnyRow) -> Equipment:
    """A row of `station_equipment`."""
    return Equipment(**_of(row, Equipment))


def to_inspection(row: AnyRow) -> Inspection:
    """A row of `inspection`."""
    told = _of(row, Inspection)
    told |= {"kind": InspectionKind(row.kind), "result": InspectionResult(row.result)}
    return Inspection(**told)


def to_delivery(row: AnyRow) -> Delivery:
    """A row of `meal_delivery`."""
    return Delivery(**_of(row, Delivery))


def to_contact(row: AnyRow) -> Contact:
    """A row of `contact`."""
    return Contact(ContactRole(row.role), row.name, row.phone)
