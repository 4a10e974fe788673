"""Keeps history in bounds: rolls up what is over, and lets go of what may go, once an hour.

The rules stand in `retention`; here is the shell that looks at the files, asks, and does what they
say. Rows are taken away in small transactions, each far shorter than anybody's patience; files that
hold nothing more that anybody needs are removed whole.
"""

import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from core import log, metrics
from core.clock import Clock
from core.pulse import Pulse
from ingest.timeseries import retention, spool
from ingest.timeseries.dayfiles import day_files
from ingest.timeseries.figures import HOUR_US
from ingest.timeseries.free_space import free_bytes
from ingest.timeseries.reading import reading, suppress_missing_table
from ingest.timeseries.retention import DayFile, Gone, Keep
from ingest.timeseries.roller import Roller, next_due
from ingest.timeseries.rollfiles import RollFiles, read_marks, roll_folder
from ingest.timeseries.steps import micros

TURN = timedelta(seconds=2)
AGAIN = timedelta(minutes=1)  # after what went wrong
_ROWS = 2_000
_PAGES = 500
# Points, and what the HTTP door was answered; what tells of a kept object stays as long as that.
_STRIPPED = (
    "DELETE FROM sample WHERE id IN (SELECT id FROM sample ORDER BY id LIMIT ?)",
    "DELETE FROM spool WHERE id IN (SELECT id FROM spool ORDER BY id LIMIT ?)",
    (
        "DELETE FROM answer WHERE (source, row) IN"
        " (SELECT source, row FROM answer WHERE about = '' LIMIT ?)"
    ),
)

_log = log.get(__name__)


class Keeper:
    """The one keeper of a telemetry folder.

    `handed_off` answers up to which hand-off row each day file has been followed.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        keep: Keep,
        handed_off: Callable[[], Mapping[str, int]],
        *,
        pulse: Pulse | None = None,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._keep = keep
        self._handed_off = handed_off
        self._pulse = pulse or Pulse()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; what goes wrong is told once, and tried again."""
        due = self._clock.now()
        failing = False
        with closing(RollFiles(self._folder)) as files:
            while not stop.is_set():
                now = self._clock.now()
                if now >= due or due - now > timedelta(hours=2):  # the clock was set back
                    try:
                        self.run_once(files, now, stop)
                    except Exception as error:  # noqa: BLE001  (the lane and rescues go on)
                        if not failing:
                            _log.exception("history_not_kept", error=type(error).__name__)
                        failing, due = True, now + AGAIN
                        self._pulse.turned()
                    else:
                        failing, due = False, next_due(now)
                if failing:
                    self._pulse.turned()
                else:
                    self._pulse.beat()
                self._clock.wait(stop, TURN)

    def run_once(self, files: RollFiles, now: datetime, stop: threading.Event) -> Gone:
        """Roll up what is over, then let go of what may go; answers what went."""

        def breathe() -> None:
            self._pulse.beat()
            if stop.is_set():
                raise InterruptedError

        try:
            Roller(self._folder, files, breathe).run_once(now)
            return self._let_go(files, now, breathe)
        except InterruptedError:
            return Gone()

    def _let_go(self, files: RollFiles, now: datetime, breathe: Callable[[], None]) -> Gone:
        found = self._look()
        gone = retention.days_to_go(found, now, self._keep, free_bytes(self._folder))
        if gone.raw_from is not None:  # told before it is done: nobody may miss rows that go
            files.raw_from(micros(gone.raw_from) // HOUR_US)
        for day in gone.rows:
            self._strip(self._folder / f"{day}.db", breathe)
            metrics.HISTORY_GONE.labels("rows").inc()
        for day in gone.files:
            _remove(self._folder / f"{day}.db")
            metrics.HISTORY_GONE.labels("day").inc()
        files.forget([f"{day}.db" for day in gone.files])
        for kind, age in (("minutes", self._keep.minutes), ("hours", self._keep.hours)):
            folder = roll_folder(self._folder) / kind
            names = sorted(file.stem for file in folder.glob("*.db"))
            for name in retention.months_to_go(names, now, age):
                _remove(folder / f"{name}.db")
                metrics.HISTORY_GONE.labels(kind).inc()
        if gone.files or gone.rows:
            _log.info("history_let_go", days=len(gone.files), rows_of_days=len(gone.rows))
        return gone

    def _look(self) -> list[DayFile]:
        handed_off = self._handed_off()
        rolled = read_marks(self._folder).files
        drained = spool.marks(self._folder)
        files = day_files(self._folder)
        looked: list[DayFile] = []
        for file in files:
            name = file.name
            with reading(file) as connection:
                sample, row = _newest(connection, "sample"), _newest(connection, "spool")
                marked = rolled[name].row if name in rolled else 0
                marked_drained = drained[name].row if name in drained else 0
                looked.append(
                    DayFile(
                        date.fromisoformat(file.stem),
                        file.stat().st_size,
                        rows=sample > 0 or row > 0,
                        quarantined=_newest(connection, "quarantine") > 0,
                        settled=sample <= marked and row <= marked_drained,
                        handed_off=_newest(connection, "handoff") <= handed_off.get(name, 0),
                        newest=file == files[-1] or _today(file, self._clock.now()),
                    )
                )
        return looked

    @staticmethod
    def _strip(file: Path, breathe: Callable[[], None]) -> None:
        """Take the rows of points away, and give their room back."""
        with closing(sqlite3.connect(file, isolation_level=None, timeout=5)) as connection:
            for delete in _STRIPPED:
                with suppress_missing_table():
                    while connection.execute(delete, (_ROWS,)).rowcount:
                        breathe()
            while connection.execute("PRAGMA freelist_count").fetchone()[0]:
                connection.executescript(f"PRAGMA incremental_vacuum({_PAGES})")
                breathe()


def _newest(connection: sqlite3.Connection, table: str) -> int:
    with suppress_missing_table():
        found: int = connection.execute(
            f"SELECT coalesce(max(id), 0) FROM {table}"  # noqa: S608  (our own names)
        ).fetchone()[0]
        return found
    return 0


def _today(file: Path, now: datetime) -> bool:
    return file.stem >= f"{now.astimezone(UTC):%Y-%m-%d}"


def _remove(file: Path) -> None:
    for each in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
        each.unlink(missing_ok=True)
