"""A province comes in whole or not at all, and goes on where it was killed."""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from core import journal
from core.clock import ManualClock
from core.db import Database
from core.errors import Conflict
from core.journal import Actor
from devices import queries
from devices.bulk import CHAIN, Bulk
from devices.directory import registry_version
from devices.lift_csv import LIFTS
from devices.sheet import Outcome
from tests.support.databases import open_database

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
BY = Actor("account", "admin")
SAMPLE = {column.name: column.sample for column in LIFTS.columns}


class KilledError(Exception):
    """Stands for the end of the process: nothing after it runs."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        yield opened


def file(rows: int, **changed: str) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, SAMPLE)
    writer.writeheader()
    for n in range(rows):
        number = {"rescue_code": f"{200001 + n}", "registration_code": f"{10**19 + n}"}
        writer.writerow(SAMPLE | number | {"address": f"示例路 {n} 号"} | changed)
    return out.getvalue().encode()


BAD = file(3) + file(1, rescue_code="12", registration_code="3" * 20).splitlines(keepends=True)[1]


def bulk(
    database: Database, folder: Path, progress: Callable[[str, int, int], None] | None = None
) -> Bulk:
    return Bulk(
        database=database,
        folder=folder / "imports",
        clock=ManualClock(NOW),
        actor=BY,
        progress=progress or (lambda _doing, _done, _all: None),
    )


def lifts(database: Database) -> int:
    return database.read(queries.counts).lifts


def test_a_dry_run_tells_the_difference_and_writes_nothing(
    database: Database, tmp_path: Path
) -> None:
    with bulk(database, tmp_path).run(file(3), dry=True) as done:
        assert done.counts[Outcome.INSERTED] == 3
        assert not done.applied
    assert lifts(database) == 0
    assert not list((tmp_path / "imports").iterdir())
    with bulk(database, tmp_path).run(file(3)) as done:
        assert done.applied
    with bulk(database, tmp_path).run(file(4, building="示例楼"), dry=True) as done:
        assert (done.counts[Outcome.INSERTED], done.counts[Outcome.CHANGED]) == (1, 3)
        first = next(done.rows())
        assert [(c.field, c.after) for c in first.changes] == [("building", "示例楼")]


def test_while_a_bad_row_stands_nothing_is_applied_unless_it_shall_be_skipped(
    database: Database, tmp_path: Path
) -> None:
    with bulk(database, tmp_path).run(BAD) as done:
        assert not done.applied
        assert done.counts[Outcome.REFUSED] == 1
        assert [row.field for row in done.rows() if row.outcome is Outcome.REFUSED] == [
            "rescue_code"
        ]
    assert lifts(database) == 0
    with bulk(database, tmp_path).run(BAD, skip_bad=True) as done:
        assert done.applied
        assert done.counts[Outcome.INSERTED] == 3
    assert lifts(database) == 3


def test_an_import_is_one_generation_and_switches_the_registry_once(
    database: Database, tmp_path: Path
) -> None:
    versions: list[int] = []

    def watch(doing: str, _done: int, _all: int) -> None:
        if doing == "applying":
            versions.append(database.read(registry_version))

    with bulk(database, tmp_path, watch).run(file(300)) as done:
        assert done.counts[Outcome.INSERTED] == 300
    assert len(versions) > 2
    assert set(versions) == {0}
    assert database.read(registry_version) > 0
    begun, *steps = database.read(lambda c: journal.history(c, CHAIN))
    assert {e.entry.facts["generation"] for e in steps} == {begun.id}
    assert [e.entry.facts["step"] for e in steps] == list(range(1, len(steps) + 1))


@pytest.mark.parametrize("noted", [True, False])
def test_a_killed_import_is_finished_by_the_same_file(
    database: Database, tmp_path: Path, *, noted: bool
) -> None:
    content = file(300)

    def killed(doing: str, done: int, _all: int) -> None:
        if noted and doing == "applying" and done > 100:
            raise KilledError

    class Dying(Bulk):
        """Dies between the commit of its second step and the note of it."""

        def _kept(self, steps, rows, part_of, before):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            results = super()._kept(steps, rows, part_of, before)
            first = noted or part_of["step"] < 2
            return results if first else results[:-1]  # the note asks for every row

    first = bulk(database, tmp_path, killed)
    dying = Dying(
        database=database, folder=first.folder, clock=first.clock, actor=BY, progress=killed
    )
    with pytest.raises((KilledError, ValueError)), dying.run(content):
        pass
    stood = lifts(database)
    assert 0 < stood < 300

    with bulk(database, tmp_path).run(content) as done:
        assert done.resumed
        assert done.counts[Outcome.INSERTED] == 300
        assert sum(1 for _ in done.rows()) == 300
    assert lifts(database) == 300
    assert not list((tmp_path / "imports").iterdir())
    _, *steps = database.read(lambda c: journal.history(c, CHAIN))
    told = [code for e in steps for code in cast("list[str]", e.entry.facts["inserted"])]
    assert len(told) == len(set(told)) == 300


def test_two_processes_do_not_import_the_same_file_at_once(
    database: Database, tmp_path: Path
) -> None:
    content = file(2)
    with bulk(database, tmp_path).run(content, dry=True):
        with pytest.raises(Conflict), bulk(database, tmp_path).run(content, dry=True):
            pass
        with bulk(database, tmp_path).run(file(3)) as other:
            assert other.applied
