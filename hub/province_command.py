"""`hub province`: the files of a sample province, to try imports, searches and pages with."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from devices import register_import
from hub import table_files
from hub.cli_ground import say
from hub.table_files import Format
from simulators import province

Out = Annotated[Path, typer.Argument(help="A folder for the files.", show_default=False)]
Seed = Annotated[int, typer.Option(help="The same seed gives the same province.")]
Lifts = Annotated[int, typer.Option(min=1, max=800_000, help="How many lifts.")]
Firms = Annotated[int, typer.Option(min=1, max=9_999, help="How many maintenance firms.")]
Stations = Annotated[int, typer.Option(min=0, max=9_999, help="How many rescue stations.")]
Kitchens = Annotated[int, typer.Option(min=0, max=99_999, help="How many kitchens.")]


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
    return table_files.write(file, table, form)


def _cells(
    header: list[str], first: province.Row, rows: Iterator[province.Row]
) -> Iterator[Sequence[object]]:
    yield header
    yield [first[name] for name in header]
    for row in rows:
        yield [row[name] for name in header]
