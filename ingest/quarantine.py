"""What could not be read or admitted: kept with its reason, browsable from any process."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.errors import NotFound
from ingest.timeseries.dayfiles import day_files, open_reader
from ingest.timeseries.steps import instant

_COLUMNS = "id, received_at_us, topic, reason, field, detail, raw"


@dataclass(frozen=True, slots=True)
class Kept:
    """One refused object. `id` is `day/row`; `raw` at most 4 KiB of what came."""

    id: str
    received_at: datetime
    topic: str
    reason: str
    field: str
    detail: str
    raw: bytes


class QuarantineReader:
    """Reads the day files of a telemetry folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def list(self, limit: int, before: str | None = None) -> list[Kept]:
        """Up to `limit` kept objects, newest first; `before` is the last id of the page before."""
        day, _, row = (before or "").partition("/")
        found: list[Kept] = []
        for file in reversed(day_files(self._folder)):
            if len(found) >= limit or (day and file.stem > day):
                continue
            below = int(row) if row.isdecimal() and file.stem == day else 1 << 62
            found += self._read(file, "id < ? ORDER BY id DESC LIMIT ?", below, limit - len(found))
        return found

    def show(self, kept_id: str) -> Kept:
        """One kept object; raises NotFound."""
        day, _, row = kept_id.partition("/")
        for file in day_files(self._folder):
            if file.stem == day and row.isdecimal():
                for kept in self._read(file, "id = ? LIMIT ?", int(row), 1):
                    return kept
        raise NotFound("quarantined message", kept_id)

    def counts(self) -> dict[str, int]:
        """How many are kept by reason."""
        total: Counter[str] = Counter()
        for file in day_files(self._folder):
            with closing(open_reader(file)) as connection:
                total.update(
                    dict(
                        connection.execute(
                            "SELECT reason, count(*) FROM quarantine GROUP BY reason"
                        ).fetchall()
                    )
                )
        return dict(total)

    @staticmethod
    def _read(file: Path, where: str, row: int, limit: int) -> Sequence[Kept]:
        with closing(open_reader(file)) as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM quarantine WHERE {where}",  # noqa: S608  (our words)
                (row, limit),
            ).fetchall()
        return [Kept(f"{file.stem}/{n}", instant(at), *rest) for n, at, *rest in rows]
