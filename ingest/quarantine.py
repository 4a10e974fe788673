"""What could not be read or admitted: kept with its reason, browsable from any process."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from core.errors import NotFound
from ingest.timeseries.dayfiles import ANSWER, day_files
from ingest.timeseries.port import Answer
from ingest.timeseries.reading import reading
from ingest.timeseries.steps import instant, micros

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
    answer: Answer | None = None  # what became of the newest replay of it


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineFilter:
    """Which kept objects; what is empty narrows nothing.

    area, gateway: those whose topic names it. text: what stands in topic, field or detail.
    since, until: by the hub's receipt, `until` not included.
    """

    reason: str = ""
    area: str = ""
    text: str = ""
    gateway: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def clauses(self) -> tuple[str, Sequence[str | int]]:
        """The WHERE of a day file, and its values."""
        wanted: list[tuple[str, str | int]] = []
        if self.since:
            wanted.append(("received_at_us >= ?", micros(self.since)))
        if self.until:
            wanted.append(("received_at_us < ?", micros(self.until)))
        if self.gateway:
            wanted.append(("topic GLOB ?", f"*/v1/*/{self.gateway}/*"))
        if self.reason:
            wanted.append(("reason = ?", self.reason))
        if self.area:
            wanted.append(("topic GLOB ?", f"*/v1/{self.area}/*"))
        wanted += [
            ("instr(lower(topic || ' ' || field || ' ' || detail), lower(?)) > 0", word)
            for word in self.text.split()
        ]
        return " AND ".join(clause for clause, _ in wanted) or "1", [value for _, value in wanted]


MOST_COUNTED = 10_000
ORDERS = ("received", "reason", "topic")


class QuarantineReader:
    """Reads the day files of a telemetry folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def folder(self) -> Path:
        """The telemetry folder."""
        return self._folder

    def list(self, limit: int, before: str | None = None) -> Sequence[Kept]:
        """Up to `limit` kept objects, newest first; `before` is the last id of the page before."""
        day, _, row = (before or "").partition("/")
        found: list[Kept] = []
        for file in reversed(day_files(self._folder)):
            if len(found) >= limit or (day and file.stem > day):
                continue
            below = int(row) if row.isdecimal() and file.stem == day else 1 << 62
            found += self._read(file, "id < ? ORDER BY id DESC LIMIT ?", below, limit - len(found))
        return self._answered(found)

    def keys(
        self,
        wanted: QuarantineFilter,
        order: str = "received",
        *,
        descending: bool = True,
        limit: int,
        offset: int = 0,
    ) -> tuple[Sequence[str], int]:
        """The ids of a part of what `wanted` lets through, in order, and how many there are.

        What is equal in another order stands newest first. Files beyond the part are only counted.
        """
        where, values = wanted.clauses()
        by_time = order == "received"
        files = day_files(self._folder)
        total = 0
        found: Sequence[tuple[str, str]] = []
        for file in reversed(files) if descending or not by_time else files:
            with reading(file) as connection:
                total += connection.execute(
                    f"SELECT count(*) FROM quarantine WHERE {where}",  # noqa: S608  (our words)
                    values,
                ).fetchone()[0]
                most = offset + limit - (len(found) if by_time else 0)
                if most > 0:
                    key = "''" if by_time else order
                    sorting = "id" if by_time else order
                    rows = connection.execute(
                        f"SELECT id, {key} FROM quarantine WHERE {where}"  # noqa: S608  (our words)
                        f" ORDER BY {sorting} {'DESC' if descending else 'ASC'}, id DESC LIMIT ?",
                        (*values, most),
                    ).fetchall()
                    found = [*found, *((kept, f"{file.stem}/{row}") for row, kept in rows)]
        if not by_time:
            # Stable: among equals the newest stays first.
            found = sorted(found, key=lambda each: each[0], reverse=descending)
        return [key for _, key in found[offset : offset + limit]], total

    def fetch(self, keys: Sequence[str]) -> Sequence[Kept]:
        """The kept objects of those ids, in that order; what was cleared away is left out."""
        by_day: dict[str, set[int]] = {}
        for key in keys:
            day, _, row = key.partition("/")
            by_day.setdefault(day, set()).add(int(row))
        found: dict[str, Kept] = {}
        for file in day_files(self._folder):
            if rows := by_day.get(file.stem):
                among = f"id IN ({','.join(map(str, rows))}) LIMIT ?"
                found |= {kept.id: kept for kept in self._read(file, among, len(rows))}
        return self._answered([found[key] for key in keys if key in found])

    def show(self, kept_id: str) -> Kept:
        """One kept object; raises NotFound."""
        day, _, row = kept_id.partition("/")
        for file in day_files(self._folder):
            if file.stem == day and row.isdecimal():
                for kept in self._read(file, "id = ? LIMIT ?", int(row), 1):
                    return self._answered([kept])[0]
        raise NotFound("quarantined message", kept_id)

    def crowded_out(self) -> int:
        """How many are not kept any more because a day's budget was used up."""
        total = 0
        for file in day_files(self._folder):
            with reading(file) as connection:
                total += connection.execute(
                    "SELECT coalesce(sum(crowded_out), 0) FROM quarantine_size"
                ).fetchone()[0]
        return total

    def count_since(self, instant: datetime) -> int:
        """How many have been kept since then; 10,000 stands for that many or more."""
        since_us = int(instant.timestamp() * 1_000_000)
        total = 0
        for file in reversed(day_files(self._folder)):
            if file.stem < f"{instant:%Y-%m-%d}" or total >= MOST_COUNTED:
                break
            with reading(file) as connection:
                total += connection.execute(
                    "SELECT count(*) FROM (SELECT 1 FROM quarantine WHERE received_at_us >= ?"
                    " LIMIT ?)",
                    (since_us, MOST_COUNTED),
                ).fetchone()[0]
        return min(total, MOST_COUNTED)

    def counts(self, area: str = "") -> dict[str, int]:
        """How many are kept by reason, in a city or in all."""
        where, values = QuarantineFilter(area=area).clauses()
        total: Counter[str] = Counter()
        for file in day_files(self._folder):
            with reading(file) as connection:
                total.update(
                    dict(
                        connection.execute(
                            f"SELECT reason, count(*) FROM quarantine WHERE {where}"  # noqa: S608
                            " GROUP BY reason",
                            values,
                        ).fetchall()
                    )
                )
        return dict(total)

    @staticmethod
    def _read(file: Path, where: str, *values: int) -> Sequence[Kept]:
        with reading(file) as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM quarantine WHERE {where}",  # noqa: S608  (our words)
                values,
            ).fetchall()
            return [Kept(f"{file.stem}/{n}", instant(at), *rest) for n, at, *rest in rows]
        return []

    def _answered(self, found: Sequence[Kept]) -> Sequence[Kept]:
        """The same, each with what became of its newest replay."""
        if not found:
            return []
        marks = ",".join("?" * len(found))
        names = [kept.id for kept in found]
        oldest = min(names)[:10]
        answers: dict[str, Answer] = {}
        for file in day_files(self._folder):
            if file.stem >= oldest:  # nothing is replayed before it was received
                with reading(file) as connection:
                    rows = connection.execute(
                        f"SELECT {ANSWER} FROM answer WHERE about IN ({marks}) ORDER BY row",  # noqa: S608
                        names,
                    )
                    answers |= {row[-1]: Answer(*row) for row in rows}
        return [replace(kept, answer=answers.get(kept.id)) for kept in found]
