"""Workbooks are read as people read them, and coordinates as their map means them."""

import io
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import xlsxwriter
from sqlalchemy import select

from core.datum import Datum, from_wgs84
from core.db import Database
from core.errors import InvalidMessage
from core.geo import Position
from core.journal import Actor
from devices import importer, queries, register_sheets, tables
from devices.lift_csv import LIFTS, parse
from devices.sheet import Outcome
from tests.support.databases import open_database

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
BY = Actor("account", "admin")
SAMPLE = {column.name: column.sample for column in LIFTS.columns}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        yield opened


def workbook(*rows: Sequence[object], above: int = 0) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for n, row in enumerate(rows, above):
            for column, cell in enumerate(row):
                if isinstance(cell, date):
                    sheet.write_datetime(n, column, cell, day)
                elif isinstance(cell, str):
                    sheet.write_string(n, column, cell)
                else:
                    sheet.write(n, column, cell)
    return out.getvalue()


def test_a_workbook_is_read_like_the_same_csv_file(database: Database) -> None:
    header, row = list(SAMPLE), list(SAMPLE.values())
    numbers = [
        int(c) if n in {"min_floor", "max_floor", "rated_load_kg"} else c for n, c in SAMPLE.items()
    ]
    for cells in (row, numbers):
        (read,) = parse(workbook(header, cells)).rows
        assert read.values == parse(LIFTS.template().encode()).rows[0].values
    report = importer.apply(database, workbook(header, row), NOW, BY)
    assert report.counts[Outcome.INSERTED] == 1


def test_lines_are_told_as_the_spreadsheet_numbers_them() -> None:
    header, row = list(SAMPLE), list(SAMPLE.values())
    wrong = ["12" if name == "rescue_code" else cell for name, cell in SAMPLE.items()]
    parsed = parse(workbook(header, row, [""] * len(row), wrong, above=3))
    assert [each.line for each in parsed.rows] == [5]
    assert [each.line for each in parsed.refused] == [7]


def test_a_long_code_that_became_a_number_is_refused_and_not_guessed() -> None:
    row = [float(c) if n == "registration_code" else c for n, c in SAMPLE.items()]
    (refused,) = parse(workbook(list(SAMPLE), row)).refused
    assert refused.field == "registration_code"
    assert "text" in refused.remedy


def test_dates_and_yes_are_cells_of_their_own_kind() -> None:
    sheet = register_sheets.KITCHENS
    sample: dict[str, object] = {c.name: c.sample for c in sheet.columns}
    sample |= {"published": True, "licence_until": date(2027, 5, 1)}
    (row,) = sheet.parse(workbook(list(sample), list(sample.values()))).rows
    assert row.values["published"] is True
    assert row.values["licence_until"] == date(2027, 5, 1)


@pytest.mark.parametrize("content", [b"PK\x03\x04 no workbook", workbook()])
def test_what_is_no_workbook_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(InvalidMessage):
        parse(content)


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
def test_coordinates_are_kept_in_wgs84_with_their_origin(database: Database, datum: Datum) -> None:
    there = Position(34.7466, 113.6254)
    shown = from_wgs84(there, datum)

    def file(latitude: float, longitude: float, origin: str) -> bytes:
        told = {"latitude": f"{latitude:.9f}", "longitude": f"{longitude:.9f}", "datum": origin}
        rows = SAMPLE | told
        header = [name for name in rows if origin or name != "datum"]
        return workbook(header, [rows[name] for name in header])

    def origin() -> str | None:
        return database.read(
            lambda c: c.execute(select(tables.lift_dossier.c.coordinate_origin)).scalar()
        )

    content = file(shown.latitude, shown.longitude, str(datum))
    importer.apply(database, content, NOW, BY)
    lift = database.read(lambda c: queries.lift_by_code(c, SAMPLE["rescue_code"]))
    assert lift.position is not None
    assert lift.position.latitude == pytest.approx(there.latitude, abs=1e-6)
    assert lift.position.longitude == pytest.approx(there.longitude, abs=1e-6)
    assert origin() == str(datum)
    assert importer.dry_run(database, content).counts[Outcome.UNCHANGED] == 1

    (moved,) = importer.apply(database, file(34.75, 113.63, ""), NOW, BY).rows
    assert {change.field for change in moved.changes} == {"latitude", "longitude", "datum"}
    assert origin() == "wgs84"


def test_a_map_that_we_do_not_know_is_refused() -> None:
    (refused,) = parse(workbook(list(SAMPLE), list((SAMPLE | {"datum": "mars"}).values()))).refused
    assert refused.field == "datum"
