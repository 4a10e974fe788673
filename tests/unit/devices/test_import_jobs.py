"""Uploaded files are tried before they are applied, and outlive the process that works on them."""

import io
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.datum import Datum
from core.db import Database
from core.errors import Conflict, NotFound
from core.journal import Actor
from devices import queries, register_import
from devices.import_jobs import LIFE, Job, JobEvent, Jobs, JobState
from devices.import_work import Importer
from devices.lift_csv import LIFTS
from tests.support.databases import open_database

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
BY = Actor("account", "admin", "192.0.2.7")
GOOD = LIFTS.template().encode()
BAD = GOOD + GOOD.splitlines(keepends=True)[1].replace(b"990001", b"12", 1)


class Desk:
    """Who uploads, and who does the work."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.clock = ManualClock(NOW)
        self.jobs = Jobs(folder / "jobs", self.clock)
        self.folder = folder

    @property
    def works(self) -> Importer:
        """A process that has just begun."""
        return Importer(self.jobs, self.database, self.folder, self.clock)

    def upload(self, content: bytes, kind: str = "lifts", datum: Datum = Datum.WGS84) -> str:
        return self.jobs.upload(kind, f"{kind}.csv", io.BytesIO(content), BY, datum)

    def tried(self, content: bytes, kind: str = "lifts", datum: Datum = Datum.WGS84) -> Job:
        job = self.upload(content, kind, datum)
        assert self.works.run_once() == 1
        return self.jobs.job(job)

    @property
    def lifts(self) -> int:
        return self.database.read(queries.counts).lifts


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_database(tmp_path) as database:
        yield Desk(database, tmp_path / "imports")


def test_a_file_is_tried_and_applied_once_somebody_says_so(desk: Desk) -> None:
    job = desk.tried(GOOD)
    assert (job.state, job.wanted, job.refused, desk.lifts) == (JobState.TRIED, 1, 0, 0)
    assert desk.works.run_once() == 0
    desk.jobs.ask(job.id, skip_bad=False)
    assert desk.works.run_once() == 1
    job = desk.jobs.job(job.id)
    assert (job.state, desk.lifts, job.asked_by) == (JobState.APPLIED, 1, "admin")
    report = desk.jobs.report(job.id)
    assert report is not None
    assert "990001,inserted" in report.read_text(encoding="utf-8-sig")
    assert [each.id for each in desk.jobs.newest()] == [job.id]
    assert not list((desk.folder / "jobs").glob("*.upload"))


@pytest.mark.parametrize("kind", sorted(register_import.sheets()))
def test_every_kind_is_imported_by_its_own_code(desk: Desk, kind: str) -> None:
    for each in register_import.sheets():  # what it refers to stands before it
        if each != kind:
            content = register_import.sheets()[each].template().encode()
            desk.jobs.ask(desk.tried(content, each).id, skip_bad=True)
            desk.works.run_once()
    job = desk.tried(register_import.sheets()[kind].template().encode(), kind)
    assert job.state is JobState.TRIED


def test_a_bad_row_keeps_the_whole_file_out_unless_it_is_skipped(desk: Desk) -> None:
    job = desk.tried(BAD)
    assert (job.wanted, job.refused) == (1, 1)
    desk.jobs.ask(job.id, skip_bad=False)
    desk.works.run_once()
    assert (desk.jobs.job(job.id).state, desk.lifts) == (JobState.TRIED, 0)
    desk.jobs.ask(job.id, skip_bad=True)
    desk.works.run_once()
    assert (desk.jobs.job(job.id).state, desk.lifts) == (JobState.APPLIED, 1)


def test_what_is_no_such_file_says_why(desk: Desk) -> None:
    job = desk.tried(b"colour,size\nred,7\n")
    assert job.state is JobState.UNREADABLE
    assert "colour" in job.why


def test_work_that_was_cut_short_is_done_by_the_next_process(desk: Desk) -> None:
    job, ended = desk.upload(GOOD), threading.Event()
    ended.set()
    assert desk.works.run_once(ended=ended) == 1
    assert desk.jobs.job(job).state is JobState.UPLOADED
    desk.works.run_once()
    assert desk.jobs.job(job).state is JobState.TRIED


def test_a_stopped_file_changes_nothing_more_and_can_go_on(desk: Desk) -> None:
    job = desk.tried(GOOD)
    desk.jobs.ask(job.id, skip_bad=False)
    desk.jobs.cancel(job.id)
    assert desk.works.run_once() == 0
    assert desk.lifts == 0
    desk.jobs.ask(job.id, skip_bad=False)
    desk.works.run_once()
    assert desk.lifts == 1


def test_coordinates_of_another_datum_are_told_for_the_whole_file(desk: Desk) -> None:
    columns = [name for name in LIFTS.header if name != "datum"]
    sample = {column.name: column.sample for column in LIFTS.columns}
    content = "\n".join([",".join(columns), ",".join(sample[name] for name in columns)])
    desk.jobs.ask(desk.tried(content.encode(), datum=Datum.GCJ02).id, skip_bad=False)
    desk.works.run_once()
    lift = desk.database.read(lambda c: queries.lift_by_code(c, "990001"))
    assert lift.position is not None
    assert lift.position.latitude != pytest.approx(34.7466, abs=1e-4)
    assert lift.position.latitude == pytest.approx(34.7466, abs=1e-2)


def test_only_a_kind_that_is_known_and_a_file_that_is_not_too_large_are_kept(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.upload(GOOD, "dragons")
    desk.jobs = Jobs(desk.folder / "jobs", desk.clock, largest=10)
    with pytest.raises(Conflict):
        desk.upload(GOOD)
    assert desk.jobs.newest() == []


@pytest.mark.parametrize("state", [*JobState])
@pytest.mark.parametrize("event", [*JobEvent])
def test_every_cell_of_its_life_leads_somewhere_or_is_refused(
    state: JobState, event: JobEvent
) -> None:
    if event in LIFE.allowed(state):
        assert LIFE.next_state(state, event) in JobState
    else:
        with pytest.raises(Conflict):
            LIFE.next_state(state, event)
