"""A file of its own beside the database, in which a large import is made ready.

Rows that were read and judged wait here, outside the way of any rescue, with what became of each.
The file outlives a killed process: how far its rows are applied stands in it, so that the same
import goes on where it was. One process at a time has it; the lock ends with the process.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from core.errors import Conflict
from devices.cells import Value
from devices.lift_papers import from_json
from devices.sheet import Change, Outcome, Problem, RowResult, SheetRow

_SCHEMA = """
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS staged (
    n INTEGER PRIMARY KEY, line INTEGER NOT NULL, code TEXT NOT NULL, outcome TEXT NOT NULL,
    cells TEXT, told TEXT
) STRICT;
"""
_CELLS: msgspec.json.Decoder[dict[str, Value]] = msgspec.json.Decoder(dict)


class Staging:
    """The staged rows of one file; close it, and `remove` it when nothing is left to do."""

    def __init__(self, path: Path) -> None:
        """Open or make the file; raises Conflict("importing") while another process has it."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path
        self._file = sqlite3.connect(path, isolation_level=None, timeout=0)
        try:
            self._file.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = NORMAL")
            self._file.executescript(_SCHEMA)
            self._file.execute("INSERT OR REPLACE INTO fact VALUES ('opened', 1)")
        except sqlite3.OperationalError as error:
            self._file.close()
            raise Conflict("importing", "this very file is being imported already") from error

    def close(self) -> None:
        """Let go of the file; it stays for the next to go on with."""
        self._file.close()

    def remove(self) -> None:
        """Close it and take it away."""
        self.close()
        for end in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + end).unlink(missing_ok=True)

    def fact(self, name: str) -> int:
        """A number that was noted; 0 where none was."""
        row = self._file.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def note(self, **facts: int) -> None:
        """Keep numbers for whoever goes on."""
        self._file.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?)", facts.items())

    def empty(self) -> None:
        """Forget every row and number: what was staged only in part is staged anew."""
        self._file.executescript("DELETE FROM staged; DELETE FROM fact;")

    def add(self, rows: Iterable[tuple[RowResult, SheetRow | None]]) -> None:
        """Keep rows in order of the file: what would become of each, and what it says."""
        self._many(
            "INSERT INTO staged (line, code, outcome, cells, told) VALUES (?, ?, ?, ?, ?)",
            [
                (
                    *(result.line, result.code, str(result.outcome)),
                    None if row is None else msgspec.json.encode(row.values).decode(),
                    _told(result),
                )
                for result, row in rows
            ],
        )

    def due(self, limit: int) -> list[tuple[int, SheetRow]]:
        """The next rows that change something and are not applied yet."""
        rows = self._file.execute(
            "SELECT n, line, code, cells FROM staged WHERE n > ? AND outcome IN (?, ?)"
            " ORDER BY n LIMIT ?",
            (self.fact("applied"), str(Outcome.INSERTED), str(Outcome.CHANGED), limit),
        )
        return [
            (n, SheetRow(line, code, from_json(_CELLS.decode(cells))))
            for n, line, code, cells in rows
        ]

    def applied(self, until: int, results: Sequence[tuple[int, RowResult]], step: int) -> None:
        """What became of a step's rows, whose last is the `until`th; in one commit."""
        self._file.execute("BEGIN")
        self._file.executemany(
            "UPDATE staged SET outcome = ?, told = ?, cells = NULL WHERE n = ?",
            [(str(result.outcome), _told(result), n) for n, result in results],
        )
        self.note(applied=until, step=step)
        self._file.execute("COMMIT")

    def counts(self) -> Mapping[Outcome, int]:
        """How many rows of each outcome, every outcome named."""
        found = dict(self._file.execute("SELECT outcome, count(*) FROM staged GROUP BY outcome"))
        return {each: int(found.get(str(each), 0)) for each in Outcome}

    def results(self) -> Iterator[RowResult]:
        """The answer to every row, in order of the file; few at a time in memory."""
        with closing(self._file.cursor()) as rows:
            rows.execute("SELECT line, code, outcome, told FROM staged ORDER BY n")
            for line, code, outcome, told in rows:
                problems, changes = msgspec.json.decode(told) if told else ((), ())
                yield RowResult(
                    *(line, code, Outcome(outcome)),
                    tuple(Problem(*each) for each in problems),
                    tuple(Change(*each) for each in changes),
                )

    def _many(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        self._file.execute("BEGIN")
        self._file.executemany(statement, rows)
        self._file.execute("COMMIT")


def _told(result: RowResult) -> str | None:
    if not result.problems and not result.changes:
        return None
    problems = [(each.field, each.reason, each.remedy) for each in result.problems]
    changes = [(each.field, each.before, each.after) for each in result.changes]
    return msgspec.json.encode((problems, changes)).decode()
