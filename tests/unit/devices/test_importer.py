import contextlib
import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import journal
from core.clock import ManualClock
from core.db import Database
from core.errors import InvalidMessage
from core.journal import Actor, Subject
from devices import commands, importer, pace, queries
from devices.directory import load_directory, registry_version
from devices.lift_csv import HEADER, parse, template
from devices.model import Gateway, MaintenanceFirm
from devices.sheet import Outcome
from tests.support.databases import open_database

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
BY = Actor("account", "admin")
SAMPLE = dict(zip(HEADER, next(csv.reader(template().splitlines()[1:])), strict=True))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        yield opened


def lifts(*rows: dict[str, str], columns: tuple[str, ...] = HEADER) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore")
    writer.writeheader()
    for n, row in enumerate(rows):
        number = {"rescue_code": f"{200001 + n}", "registration_code": f"{10**19 + n}"}
        writer.writerow(SAMPLE | number | row)
    return out.getvalue().encode()


def test_the_template_itself_can_be_imported(database: Database) -> None:
    report = importer.apply(database, template().encode(), NOW, BY)
    assert [row.outcome for row in report.rows] == [Outcome.INSERTED]
    lift = database.read(lambda c: queries.lift_by_code(c, "990001"))
    assert lift.building == "示例大厦 2 单元"
    assert lift.position is not None
    assert lift.position.latitude == pytest.approx(34.7466)
    assert database.read(load_directory).lifts_of("SAMPLE-1") == (lift,)


def test_a_dry_run_tells_the_same_and_writes_nothing(database: Database) -> None:
    content = lifts({}, {"kind": "spaceship"})
    told = importer.dry_run(database, content)
    assert told.dry_run
    assert database.read(queries.counts).lifts == 0
    assert importer.apply(database, content, NOW, BY).rows == told.rows


def test_a_second_import_changes_nothing_and_journals_nothing(database: Database) -> None:
    importer.apply(database, lifts({}, {}), NOW, BY)
    version = database.read(registry_version)
    again = importer.apply(database, lifts({}, {}), NOW, BY)
    assert again.counts[Outcome.UNCHANGED] == 2
    assert database.read(registry_version) == version


def test_a_difference_names_field_before_and_after(database: Database) -> None:
    importer.apply(database, lifts({}), NOW, BY)
    changed = lifts({"max_floor": "30", "building": ""})
    (row,) = importer.dry_run(database, changed).rows
    assert row.outcome is Outcome.CHANGED
    assert [(c.field, c.before, c.after) for c in row.changes] == [
        ("building", "示例大厦 2 单元", ""),
        ("max_floor", 18, 30),
    ]
    importer.apply(database, changed, NOW, BY)
    assert database.read(lambda c: queries.lift_by_code(c, "200001")).max_floor == 30


def test_a_missing_optional_column_leaves_what_stands(database: Database) -> None:
    firm = MaintenanceFirm(0, "F1", "Sample Firm", "0000")
    kept = database.write(lambda c: commands.upsert_firm(c, firm, NOW, BY))
    importer.apply(database, lifts({"firm_code": "F1"}), NOW, BY)
    short = tuple(n for n in HEADER if n not in ("firm_code", "latitude", "longitude"))
    importer.apply(database, lifts({"address": "示例路 9 号"}, columns=short), NOW, BY)
    lift = database.read(lambda c: queries.lift_by_code(c, "200001"))
    assert (lift.address, lift.firm_id) == ("示例路 9 号", kept.id)
    assert lift.position is not None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"rescue_code": "12345"}, "rescue_code"),
        ({"rescue_code": ""}, "rescue_code"),
        ({"rescue_code": "１２３４５６"}, "rescue_code"),
        ({"registration_code": "3.01E+19"}, "registration_code"),
        ({"area": "zhengzhou"}, "area"),
        ({"district": "110105"}, "district"),
        ({"address": ""}, "address"),
        ({"address": "x" * 301}, "address"),
        ({"address": "a\nb"}, "address"),
        ({"latitude": "91"}, "latitude"),
        ({"latitude": "nan"}, "latitude"),
        ({"latitude": ""}, "latitude"),
        ({"longitude": "1e2"}, "longitude"),
        ({"kind": "rocket"}, "kind"),
        ({"place_type": "moon"}, "place_type"),
        ({"min_floor": "19"}, "max_floor"),
        ({"max_floor": "1_0"}, "max_floor"),
        ({"max_floor": "200"}, "max_floor"),
        ({"rated_speed_m_per_s": "0"}, "rated_speed_m_per_s"),
        ({"rated_load_kg": "1000.5"}, "rated_load_kg"),
        ({"firm_code": "nobody"}, "firm_code"),
        ({"use_unit_code": "nobody"}, "use_unit_code"),
        ({"gateway_id": "G 17"}, "gateway_id"),
        ({"gateway_id": "OTHER"}, "gateway_id"),
    ],
)
def test_a_wrong_row_is_refused_by_name_and_its_neighbours_are_kept(
    database: Database, wrong: dict[str, str], field: str
) -> None:
    other = Gateway("OTHER", "410200")
    database.write(lambda c: commands.enrol_gateway(c, other, NOW, BY))
    report = importer.apply(database, lifts({}, wrong, {}), NOW, BY)
    assert [row.outcome for row in report.rows] == [
        Outcome.INSERTED,
        Outcome.REFUSED,
        Outcome.INSERTED,
    ]
    (refused,) = report.refused
    assert (refused.line, refused.field) == (3, field)
    assert refused.reason
    assert refused.remedy
    assert database.read(queries.counts).lifts == 2


