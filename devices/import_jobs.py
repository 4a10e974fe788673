"""Files that people upload to be imported, and how far each of them is.

A job is a row in a file of its own, never in the database that a rescue writes, with the uploaded
file and the report beside it. Pages ask `Jobs`; devices.import_work does what waits.
"""

import csv
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from core.clock import Clock
from core.datum import Datum
from core.errors import Conflict, NotFound
from core.ids import sortable_key
from core.journal import Actor
from core.lifecycle import LifeCycle
from devices import register_import
from devices.sheet import Outcome, RowResult, report_lines

LARGEST = 128 * 1024 * 1024  # bytes of one file; 200,000 lifts with all their papers are some 60 MB
SHOWN = 50  # rows of a report that a page shows
KEPT = 200  # jobs of the past that are told
_CHUNK = 1 << 20
_SCHEMA = """
CREATE TABLE IF NOT EXISTS job (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL,
    datum TEXT NOT NULL, asked_by TEXT NOT NULL, asked_from TEXT NOT NULL, asked_at TEXT NOT NULL,
    state TEXT NOT NULL, skip_bad INTEGER NOT NULL DEFAULT 0, doing TEXT NOT NULL DEFAULT '',
    done INTEGER NOT NULL DEFAULT 0, whole INTEGER NOT NULL DEFAULT 0, counts TEXT NOT NULL,
    why TEXT NOT NULL DEFAULT '', ended_at TEXT
) STRICT;
"""


class JobState(StrEnum):
    """How far a file is."""

    UPLOADED = "uploaded"  # waits to be tried
    TRIED = "tried"  # what it would do is known; somebody has to say so
    ASKED = "asked"  # waits to be applied
    APPLIED = "applied"
    UNREADABLE = "unreadable"  # no such file, or it could not be finished; `why` says more
    CANCELLED = "cancelled"


class JobEvent(StrEnum):
    """What may happen to a job."""

    TRY = "try"
    ASK = "ask"
    APPLY = "apply"
    FAIL = "fail"
    CANCEL = "cancel"


LIFE = LifeCycle(
    "import",
    JobState.UPLOADED,
    {
        JobState.UPLOADED: {
            JobEvent.TRY: JobState.TRIED,
            JobEvent.FAIL: JobState.UNREADABLE,
            JobEvent.CANCEL: JobState.CANCELLED,
        },
        JobState.TRIED: {JobEvent.ASK: JobState.ASKED, JobEvent.CANCEL: JobState.CANCELLED},
        JobState.ASKED: {
            JobEvent.APPLY: JobState.APPLIED,
            JobEvent.TRY: JobState.TRIED,  # a bad row stands by now: nothing was applied
            JobEvent.FAIL: JobState.UNREADABLE,
            JobEvent.CANCEL: JobState.CANCELLED,
        },
        JobState.APPLIED: {},
        JobState.UNREADABLE: {JobEvent.ASK: JobState.ASKED},  # once what was in its way is gone
        JobState.CANCELLED: {JobEvent.ASK: JobState.ASKED},  # goes on where it was
    },
)
WAITING = (JobState.UPLOADED, JobState.ASKED)


@dataclass(frozen=True, slots=True)
class Job:
    """A file that somebody uploaded, and how far it is."""

    id: str
    kind: str
    name: str
    size: int
    datum: Datum
    asked_by: str
    asked_from: str
    asked_at: datetime
    state: JobState
    skip_bad: bool
    doing: str
    done: int
    whole: int
    counts: Mapping[Outcome, int]
    why: str
    ended_at: datetime | None

    @property
    def refused(self) -> int:
        """How many rows are bad."""
        return self.counts.get(Outcome.REFUSED, 0)

    @property
    def wanted(self) -> int:
        """How many rows change something."""
        return self.counts.get(Outcome.INSERTED, 0) + self.counts.get(Outcome.CHANGED, 0)

    @property
    def waits(self) -> bool:
        """Whether it is being worked on, or will be."""
        return self.state in WAITING


