"""The CSV file of lifts: its columns, how it is read, and the report that answers it.

A file is UTF-8 (with or without a byte-order mark) or GB 18030, comma separated, first line the
header. A wrong row is refused with its line, field, reason and remedy; its neighbours are kept.
An optional column that is missing from the header leaves what stands in the registry.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from core.errors import InvalidMessage
from devices.codes import LIFT_KIND_NAMES, PLACE_TYPE_NAMES, Name

Value = str | int | float | None


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
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class RowResult:
    """The answer to one row. field, reason and remedy are empty unless it was refused."""

    line: int
    rescue_code: str
    outcome: Outcome
    field: str = ""
    reason: str = ""
    remedy: str = ""
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A row that reads well by itself: its line, and the values of the columns it has."""

    line: int
    values: Mapping[str, Value]

    @property
    def rescue_code(self) -> str:
        """The code that names the lift."""
        return str(self.values["rescue_code"])


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file as read: rows to apply and rows refused already."""

    rows: tuple[ImportRow, ...]
    refused: tuple[RowResult, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to a file, row by row in order of line; `dry_run`: nothing was written."""

    rows: tuple[RowResult, ...]
    dry_run: bool
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
        """The report as CSV, to be opened beside the file."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(("line", "rescue_code", "outcome", "field", "reason", "remedy", "changes"))
        for row in self.rows:
            told = "; ".join(f"{c.field}: {c.before!r} -> {c.after!r}" for c in row.changes)
            code = row.rescue_code
            shown = f"'{code}" if code[:1] in set("=+-@\t\r") else code  # no spreadsheet formula
            writer.writerow((row.line, shown, row.outcome, row.field, row.reason, row.remedy, told))
        return out.getvalue()


class Refused(Exception):  # noqa: N818  (named as the outcome is)
    """A row cannot be taken: the field, what is wrong, and what to do."""

    def __init__(self, field: str, reason: str, remedy: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
        self.remedy = remedy


OPTIONAL = frozenset(
    ("building", "latitude", "longitude", "firm_code", "use_unit_code", "gateway_id")
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file: what it takes, in words for people, and how it is read."""

    name: str
    takes: str
    sample: str
    read: Callable[[str], Value]

    @property
    def required(self) -> bool:
        """Whether the header must have it and no cell may be empty."""
        return self.name not in OPTIONAL


def _pattern(expression: str) -> Callable[[str], Value]:
    pattern = re.compile(expression)

    def read(text: str) -> Value:
        if not pattern.fullmatch(text):
            raise ValueError(f"{text[:40]!r} is not of this form")
        return text

    return read


def _text(longest: int) -> Callable[[str], Value]:
    def read(text: str) -> Value:
        if len(text) > longest:
            raise ValueError(f"{len(text)} characters are too many")
        if any(ord(character) < ord(" ") for character in text):
            raise ValueError("it holds a line break or another control character")
        return text

    return read


def _whole(low: int, high: int) -> Callable[[str], Value]:
    def read(text: str) -> Value:
        if not re.fullmatch(r"[+-]?[0-9]{1,9}", text):
            raise ValueError(f"{text[:40]!r} is not a whole number")
        if not low <= int(text) <= high:
            raise ValueError(f"{text} is out of range")
        return int(text)

    return read


def _decimal(low: float, high: float) -> Callable[[str], Value]:
    def read(text: str) -> Value:
        if not re.fullmatch(r"[+-]?[0-9]{1,9}(\.[0-9]{1,15})?", text):
            raise ValueError(f"{text[:40]!r} is not a decimal number")
        if not low <= float(text) <= high:
            raise ValueError(f"{text} is out of range")
        return float(text)

    return read


def _coded(names: Mapping[str, Name]) -> Callable[[str], Value]:
    meant = {name.zh: str(code) for code, name in names.items()} | {str(c): str(c) for c in names}

    def read(text: str) -> Value:
        if text not in meant:
            raise ValueError(f"{text[:40]!r} is none of them")
        return meant[text]

    return read


def _one_of(names: Mapping[str, Name]) -> str:
    return "one of " + ", ".join(f"{code} ({name.zh})" for code, name in names.items())


_KINDS: Mapping[str, Name] = {str(code): name for code, name in LIFT_KIND_NAMES.items()}
_PLACES: Mapping[str, Name] = {str(code): name for code, name in PLACE_TYPE_NAMES.items()}
_AS_TEXT = "keep the column as text in a spreadsheet"

