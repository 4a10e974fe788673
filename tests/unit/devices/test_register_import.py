import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection

from core.db import Database
from core.errors import InvalidMessage
from core.journal import Actor
from devices import commands, lift_search, queries, register_import
from devices.directory import registry_version
from devices.model import UseUnit
from devices.search import LiftFilter
from devices.sheet import Outcome, Report
from tests.support.databases import open_database
from tests.support.registry import sample_lift

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
BY = Actor("account", "admin")
SHEETS = register_import.sheets()
ORDER = ("firms", "use_units", "stations", "lifts", "gateways", "kitchens", "cameras")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        yield opened


def bring(database: Database, kind: str, text: str, *, dry: bool = False) -> Report:
    return register_import.run(database, kind, text.encode(), NOW, BY, dry=dry)


def changed(kind: str, /, **cells: str) -> str:
    """The template with other cells."""
    header, sample = csv.reader(SHEETS[kind].template().splitlines())
    row = dict(zip(header, sample, strict=True)) | cells
    return ",".join(row) + "\n" + ",".join(f'"{cell}"' for cell in row.values())


def city(database: Database) -> None:
    for kind in ORDER:
        text = changed(kind, lifts="990001") if kind == "gateways" else SHEETS[kind].template()
        report = bring(database, kind, text)
        assert [row.outcome for row in report.rows if row.code != "SAMPLE-1"] == (
            [] if kind == "gateways" else [Outcome.INSERTED]
        )
        assert report.refused == ()


def test_every_template_can_be_imported_and_a_second_time_changes_nothing(
    database: Database,
) -> None:
    city(database)
    version = database.read(registry_version)
    counts = database.read(queries.counts)
    assert (counts.firms, counts.stations, counts.use_units) == (1, 1, 1)
    assert (counts.lifts, counts.gateways, counts.kitchens, counts.cameras) == (1, 1, 1, 1)
    for kind in ORDER:
        text = changed(kind, lifts="990001") if kind == "gateways" else SHEETS[kind].template()
        assert [row.outcome for row in bring(database, kind, text).rows] == [Outcome.UNCHANGED]
    assert database.read(registry_version) == version


def test_a_dry_run_tells_the_difference_and_writes_nothing(database: Database) -> None:
    city(database)
    text = changed("firms", name="示例二公司", phone_24h="0371-00000009")
    (row,) = bring(database, "firms", text, dry=True).rows
    assert row.outcome is Outcome.CHANGED
    assert [(c.field, c.after) for c in row.changes] == [
        ("name", "示例二公司"),
        ("phone_24h", "0371-00000009"),
    ]
    assert database.read(queries.firms)[0].name == "示例单位"


def test_a_missing_optional_column_leaves_what_stands(database: Database) -> None:
    city(database)
    bring(database, "firms", changed("firms", webhook_url="https://orders.example/in"))
    bring(database, "firms", "代码;名称;24小时电话\nF001;示例三公司;0371-00000003\n")
    (firm,) = database.read(queries.firms)
    assert (firm.name, firm.webhook_url) == ("示例三公司", "https://orders.example/in")


@pytest.mark.parametrize(
    ("kind", "cells", "fields"),
    [
        ("firms", {"phone_24h": "call me", "code": "F 1"}, ["code", "phone_24h"]),
        ("firms", {"webhook_url": "ftp://x"}, ["webhook_url"]),
        ("use_units", {"name": ""}, ["name"]),
        ("stations", {"latitude": "", "area": "1"}, ["area", "latitude"]),
        ("gateways", {"lifts": "990001 999999 999998"}, ["lifts", "lifts"]),
        ("gateways", {"lifts": "990001", "area": "410200"}, ["lifts"]),
        ("gateways", {"lifts": "12"}, ["lifts"]),
        ("gateways", {"lifts": "990001", "kitchen_code": "K0001"}, ["lifts"]),
        ("gateways", {"lifts": "999999", "kitchen_code": "K9"}, ["lifts"]),
        ("gateways", {"lifts": "", "kitchen_code": "K9"}, ["kitchen_code"]),
        ("kitchens", {"kind": "van", "opens": "25:00"}, ["kind", "opens"]),
        ("kitchens", {"closes": "07:00", "district": "110105"}, ["district", "closes"]),
        ("kitchens", {"published": "maybe"}, ["published"]),
        ("cameras", {"kitchen_code": "K9"}, ["kitchen_code"]),
        ("cameras", {"enabled": "perhaps", "camera_id": "K/1"}, ["camera_id", "enabled"]),
    ],
)
def test_a_wrong_row_is_told_whole_and_writes_nothing(
    database: Database, kind: str, cells: dict[str, str], fields: list[str]
) -> None:
    city(database)
    version = database.read(registry_version)
    (row,) = bring(database, kind, changed(kind, **cells)).rows
    assert [each.field for each in row.problems] == fields
    assert all(each.reason and each.remedy for each in row.problems)
    assert database.read(registry_version) == version


def test_a_cameras_address_is_told_to_nobody(database: Database) -> None:
    city(database)
    secret = "sample-password"
    told = [
        bring(database, "cameras", changed("cameras", source_url=f"rtsp://u:{secret}@192.0.2.9/1")),
        bring(database, "cameras", changed("cameras", source_url=f"http://u:{secret}@192.0.2.9/1")),
        bring(database, "cameras", changed("cameras", camera_id=f"rtsp://u:{secret}@192.0.2.9/1")),
        bring(database, "cameras", changed("cameras", label=f"rtsp://u:{secret}@h") + ",more"),
        bring(database, "cameras", changed("cameras", kitchen_code=f"rtsp://u:{secret}@h/1")),
        bring(database, "cameras", changed("cameras", published=f"rtsp://u:{secret}@h/1")),
    ]
    assert [report.rows[0].outcome for report in told] == [
        Outcome.CHANGED,
        *[Outcome.REFUSED] * 5,
    ]
    with pytest.raises(InvalidMessage) as headless:
        bring(database, "cameras", f"K1,K0001,x,rtsp,rtsp://u:{secret}@h/1,yes,yes")
    assert secret not in str(headless.value)
    with pytest.raises(InvalidMessage) as headless:
        bring(database, "cameras", f"rtsp://u:{secret}@h/1,K0001\n")
    assert secret not in str(headless.value)
    assert secret not in "".join(report.as_csv() + repr(report) for report in told)


def test_an_empty_file_is_told_in_plain_words(database: Database) -> None:
    with pytest.raises(InvalidMessage, match="the file is empty"):
        bring(database, "stations", "")


def test_a_use_unit_of_many_lifts_is_found_by_its_new_name_and_no_write_has_them_all(
    database: Database,
) -> None:
    def fill(connection: Connection) -> None:
        unit = commands.upsert_use_unit(connection, UseUnit(0, "U9", "春光物业", "", ""), NOW, BY)
        for n in range(1, 131):
            lift = replace(sample_lift(n, f"{300000 + n}"), use_unit_id=unit.id)
            commands.upsert_lift(connection, lift, NOW, BY)

    def found(name: str) -> int:
        asked = partial(lift_search.find, text=name, wanted=LiftFilter(), limit=200)
        return len(database.read(asked))

    database.write(fill)
    renamed = UseUnit(0, "U9", "天华物业", "", "")
    database.write(lambda c: commands.upsert_use_unit(c, renamed, NOW, BY))
    assert 0 < found("天华") < 100
    bring(database, "use_units", changed("use_units", code="U9", name="天华物业"))
    assert (found("天华"), found("春光")) == (100, 0)
