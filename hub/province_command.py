"""`hub province`: the files of a sample province, to try imports, searches and pages with."""

import csv
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
import xlsxwriter

from devices import register_import
from hub.cli_ground import say
from simulators import province

Out = Annotated[Path, typer.Argument(help="A folder for the files.", show_default=False)]
Seed = Annotated[int, typer.Option(help="The same seed gives the same province.")]
Lifts = Annotated[int, typer.Option(min=1, max=800_000, help="How many lifts.")]
Firms = Annotated[int, typer.Option(min=1, max=9_999, help="How many maintenance firms.")]
Stations = Annotated[int, typer.Option(min=0, max=9_999, help="How many rescue stations.")]
Kitchens = Annotated[int, typer.Option(min=0, max=99_999, help="How many kitchens.")]


class Format(StrEnum):
    """How the files are written."""

    CSV = "csv"
    XLSX = "xlsx"


def make_province(
    out: Out,
    seed: Seed = 1,
    lifts: Lifts = 200_000,
    firms: Firms = 500,
    stations: Stations = 216,
    kitchens: Kitchens = 20_000,
    file_format: Annotated[Format, typer.Option("--format", help="csv or xlsx.")] = Format.CSV,
) -> None:
    """Write the files of a made-up province, in the order in which they are to be imported."""
    plan = province.Plan(seed, lifts, firms, stations, kitchens)
    out.mkdir(parents=True, exist_ok=True)
    for n, (kind, rows) in enumerate(province.files(plan).items(), 1):
        file = out / f"{n}-{kind}.{file_format}"
        known = register_import.sheets()[kind].header
        written = _write(file, known, rows(), file_format)
        say(f"{file}: {written} rows")


def _write(file: Path, known: tuple[str, ...], rows: Iterator[province.Row], form: Format) -> int:
    first = next(rows, None)
    if first is None:
        return 0
    header = [name for name in known if name in first]
    table = _cells(header, first, rows)
    match form:
        case Format.CSV:
            return _write_csv(file, table)
        case Format.XLSX:
            return _write_xlsx(file, table)


def _cells(
    header: list[str], first: province.Row, rows: Iterator[province.Row]
) -> Iterator[list[str]]:
    yield header
    yield [str(first[name]) for name in header]
    for row in rows:
        yield [str(row[name]) for name in header]


def _write_csv(file: Path, table: Iterator[list[str]]) -> int:
    written = -1
    with file.open("w", encoding="utf-8-sig", newline="") as opened:
        writer = csv.writer(opened)
        for row in table:
            writer.writerow(row)
            written += 1
    return written


def _write_xlsx(file: Path, table: Iterator[list[str]]) -> int:
    written = -1
    with xlsxwriter.Workbook(str(file), {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for n, row in enumerate(table):
            for column, cell in enumerate(row):
                sheet.write_string(n, column, cell)  # codes keep their zeros, dates their form
            written += 1
    return written
