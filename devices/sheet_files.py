"""What a CSV or XLSX file holds: rows of texts, with the line on which each begins.

A CSV file is UTF-8 (with or without a byte-order mark), UTF-16 or GB 18030; commas, semicolons or
tabs part its cells, as its header shows. Of an XLSX file the first sheet is read; a number there is
told as people read it. One of more than 15 digits has lost the rest: it is told as what it has
become, so that a code of 20 digits that a spreadsheet made a number is refused and not guessed.
"""

import codecs
import csv
import io
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import datetime, time

from core.errors import InvalidMessage

SEPARATORS = ",;\t"
Line = tuple[int, list[str]]
_ZIP = b"PK\x03\x04"
_BEGINS = frozenset("=+-@\t\r")  # what spreadsheets take for a formula's beginning
_FORMULA = _BEGINS | {"'"}
_EXACT = 10**15  # whole numbers below are what was typed


def lines(content: bytes, named: Container[str]) -> Iterator[Line]:
    """The header and every row that is not blank; `named` are words that a header may hold.

    Raises InvalidMessage when the file is none (empty_file, bad_encoding, bad_file). What cannot
    be read as a row is a row without cells.
    """
    if content.startswith(_ZIP):
        return _of_workbook(content)
    text = _decoded(content)
    if not text.strip():
        raise _empty()
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text, named))
    return _of_text(reader)


def plain(cell: str) -> str:
    """A header's word without quotes, blanks, and what stands in brackets behind it."""
    return re.sub(r"[(（].*", "", cell.strip().strip('"').lower()).strip()


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet takes it for a formula; signs put in front against it do not count."""
    return cell[:1] in _FORMULA and cell.lstrip("'")[:1] in _BEGINS


def _as_it_was(cell: str) -> str:
    """A cell of a CSV file without the sign that an export put in front."""
    return cell[1:] if cell[:1] == "'" and is_formula(cell) else cell


def _empty() -> InvalidMessage:
    told = "the file is empty: its first line names the columns (--template shows them)"
    return InvalidMessage("empty_file", told)


def _separator(text: str, named: Container[str]) -> str:
    """The separator by which the first line holds most of the words that we know."""
    first = text.lstrip().splitlines()[0]

    def known(separator: str) -> int:
        return sum(plain(cell) in named for cell in first.split(separator))

    return max(SEPARATORS, key=known)


def _decoded(content: bytes) -> str:
    sixteen = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if sixteen else ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidMessage("bad_encoding", "neither UTF-8 nor GB 18030: save the file as CSV UTF-8")


def _of_text(reader: Iterator[list[str]]) -> Iterator[Line]:
    begins = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield begins, []
        else:
            if any(cell and not cell.isspace() for cell in cells):
                yield begins, [_as_it_was(each) if each[:1] == "'" else each for each in cells]
        begins = reader.line_num + 1  # type: ignore[attr-defined]  # csv.reader has it


def _of_workbook(content: bytes) -> Iterator[Line]:
    from python_calamine import (  # noqa: PLC0415  (only who imports a workbook pays for it)
        CalamineError,
        CalamineWorkbook,
    )

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet = book.get_sheet_by_index(0)
    except (CalamineError, OSError, ValueError, IndexError) as error:
        told = f"it is no XLSX workbook that can be read ({error}): save it as XLSX or as CSV UTF-8"
        raise InvalidMessage("bad_file", told) from error
    if sheet.start is None:
        raise _empty()
    return _rows(sheet.start[0], sheet.to_python(skip_empty_area=True))


def _rows(above: int, rows: Iterable[Sequence[object]]) -> Iterator[Line]:
    width = 0
    for line, row in enumerate(rows, above + 1):
        cells = [cell if isinstance(cell, str) else _shown(cell) for cell in row]
        if not width:
            width = max((n for n, cell in enumerate(cells, 1) if cell.strip()), default=0)
        if any(cells[width:]) or any(cell and not cell.isspace() for cell in cells):
            yield line, cells if any(cells[width:]) else cells[:width]


def _shown(cell: object) -> str:
    """A cell as people read it in the spreadsheet."""
    match cell:
        case bool():
            told = "yes" if cell else "no"
        case float() if cell.is_integer() and abs(cell) < _EXACT:
            told = str(int(cell))
        case datetime():
            whole_day = cell.time() == time()
            told = cell.date().isoformat() if whole_day else cell.isoformat(" ", "minutes")
        case time():
            told = cell.isoformat("minutes")
        case _:
            told = "" if cell is None else str(cell)
    return told