COLUMNS = (
    Column("rescue_code", f"6 digits; {_AS_TEXT}", "235274", _pattern("[0-9]{6}")),
    Column(
        "registration_code",
        f"20 digits; {_AS_TEXT}",
        "30104101002018110001",
        _pattern("[0-9]{20}"),
    ),
    Column("area", "6-digit division code of the city", "410100", _pattern("[0-9]{6}")),
    Column("district", "6-digit division code of the district", "410105", _pattern("[0-9]{6}")),
    Column("address", "at most 300 characters, one line", "示例路 1 号", _text(300)),
    Column("building", "at most 100 characters, one line", "示例大厦 2 单元", _text(100)),
    Column("latitude", "WGS-84 degrees, -90 to 90", "34.7466", _decimal(-90, 90)),
    Column("longitude", "WGS-84 degrees, -180 to 180", "113.6254", _decimal(-180, 180)),
    Column("kind", _one_of(_KINDS), "traction_passenger", _coded(_KINDS)),
    Column("place_type", _one_of(_PLACES), "residential", _coded(_PLACES)),
    Column("min_floor", "whole number, -9 to 199", "-2", _whole(-9, 199)),
    Column("max_floor", "whole number, -9 to 199", "18", _whole(-9, 199)),
    Column("rated_speed_m_per_s", "metres a second, 0.1 to 20", "1.75", _decimal(0.1, 20)),
    Column("rated_load_kg", "whole kilograms, 0 to 20000", "1000", _whole(0, 20_000)),
    Column("firm_code", "code of a registered firm", "", _text(32)),
    Column("use_unit_code", "code of a registered use unit", "", _text(32)),
    Column(
        "gateway_id",
        "1 to 32 of A-Z a-z 0-9 _ -; enrols the gateway for the lift",
        "G0017",
        _pattern("[A-Za-z0-9_-]{1,32}"),
    ),
)
HEADER = tuple(column.name for column in COLUMNS)
_BY_NAME = {column.name: column for column in COLUMNS}
_KEYS = ("rescue_code", "registration_code")
_EMPTY: Mapping[str, Value] = {"building": ""}  # every other optional column is empty as None


def template() -> str:
    """An example file: the header and one sample row."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADER)
    writer.writerow(column.sample for column in COLUMNS)
    return out.getvalue()


def parse(content: bytes) -> Parsed:
    """Read a file. Raises InvalidMessage when it is no such file (bad_encoding, bad_header)."""
    reader = csv.reader(io.StringIO(_decoded(content), newline=""))
    header = _header(reader)
    rows: list[ImportRow] = []
    refused: list[RowResult] = []
    seen: dict[tuple[str, Value], int] = {}
    for line, cells in _lines(reader):
        try:
            values = _row(header, cells)
            _refuse_second(values, seen)
        except Refused as error:
            at = header.index("rescue_code")
            code = cells[at].strip()[:40] if at < len(cells) else ""
            refused.append(
                RowResult(line, code, Outcome.REFUSED, error.field, error.reason, error.remedy)
            )
        else:
            seen |= {(name, values[name]): line for name in _KEYS}
            rows.append(ImportRow(line, values))
    return Parsed(tuple(rows), tuple(refused))


def _refuse_second(values: Mapping[str, Value], seen: Mapping[tuple[str, Value], int]) -> None:
    for name in _KEYS:
        if first := seen.get((name, values[name])):
            raise Refused(name, f"line {first} has the same", "keep one of the two lines")


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidMessage("bad_encoding", "neither UTF-8 nor GB 18030: save the file as CSV UTF-8")


def _header(reader: Iterator[list[str]]) -> list[str]:
    try:
        header = [name.strip().lower() for name in next(reader, [])]
    except csv.Error as error:
        raise InvalidMessage("bad_header", str(error), field="header") from error
    missing = [column.name for column in COLUMNS if column.required and column.name not in header]
    unknown = [name for name in header if name not in _BY_NAME]
    twice = [name for name, count in Counter(header).items() if count > 1]
    for names, what in (
        (unknown, "is no column of this file; the columns are " + ", ".join(HEADER)),
        (twice, "stands twice in the header"),
        (missing, "is missing from the header (line 1)"),
    ):
        if names:
            raise InvalidMessage("bad_header", f"{names[0][:40]!r} {what}", field=names[0][:40])
    if ("latitude" in header) != ("longitude" in header):
        raise InvalidMessage("bad_header", "give both columns or neither", field="latitude")
    return header


def _lines(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line they begin on; blank lines are passed over."""
    begins = reader.line_num + 1  # type: ignore[attr-defined]  # csv.reader has it
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield begins, []  # refused as a row without cells
        else:
            if any(cell.strip() for cell in cells):
                yield begins, cells
        begins = reader.line_num + 1  # type: ignore[attr-defined]


def _row(header: Sequence[str], cells: Sequence[str]) -> dict[str, Value]:
    if len(cells) != len(header):
        raise Refused(
            "line",
            f"{len(cells)} cells, the header has {len(header)}",
            'put texts that hold a comma or a line break in quotes ("…")',
        )
    values = {
        name: _value(_BY_NAME[name], cell.strip()) for name, cell in zip(header, cells, strict=True)
    }
    low, high = values["min_floor"], values["max_floor"]
    if isinstance(low, int) and isinstance(high, int) and low > high:
        raise Refused("max_floor", f"{high} is below min_floor {low}", "exchange the two")
    if str(values["district"])[:2] != str(values["area"])[:2]:
        raise Refused(
            "district", "it lies in another province than area", "correct one of the two codes"
        )
    if (values.get("latitude") is None) != (values.get("longitude") is None):
        raise Refused("latitude", "only one of the two coordinates is given", "give both or none")
    return values


def _value(column: Column, cell: str) -> Value:
    if not cell:
        if column.required:
            raise Refused(column.name, "it is empty", f"give {column.takes}")
        return _EMPTY.get(column.name)
    try:
        return column.read(cell)
    except ValueError as error:
        raise Refused(column.name, str(error), f"give {column.takes}") from error