class Jobs:
    """The jobs of one folder; every call opens their file for itself, so any thread may ask."""

    def __init__(self, folder: Path, clock: Clock, *, largest: int = LARGEST) -> None:
        self._folder = folder
        self._largest = largest
        self._clock = clock

    def upload(
        self, kind: str, name: str, content: BinaryIO, actor: Actor, datum: Datum = Datum.WGS84
    ) -> str:
        """Keep a file to be tried; answers its job's id.

        Raises NotFound for an unknown kind, Conflict("too_large") for too many bytes.
        """
        if kind not in register_import.sheets():
            raise NotFound("kind of file", kind)
        now, job = self._clock.now(), sortable_key(self._clock.now())
        with self._open() as file:
            size = self._copy(content, self._content(job))
            file.execute(
                "INSERT INTO job (id, kind, name, size, datum, asked_by, asked_from, asked_at,"
                " state, counts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '{}')",
                (
                    *(job, kind, name[-200:], size, str(datum), actor.id, actor.address),
                    *(now.isoformat(), str(JobState.UPLOADED)),
                ),
            )
            self._forget(file)
        return job

    def job(self, job_id: str) -> Job:
        """One job; raises NotFound."""
        with self._open() as file:
            row = file.execute("SELECT * FROM job WHERE id = ?", (job_id,)).fetchone()
        if row is None:
            raise NotFound("import", job_id)
        return _job(row)

    def newest(self) -> list[Job]:
        """All that are told, the newest first."""
        with self._open() as file:
            return [_job(row) for row in file.execute("SELECT * FROM job ORDER BY id DESC")]

    def waiting(self) -> Job | None:
        """What is to be done next."""
        with self._open() as file:
            row = file.execute(
                "SELECT * FROM job WHERE state IN (?, ?) ORDER BY id LIMIT 1", WAITING
            ).fetchone()
        return _job(row) if row else None

    def ask(self, job_id: str, *, skip_bad: bool) -> None:
        """Let it be applied; raises Conflict("wrong_state") where it cannot be."""
        self.move(job_id, JobEvent.ASK, skip_bad=int(skip_bad), doing="", done=0, whole=0, why="")

    def cancel(self, job_id: str) -> None:
        """Stop it, or never begin; what is applied stays. Raises Conflict("wrong_state")."""
        self.move(job_id, JobEvent.CANCEL, ended_at=self._clock.now().isoformat())

    def move(self, job_id: str, event: JobEvent, **values: object) -> None:
        """Take a step of a job's life, with what is to be noted; raises Conflict, NotFound."""
        with self._open() as file:
            file.execute("BEGIN IMMEDIATE")
            row = file.execute("SELECT state FROM job WHERE id = ?", (job_id,)).fetchone()
            if row is None:
                raise NotFound("import", job_id)
            state = LIFE.next_state(JobState(row["state"]), event)
            self._set(file, job_id, {"state": str(state), **values})
            file.execute("COMMIT")

    def note(self, job_id: str, doing: str, done: int, whole: int) -> JobState:
        """Say how far it is; answers its state, which somebody may have changed."""
        with self._open() as file:
            self._set(file, job_id, {"doing": doing, "done": done, "whole": whole})
            row = file.execute("SELECT state FROM job WHERE id = ?", (job_id,)).fetchone()
        return JobState(row["state"]) if row else JobState.CANCELLED

    def content(self, job: Job) -> bytes:
        """The uploaded file."""
        return self._content(job.id).read_bytes()

    def report(self, job_id: str) -> Path | None:
        """The answers to every row as CSV, as far as there are some."""
        path = self._folder / f"{job_id}.csv"
        return path if path.exists() else None

    def keep_report(self, job: Job, rows: Iterable[RowResult]) -> None:
        """Write the answers to every row, and to those first that a page shows."""
        key = register_import.sheets()[job.kind].keys[0]
        bad: list[RowResult] = []
        others: list[RowResult] = []

        def noted() -> Iterator[RowResult]:
            for row in rows:
                some = bad if row.outcome is Outcome.REFUSED else others
                if len(some) < SHOWN and (row.problems or row.changes):
                    some.append(row)
                yield row

        _write(self._folder / f"{job.id}.csv", noted(), key)
        _write(self._folder / f"{job.id}-first.csv", [*bad, *others][:SHOWN], key)

    def first_rows(self, job_id: str) -> list[list[str]]:
        """Of a report the first rows that are bad, then those in which something changes."""
        path = self._folder / f"{job_id}-first.csv"
        if not path.exists():
            return []
        with path.open(encoding="utf-8-sig", newline="") as opened:
            return list(csv.reader(opened))[1:]

    def drop_content(self, job: Job) -> None:
        """Nobody needs the uploaded file any more."""
        self._content(job.id).unlink(missing_ok=True)

    def _content(self, job_id: str) -> Path:
        return self._folder / f"{job_id}.upload"

    def _copy(self, content: BinaryIO, to: Path) -> int:
        size = 0
        with to.open("xb") as kept:
            while chunk := content.read(_CHUNK):
                size += len(chunk)
                if size > self._largest:
                    to.unlink()
                    raise Conflict("too_large", f"at most {self._largest >> 20} MB")
                kept.write(chunk)
        return size

    def _forget(self, file: sqlite3.Connection) -> None:
        """Past jobs beyond KEPT go, with their files."""
        old = file.execute(
            "SELECT id FROM job WHERE state NOT IN (?, ?) ORDER BY id DESC LIMIT -1 OFFSET ?",
            (*WAITING, KEPT),
        ).fetchall()
        for row in old:
            file.execute("DELETE FROM job WHERE id = ?", (row["id"],))
            for end in (".upload", ".csv", "-first.csv"):
                (self._folder / f"{row['id']}{end}").unlink(missing_ok=True)

    @staticmethod
    def _set(file: sqlite3.Connection, job_id: str, values: Mapping[str, object]) -> None:
        named = ", ".join(f"{name} = ?" for name in values)
        file.execute(f"UPDATE job SET {named} WHERE id = ?", (*values.values(), job_id))  # noqa: S608

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = sqlite3.connect(self._folder / "jobs.db", isolation_level=None, timeout=5)
        file.row_factory = sqlite3.Row
        try:
            file.execute("PRAGMA journal_mode = WAL")
            file.executescript(_SCHEMA)
            yield file
        finally:
            file.close()


def _write(path: Path, rows: Iterable[RowResult], key: str) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as opened:
        csv.writer(opened, lineterminator="\r\n").writerows(report_lines(rows, key))


def _job(row: sqlite3.Row) -> Job:
    counts = json.loads(row["counts"])
    return Job(
        id=row["id"],
        kind=row["kind"],
        name=row["name"],
        size=row["size"],
        datum=Datum(row["datum"]),
        asked_by=row["asked_by"],
        asked_from=row["asked_from"],
        asked_at=_instant(row["asked_at"]),
        state=JobState(row["state"]),
        skip_bad=bool(row["skip_bad"]),
        doing=row["doing"],
        done=row["done"],
        whole=row["whole"],
        counts={each: int(counts.get(each, 0)) for each in Outcome} if counts else {},
        why=row["why"],
        ended_at=_instant(row["ended_at"]) if row["ended_at"] else None,
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
