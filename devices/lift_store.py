"""Lifts as files have them: what the registry holds of them, and the rows that files become."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, Table, func, select

from core.datum import Datum
from core.geo import Position
from devices import lift_papers, tables
from devices.cells import Value
from devices.lift_csv import HEADER
from devices.lift_plan import Known, Standing
from devices.sheet import SheetRow
from devices.store import AnyRow, gateways
from devices.words import Described

OWN = tuple(name for name in HEADER if name in tables.lift.c)  # the columns of `lift` in a file
COLUMNS = (*OWN, "firm_id", "use_unit_id")
_PAPER = {name: f"paper_{name}" for name in lift_papers.COLUMNS}


@cache
def whole() -> Select[Any]:
    """Every lift with the codes of its firm and use unit, its datum and its papers."""
    lift, firm, unit, papers = tables.lift, tables.firm, tables.use_unit, tables.lift_dossier
    return (
        select(
            lift,
            firm.c.code.label("firm_code"),
            unit.c.code.label("use_unit_code"),
            papers.c.lift_id.label("paper_of"),
            func.coalesce(papers.c.coordinate_origin, str(Datum.WGS84)).label("datum"),
            *(papers.c[name].label(label) for name, label in _PAPER.items()),
        )
        .outerjoin(papers, papers.c.lift_id == lift.c.id)
        .outerjoin(firm, firm.c.id == lift.c.firm_id)
        .outerjoin(unit, unit.c.id == lift.c.use_unit_id)
    )


def in_columns(row: AnyRow) -> dict[str, Value]:
    """A row of `whole` in the file's columns, but for its gateway."""
    told: dict[str, Value] = {name: getattr(row, name) for name in OWN}
    told |= {"datum": row.datum, "firm_code": row.firm_code, "use_unit_code": row.use_unit_code}
    papers = None
    if row.paper_of is not None:
        papers = {name: getattr(row, label) for name, label in _PAPER.items()}
    return {**told, **lift_papers.standing(papers)}


def known(connection: Connection, rows: Sequence[SheetRow]) -> Known:
    """What the registry holds of everything that `rows` (at most a step of them) name."""
    lift = tables.lift
    standing = connection.execute(
        whole().where(lift.c.rescue_code.in_(_named(rows, "rescue_code")))
    ).all()
    registered = connection.execute(
        select(lift.c.registration_code, lift.c.rescue_code).where(
            lift.c.registration_code.in_(_named(rows, "registration_code"))
        )
    ).all()
    names = sorted(map(str, _named(rows, "gateway_id")))
    named_so = codes_of(connection, rows)
    return replace(
        named_so,
        lifts={
            row.rescue_code: Standing(row.id, in_columns(row), row.paper_of is not None)
            for row in standing
        },
        registered={row.registration_code: row.rescue_code for row in registered},
        firms={**named_so.firms}
        | {row.firm_code: row.firm_id for row in standing if row.firm_code},
        use_units={**named_so.use_units}
        | {row.use_unit_code: row.use_unit_id for row in standing if row.use_unit_code},
        gateways={each.id: each for each in gateways(connection, names)} if names else {},
    )


def codes_of(connection: Connection, rows: Sequence[SheetRow]) -> Known:
    """The firms and use units alone that `rows` name."""

    def named(table: Table, column: str) -> list[AnyRow]:
        codes = _named(rows, column)
        if not codes:
            return []
        c = table.c
        return list(connection.execute(select(c.code, c.id, c.name).where(c.code.in_(codes))))

    units = named(tables.use_unit, "use_unit_code")
    return Known(
        firms={row.code: row.id for row in named(tables.firm, "firm_code")},
        use_units={row.code: row.id for row in units},
        unit_names={row.code: row.name for row in units},
    )


def _named(rows: Sequence[SheetRow], column: str) -> set[Value]:
    found = {row.values.get(column) for row in rows}
    found.discard(None)
    return found


def import_row(values: Mapping[str, Value], known: Known) -> tuple[Value, ...]:
    """A planned lift in the order of COLUMNS."""
    firm, unit = values["firm_code"], values["use_unit_code"]
    return (
        *(values[name] for name in OWN),
        None if firm is None else known.firms[str(firm)],
        None if unit is None else known.use_units[str(unit)],
    )


def import_described(values: Mapping[str, Value], known: Known) -> Described:
    """What a lift that a file brings anew is found by."""
    firm, unit = values.get("firm_code"), values.get("use_unit_code")
    latitude, longitude = values.get("latitude"), values.get("longitude")
    placed = isinstance(latitude, float) and isinstance(longitude, float)
    return Described(
        rescue_code=str(values["rescue_code"]),
        area=str(values["area"]),
        district=str(values["district"]),
        address=str(values["address"]),
        building=str(values.get("building") or ""),
        project=str(values.get("project") or ""),
        unit=str(values.get("unit") or ""),
        use_unit=known.unit_names.get(str(unit), ""),
        kind=str(values["kind"]),
        place_type=str(values["place_type"]),
        firm_id=known.firms.get(str(firm)),
        use_unit_id=known.use_units.get(str(unit)),
        position=Position(latitude, longitude) if placed else None,  # type: ignore[arg-type]
    )
