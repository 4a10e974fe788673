"""A file of things to register: its columns, how it is read, and the report that answers it.

A file is CSV or XLSX (devices.sheet_files); the first line is the header, in our names or in
Chinese. A wrong row is refused with everything that is wrong in it, each with field, reason and
remedy; its neighbours are kept. An optional column that is missing leaves what stands in the
registry.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum

from core.errors import InvalidMessage
from devices import sheet_files
from devices.cells import Value, shown
from devices.sheet_files import plain


class Outcome(StrEnum):
    """What became (or, in a dry run, would become) of a row."""

    INSERTED = "inserted"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Change:
    """A field whose value differs from the registry's."""

    field: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a row: where, why, and what to do."""

    field: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class RowResult:
    """The answer to one row; `code` names the thing.

    Problems are why it was refused; of a row that was taken, what somebody should know of it.
    """

    line: int
    code: str
    outcome: Outcome
    problems: tuple[Problem, ...] = ()
    changes: tuple[Change, ...] = ()

    @property
    def field(self) -> str:
        """Where the first problem lies; empty without one."""
        return self.problems[0].field if self.problems else ""

    @property
    def reason(self) -> str:
        """What the first problem is; empty without one."""
        return self.problems[0].reason if self.problems else ""

    @property
    def remedy(self) -> str:
        """What to do about the first problem; empty without one."""
        return self.problems[0].remedy if self.problems else ""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row that reads well by itself: its line, its code, the values of the columns it has."""

    line: int
    code: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file as read: rows to apply and rows refused already."""

    rows: tuple[SheetRow, ...]
    refused: tuple[RowResult, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to a file, row by row in order of line; `dry_run`: nothing was written."""

    rows: tuple[RowResult, ...]
    dry_run: bool
    key: str  # what the rows' codes are called
    counts: Mapping[Outcome, int] = field(init=False)

    def __post_init__(self) -> None:
        """Count the rows by outcome, every outcome named."""
        found = Counter(row.outcome for row in self.rows)
        object.__setattr__(self, "counts", {each: found[each] for each in Outcome})

    @property
    def refused(self) -> tuple[RowResult, ...]:
        """The rows that were not taken."""
        return tuple(row for row in self.rows if row.outcome is Outcome.REFUSED)

    def as_csv(self) -> str:
        """The report as CSV, to be opened beside the file; every problem has a line."""
        out = io.StringIO()
        csv.writer(out, lineterminator="\r\n").writerows(report_lines(self.rows, self.key))
        return out.getvalue()


def report_lines(rows: Iterable[RowResult], key: str) -> Iterator[Sequence[object]]:
    """The cells of a report, its header first; every problem has a line."""
    yield ("line", key, "outcome", "field", "reason", "remedy", "changes")
    for row in rows:
        told = "; ".join(f"{c.field}: {_told(c.before)} -> {_told(c.after)}" for c in row.changes)
        for each in row.problems or (Problem("", "", ""),):
            cells = (row.code, row.outcome, each.field, each.reason, each.remedy, told)
            yield (row.line, *map(no_formula, cells))


def _told(value: object) -> str:
    return value.isoformat() if isinstance(value, date | time) else repr(value)


