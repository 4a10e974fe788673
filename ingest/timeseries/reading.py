"""Files of another process, read-only: what is not there, or not yet made ready, is empty.

Theory of operation. A day file comes with its first batch and goes when its time is over, whoever
reads it. So a reader may have its name and meet no file, or open it and find it gone before its
first question: SQLite cannot begin to read then, since the write-ahead log is gone by name. A
transaction that has begun reads on, whatever becomes of the name.
"""

import sqlite3
from contextlib import suppress
from pathlib import Path


def open_reader(file: Path) -> sqlite3.Connection:
    """A read-only connection; one without tables where there is no such file."""
    try:
        return sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)
    except sqlite3.OperationalError:
        if file.exists():
            raise
        return sqlite3.connect(":memory:")


class suppress_missing_table(suppress):  # noqa: N801  (reads as contextlib.suppress does)
    """For a file that its owner has only just made, or in which points are kept otherwise.

    Or, where it is named, for one that is gone.
    """

    def __init__(self, file: Path | None = None) -> None:
        super().__init__(sqlite3.OperationalError)
        self._file = file

    def __exit__(self, kind: object, error: object, trace: object) -> bool:
        """Swallow "no such table", and anything of a file that is gone."""
        if not isinstance(error, sqlite3.OperationalError):
            return False
        gone = self._file is not None and not self._file.exists()
        return gone or "no such table" in str(error)


class reading:  # noqa: N801  (reads as a function that opens would)
    """A read-only connection for the time of the block, which ends where nothing is there."""

    def __init__(self, file: Path) -> None:
        self._connection = open_reader(file)
        self._suppressed = suppress_missing_table(file)

    def __enter__(self) -> sqlite3.Connection:
        """The connection."""
        return self._connection

    def __exit__(self, kind: object, error: object, trace: object) -> bool:
        """Close it; swallow what tells that nothing is there."""
        self._connection.close()
        return self._suppressed.__exit__(kind, error, trace)
