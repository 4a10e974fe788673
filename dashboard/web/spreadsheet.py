"""Lists as CSV that a spreadsheet opens rightly and cannot be tricked by.

UTF-8 with a byte order mark, so that Excel reads Chinese; CRLF as RFC 4180 says. A text that a
spreadsheet would take for a formula gets an apostrophe in front. Rows are streamed, a part at a
time; a list that is longer than `MOST_ROWS` ends with a row that says so.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from io import StringIO
from urllib.parse import quote

from starlette.responses import StreamingResponse

MOST_ROWS = 20_000
PART = 200  # rows that are read and sent at once
MEDIA_TYPE = "text/csv; charset=utf-8"
BYTE_ORDER_MARK = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Cell = str | int | float | None


def guarded(cell: Cell) -> Cell:
    """The cell as text that no spreadsheet takes for a formula; numbers stay numbers."""
    # Full-width signs too: an input method that narrows them on paste makes formulas of them.
    if isinstance(cell, str) and cell.startswith((*_FORMULA, "＝", "＋", "－", "＠")):
        return f"'{cell}"
    return cell


def lines(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """The text of the file, a part at a time."""
    buffer = StringIO()
    writer = csv.writer(buffer)
    buffer.write(BYTE_ORDER_MARK)
    writer.writerow(map(guarded, header))
    for number, row in enumerate(rows, start=1):
        writer.writerow(map(guarded, row))
        if number % PART == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def download(
    name: str, at: datetime, header: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> StreamingResponse:
    """The answer to a browser that saves `name` with the local time `at` in its name."""
    file = f"{name}-{at:%Y%m%d-%H%M%S}.csv"
    return StreamingResponse(
        lines(header, rows),
        media_type=MEDIA_TYPE,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file)}",
            "Cache-Control": "no-store",
        },
    )