def test_a_second_row_of_a_lift_is_refused_with_the_first_ones_line(database: Database) -> None:
    report = importer.apply(database, lifts({}, {"rescue_code": "200001"}), NOW, BY)
    assert report.rows[1].reason == "line 2 has the same"


def test_a_registration_code_of_another_lift_is_refused(database: Database) -> None:
    importer.apply(database, lifts({}), NOW, BY)
    report = importer.apply(database, lifts({"rescue_code": "999999"}), NOW, BY)
    assert report.rows[0].field == "registration_code"
    assert "200001" in report.rows[0].reason


def test_lines_are_counted_as_an_editor_shows_them(database: Database) -> None:
    content = lifts({"building": "two\nlines"}, {"kind": "rocket"})
    assert [(row.line, row.field) for row in importer.dry_run(database, content).rows] == [
        (2, "building"),
        (4, "kind"),
    ]


def test_a_row_of_another_width_is_refused(database: Database) -> None:
    content = lifts({}) + b"990001,1\r\n\r\n"
    report = importer.dry_run(database, content)
    assert [(row.line, row.field) for row in report.refused] == [(3, "line")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_files_of_spreadsheets_are_read(encoding: str) -> None:
    content = lifts({"kind": "曳引式客梯", "place_type": "住宅"}).decode().encode(encoding)
    (row,) = parse(content).rows
    assert row.values["kind"] == "traction_passenger"
    assert row.values["building"] == "示例大厦 2 单元"


@pytest.mark.parametrize(
    ("header", "field"),
    [
        (b"rescue_code,rescue_code", "rescue_code"),
        (b"rescue_code,colour", "colour"),
        (template().splitlines()[0].replace("latitude,", "").encode(), "latitude"),
    ],
)
def test_a_file_that_is_none_is_refused_whole(header: bytes, field: str) -> None:
    with pytest.raises(InvalidMessage) as refused:
        parse(header)
    assert (refused.value.reason, refused.value.field) == ("bad_header", field)


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\r\n \r\n"])
def test_an_empty_file_is_told_in_plain_words(content: bytes) -> None:
    with pytest.raises(InvalidMessage, match=r"the file is empty: .*--template"):
        parse(content)


def test_everything_that_is_wrong_in_a_row_is_told_at_once(database: Database) -> None:
    wrong = {"kind": "rocket", "min_floor": "x", "district": "110105", "rescue_code": "1"}
    report = importer.dry_run(database, lifts(wrong))
    (row,) = report.rows
    assert {each.field for each in row.problems} == {"rescue_code", "kind", "min_floor", "district"}
    assert len(report.as_csv().splitlines()) == 1 + len(row.problems)
    unknown = {"firm_code": "nobody", "use_unit_code": "nobody"}
    (row,) = importer.dry_run(database, lifts(unknown)).rows
    assert [each.field for each in row.problems] == ["firm_code", "use_unit_code"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_chinese_headers_and_other_separators_are_understood(separator: str, encoding: str) -> None:
    words = {
        "识别码": "990001",
        "注册代码（20位）": "30104101002018110001",
        "城市代码": "410100",
        "区县代码": "410105",
        "地址": "示例路 1 号, 东侧; 北门",
        "品种": "曳引式客梯",
        "使用场所": "住宅",
        "最低层": "-1",
        "最高层": "18",
        "额定速度": "1.75",
        "额定载重量": "1000",
    }
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator)
    writer.writerows([words.keys(), words.values()])
    parsed = parse(out.getvalue().encode(encoding))
    assert parsed.refused == ()
    (row,) = parsed.rows
    assert row.code == "990001"
    assert row.values["address"] == "示例路 1 号, 东侧; 北门"


def test_a_city_goes_in_by_small_steps(database: Database) -> None:
    content = lifts(*({"gateway_id": f"G{n}"} for n in range(600)))
    report = importer.apply(database, content, NOW, BY, ManualClock(NOW))
    assert report.counts[Outcome.INSERTED] == 600
    chain = database.read(lambda c: journal.history(c, Subject("registry", "lift")))
    told = [e.entry.facts["inserted"] for e in chain]
    sizes = [len(codes) for codes in told if isinstance(codes, list)]
    assert sum(sizes) == 600
    assert sizes[:3] == [pace.FIRST, importer.LEAST, importer.LEAST * 3 // 2]
    assert max(sizes) <= pace.MOST
    assert database.read(queries.counts).gateways == 600


def test_several_lifts_share_a_new_gateway_and_a_later_one_joins(database: Database) -> None:
    importer.apply(database, lifts({}, {}), NOW, BY)
    assert len(database.read(load_directory).lifts_of("SAMPLE-1")) == 2
    late = {"rescue_code": "300001", "registration_code": "4" * 20}
    (row,) = importer.apply(database, lifts(late), NOW, BY).rows
    assert row.outcome is Outcome.INSERTED
    assert len(database.read(load_directory).lifts_of("SAMPLE-1")) == 3


def test_a_report_holds_no_formula_and_every_row(database: Database) -> None:
    report = importer.dry_run(database, lifts({"rescue_code": "=1+1"}, {}))
    rows = list(csv.reader(io.StringIO(report.as_csv())))
    assert [row[1] for row in rows] == ["rescue_code", "'=1+1", "200002"]


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(tail: bytes) -> None:
    with contextlib.suppress(InvalidMessage):
        assert all(row.reason and row.remedy for row in parse(lifts({}) + tail).refused)