def no_formula(cell: str) -> str:
    """A text that no spreadsheet takes for a formula; reading a file takes the sign off again."""
    return f"'{cell}" if sheet_files.is_formula(cell) else cell


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file: what it takes, in words for people, and how it is read.

    `zh`: header words that mean it too. `empty`: what an empty cell means where it may be empty.
    """

    name: str
    takes: str
    sample: str
    read: Callable[[str], Value]
    zh: tuple[str, ...] = ()
    required: bool = True
    empty: Value = None


def _as_they_are(values: Mapping[str, Value]) -> Mapping[str, Value]:
    return values


def _no_checks(_values: Mapping[str, Value]) -> Iterable[Problem]:
    return ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """The columns of one kind of thing. The first of `keys` names a row; all are unique.

    `check` is given the values that read well and tells what does not fit together. Columns that
    stand `together` are in the header both or neither. `within`: the columns within whose
    values the keys are unique, where they are not so in the whole file. `settled`: a good row's
    values as the registry has them.
    """

    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    check: Callable[[Mapping[str, Value]], Iterable[Problem]] = _no_checks
    together: tuple[str, str] | None = None
    within: tuple[str, ...] = ()
    settled: Callable[[Mapping[str, Value]], Mapping[str, Value]] = _as_they_are

    @property
    def header(self) -> tuple[str, ...]:
        """Our names of the columns."""
        return tuple(column.name for column in self.columns)

    def template(self) -> str:
        """An example file: the header and one sample row."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(self.header)
        writer.writerow(column.sample for column in self.columns)
        return out.getvalue()

    def parse(self, content: bytes) -> Parsed:
        """Read a file; raises InvalidMessage when it is none (empty_file, bad_encoding, …)."""
        rows: list[SheetRow] = []
        refused: list[RowResult] = []
        for each in self.read(content):
            if isinstance(each, SheetRow):
                rows.append(each)
            else:
                refused.append(each)
        return Parsed(tuple(rows), tuple(refused))

    def read(self, content: bytes) -> Iterator[SheetRow | RowResult]:
        """Every row of a file in order, as it is read or as it is refused; raises like `parse`."""
        table = sheet_files.lines(content, self._named())
        header = self._header(next(table, (1, []))[1])
        columns = {column.name: column for column in self.columns}
        ordered = [columns[name] for name in header]
        seen: dict[tuple[str, Value, tuple[Value, ...]], int] = {}
        for line, cells in table:
            values, problems = self._row(ordered, cells)
            place = tuple(values.get(name) for name in self.within)
            problems += [
                Problem(name, f"line {first} has the same", "keep one of the two lines")
                for name in self.keys
                if name in values and (first := seen.get((name, values[name], place)))
            ]
            code = values.get(self.keys[0], self._code(header, cells))
            if problems:
                yield RowResult(line, str(code), Outcome.REFUSED, tuple(problems))
            else:
                for name in self.keys:
                    seen[name, values[name], place] = line
                yield SheetRow(line, str(code), self.settled(values))

    def _code(self, header: Sequence[str], cells: Sequence[str]) -> str:
        """What stands where the code should; in a row of another width it may be anything."""
        if len(cells) != len(header):
            return ""
        cell = cells[header.index(self.keys[0])].strip()
        return cell if repr(cell) == shown(cell) else ""

    def _named(self) -> dict[str, str]:
        return {word: c.name for c in self.columns for word in (c.name, *c.zh)}

    def _header(self, cells: Sequence[str]) -> list[str]:
        named = self._named()
        header = [named.get(plain(cell), plain(cell)) for cell in cells]
        missing = [c.name for c in self.columns if c.required and c.name not in header]
        unknown = [name for name in header if name not in self.header]
        twice = [name for name, count in Counter(header).items() if count > 1]
        for names, what in (
            (unknown, "is no column of this file; the columns are " + ", ".join(self.header)),
            (twice, "stands twice in the header"),
            (missing, "is missing from the header (line 1)"),
        ):
            if names:
                told = shown(names[0])
                field = names[0] if repr(names[0]) == told else "header"
                raise InvalidMessage("bad_header", f"{told} {what}", field=field)
        if self.together and (self.together[0] in header) != (self.together[1] in header):
            raise InvalidMessage(
                "bad_header", "give both columns or neither", field=self.together[0]
            )
        return header

    def _row(
        self, columns: Sequence[Column], cells: Sequence[str]
    ) -> tuple[dict[str, Value], list[Problem]]:
        if len(cells) != len(columns):
            problem = Problem(
                "line",
                f"{len(cells)} cells, the header has {len(columns)}",
                'put texts that hold a separator or a line break in quotes ("…")',
            )
            return {}, [problem]
        values: dict[str, Value] = {}
        problems: list[Problem] = []
        for column, raw in zip(columns, cells, strict=True):
            cell, name = raw.strip(), column.name
            try:
                if cell:
                    values[name] = column.read(cell)
                elif column.required:
                    problems.append(Problem(name, "it is empty", f"give {column.takes}"))
                else:
                    values[name] = column.empty
            except ValueError as error:
                problems.append(Problem(name, str(error), f"give {column.takes}"))
        return values, [*problems, *self.check(values)]
