"""A lift's papers come and go with the file of lifts, and an export is read back unchanged."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import ManualClock
from core.db import Database
from core.journal import Actor
from devices import importer, lift_export, queries, register_queries
from devices.bulk import Bulk
from devices.lift_csv import LIFTS, parse
from devices.register_model import Dossier
from devices.sheet import Outcome, no_formula
from devices.sheet_files import lines
from hub import table_files
from hub.table_files import Format
from tests.support.databases import open_database

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
BY = Actor("account", "admin")
SAMPLE = {column.name: column.sample for column in LIFTS.columns}
PAPERS = {
    "project": "示例花园",
    "unit": "2单元",
    "brand": "=示例电梯",
    "installed_on": "2019-05-06",
    "stops": "18",
    "floor_names": "-1=B1; 1=G",
    "control_mode": "集选控制",
    "machine_room": "否",
    "roping_ratio": "2",
}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        yield opened


def file(*rows: dict[str, str], but: tuple[str, ...] = ()) -> bytes:
    out = io.StringIO()
    header = [name for name in SAMPLE if name not in but]
    writer = csv.DictWriter(out, header, extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        writer.writerow(SAMPLE | row)
    return out.getvalue().encode()


def dossier(database: Database) -> Dossier:
    lift = database.read(lambda c: queries.lift_by_code(c, "990001"))
    return database.read(lambda c: register_queries.dossier(c, lift.id))


def test_papers_and_technical_data_come_with_the_file(database: Database) -> None:
    assert importer.apply(database, file(PAPERS), NOW, BY).counts[Outcome.INSERTED] == 1
    kept = dossier(database)
    assert (kept.project, kept.brand, kept.stops) == ("示例花园", "=示例电梯", 18)
    assert kept.installed_on == date(2019, 5, 6)
    assert kept.floor_names == {-1: "B1", 1: "G"}
    told = {"control_mode": "collective", "machine_room": False, "roping_ratio": 2}
    assert kept.technical == told
    assert database.read(lambda c: queries.find_lifts(c, "示例花园")).total == 1
    assert importer.apply(database, file(PAPERS), NOW, BY).counts[Outcome.UNCHANGED] == 1


def test_a_missing_column_leaves_what_stands_and_an_empty_cell_clears_it(
    database: Database,
) -> None:
    importer.apply(database, file(PAPERS), NOW, BY)
    less = {"project": "示例家园", "roping_ratio": ""}
    (row,) = importer.apply(database, file(less, but=("brand", "floor_names")), NOW, BY).rows
    changed = {change.field for change in row.changes}
    assert {"project", "roping_ratio", "control_mode", "unit"} <= changed
    assert not {"brand", "floor_names"} & changed
    kept = dossier(database)
    assert (kept.project, kept.brand, kept.technical) == ("示例家园", "=示例电梯", {})
    assert kept.floor_names == {-1: "B1", 1: "G"}


def test_papers_that_come_later_are_added(database: Database) -> None:
    importer.apply(database, file({}), NOW, BY)
    assert dossier(database) == Dossier()
    importer.apply(database, file(PAPERS), NOW, BY)
    assert dossier(database).project == "示例花园"


def test_a_fact_that_its_kind_has_not_is_refused(database: Database) -> None:
    (row,) = importer.apply(database, file({"cylinders": "2"}), NOW, BY).rows
    assert (row.outcome, row.field) == (Outcome.REFUSED, "cylinders")
    hydraulic = {"cylinders": "2", "kind": "hydraulic_passenger"}
    (row,) = importer.apply(database, file(hydraulic), NOW, BY).rows
    assert row.outcome is Outcome.INSERTED


@pytest.mark.parametrize("form", [*Format])
def test_what_is_exported_changes_nothing_when_it_is_imported(
    database: Database, tmp_path: Path, form: Format
) -> None:
    importer.apply(database, file(PAPERS, OTHER), NOW, BY)
    out = tmp_path / f"lifts.{form}"
    assert table_files.write(out, lift_export.rows(database), form) == 2
    clock = ManualClock(NOW)
    bulk = Bulk(database=database, folder=tmp_path / "imports", clock=clock, actor=BY)
    with bulk.run(out.read_bytes(), dry=True) as done:
        assert [(row.changes, row.problems) for row in done.rows() if row.changes] == []
        assert done.counts[Outcome.UNCHANGED] == 2


OTHER = {
    "rescue_code": "990002",
    "registration_code": "3" * 20,
    "kind": "escalator",
    "building": "-1 层'南'",
    "address": "'=示例路 3 号",
    "angle_deg": "30",
    "public_transport": "是",
    "made_on": "2018-01-02",
}


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=9))
def test_no_formula_is_written_and_each_text_is_read_as_it_was(text: str) -> None:
    written = no_formula(text)
    assert written[:1] not in set("=+-@")
    content = f'code\n"{written.replace(chr(34), chr(34) * 2)}"\n'.encode()
    told = [cells for _, cells in lines(content, {"code"})][1:]
    assert told == ([[text]] if text.strip() else [])


def test_a_lift_without_a_firm_at_a_gateway_is_taken_and_told(database: Database) -> None:
    (row,) = importer.apply(database, file({}), NOW, BY).rows
    assert row.outcome is Outcome.INSERTED
    assert "SAMPLE-1" in row.reason
    assert not parse(file({})).refused
