"""Does the work of uploaded files: tries them, and applies them once somebody said so.

Theory of operation. `run_once` runs on one thread of one process. A new file is tried first (a dry
run, whose answers are kept as a report), and applied when its job says so, by the very code that
`hub import` uses. What a process was doing when it ended is done again by the next one: a file of
lifts goes on where it was (devices.bulk), of other kinds it finds unchanged what stands already.
"""

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from core.clock import Clock
from core.db import Database
from core.errors import Conflict, HubError, Unavailable
from core.journal import Actor
from devices import register_import
from devices.bulk import Bulk
from devices.import_jobs import Job, JobEvent, Jobs, JobState
from devices.sheet import Outcome, RowResult

_NOTE_EVERY_S = 0.5


class _EndedError(Exception):
    """The process ends."""


class _CancelledError(Exception):
    """Somebody does not want it any more."""


class Importer:
    """Does what waits, one file after another; `run_once` is called by a loop of the hub's."""

    def __init__(self, jobs: Jobs, database: Database, staged: Path, clock: Clock) -> None:
        self._jobs = jobs
        self._database = database
        self._staged = staged
        self._clock = clock
        self._noted_at = float("-inf")

    def run_once(
        self, beat: Callable[[], None] = lambda: None, ended: threading.Event | None = None
    ) -> int:
        """Do the next one, if there is one; answers how many.

        `beat` is called again and again meanwhile; once `ended` is set the work stops and waits
        for the next process.
        """
        job = self._jobs.waiting()
        if job is None:
            return 0

        def progress(doing: str, done: int, whole: int) -> None:
            beat()
            if ended is not None and ended.is_set():
                raise _EndedError
            if self._clock.monotonic() - self._noted_at >= _NOTE_EVERY_S or done == whole:
                self._noted_at = self._clock.monotonic()
                if self._jobs.note(job.id, doing, done, whole) is JobState.CANCELLED:
                    raise _CancelledError

        self._noted_at = float("-inf")
        with suppress(_EndedError, _CancelledError):
            try:
                self._do(job, progress)
            except Unavailable:
                raise  # it passes; the same is tried again
            except HubError as error:
                told = getattr(error, "detail", "") or str(error)
                with suppress(Conflict):
                    self._jobs.move(
                        job.id, JobEvent.FAIL, why=told, ended_at=self._clock.now().isoformat()
                    )
        return 1

    def _do(self, job: Job, progress: Callable[[str, int, int], None]) -> None:
        dry = job.state is JobState.UPLOADED
        with self._ran(job, progress, dry=dry) as (counts, rows, applied):
            self._jobs.keep_report(job, rows)
            told = json.dumps({str(outcome): n for outcome, n in counts.items()})
        event = JobEvent.APPLY if applied else JobEvent.TRY
        ended = self._clock.now().isoformat() if applied else None
        with suppress(Conflict):  # cancelled at the very end
            self._jobs.move(job.id, event, counts=told, ended_at=ended)
            if applied:
                self._jobs.drop_content(job)

    @contextmanager
    def _ran(
        self, job: Job, progress: Callable[[str, int, int], None], *, dry: bool
    ) -> Iterator[tuple[Mapping[Outcome, int], Iterable[RowResult], bool]]:
        actor = Actor("account", job.asked_by, job.asked_from)
        content = self._jobs.content(job)
        if job.kind == "lifts":
            bulk = Bulk(
                database=self._database,
                folder=self._staged,
                clock=self._clock,
                actor=actor,
                progress=progress,
                datum=job.datum,
            )
            with bulk.run(content, dry=dry, skip_bad=job.skip_bad) as done:
                yield done.counts, done.rows(), done.applied
            return
        report = register_import.bring(
            self._database,
            job.kind,
            content,
            self._clock,
            actor,
            dry=dry,
            skip_bad=job.skip_bad,
            progress=progress,
        )
        yield report.counts, report.rows, not report.dry_run
