"""A sample province in a registry, without the way through files: quick, on either database."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice

from sqlalchemy import Connection, Table, insert, select

from devices import tables, word_index
from simulators import province
from simulators.province import Plan, Row

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
STEP = 500
_LIFT = [column.name for column in tables.lift.columns]


def put_ground(connection: Connection, plan: Plan) -> None:
    """Divisions, firms and use units."""
    divisions = [{**row, "parent": row["parent"] or None} for row in province.divisions(plan)]
    connection.execute(insert(tables.division), divisions)
    connection.execute(insert(tables.firm), [dict(row) for row in province.firms(plan)])
    connection.execute(insert(tables.use_unit), [dict(row) for row in province.use_units(plan)])


def steps(plan: Plan) -> Iterator[list[Row]]:
    """The lifts, some hundred at a time."""
    rows = iter(province.lifts(plan))
    while step := list(islice(rows, STEP)):
        yield step


def put_lifts(connection: Connection, rows: Sequence[Row], first: int) -> None:
    """Lifts with their papers and words; their ids begin at `first`."""
    firms, units = _ids(connection, tables.firm), _ids(connection, tables.use_unit)
    connection.execute(
        insert(tables.lift),
        [
            {name: value for name, value in row.items() if name in _LIFT}
            | {
                "id": n,
                "firm_id": firms[row["firm_code"]],
                "use_unit_id": units[row["use_unit_code"]],
                "created_at": NOW,
                "updated_at": NOW,
            }
            for n, row in enumerate(rows, first)
        ],
    )
    papers = [
        {"lift_id": n, "project": row["project"], "unit": row["unit"]}
        for n, row in enumerate(rows, first)
    ]
    connection.execute(insert(tables.lift_dossier), papers)
    word_index.index_lifts(connection, range(first, first + len(rows)))


def _ids(connection: Connection, table: Table) -> dict[object, int]:
    rows = connection.execute(select(table.c.code, table.c.id))
    return {row.code: row.id for row in rows}
