"""Tables written to CSV and XLSX files, a row at a time: a province needs no memory to speak of."""

import csv
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path

import xlsxwriter

from devices.sheet import no_formula


class Format(StrEnum):
    """How files are written."""

    CSV = "csv"
    XLSX = "xlsx"


def write(file: Path, table: Iterable[Sequence[object]], form: Format) -> int:
    """Write the header and the rows of `table`; answers how many rows there were below it."""
    match form:
        case Format.CSV:
            return _write_csv(file, table)
        case Format.XLSX:
            return _write_xlsx(file, table)


def _write_csv(file: Path, table: Iterable[Sequence[object]]) -> int:
    written = -1
    with file.open("w", encoding="utf-8-sig", newline="") as opened:
        writer = csv.writer(opened)
        for row in table:
            writer.writerow([no_formula(cell) if isinstance(cell, str) else cell for cell in row])
            written += 1
    return written


def _write_xlsx(file: Path, table: Iterable[Sequence[object]]) -> int:
    written = -1
    with xlsxwriter.Workbook(str(file), {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for n, row in enumerate(table):
            for column, cell in enumerate(row):
                if isinstance(cell, int | float) and not isinstance(cell, bool):
                    sheet.write_number(n, column, cell)
                elif cell is not None:
                    sheet.write_string(n, column, str(cell))  # codes keep their zeros
            written += 1
    return written
