"""`hub import` and `hub lifts import`: what exists, from CSV and XLSX files."""

import csv
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from core.clock import SystemClock
from core.datum import Datum
from devices import register_import
from devices.bulk import Bulk
from devices.lift_csv import LIFTS
from devices.sheet import Outcome, RowResult, report_lines
from hub.cli_ground import Data, operator, registry, say, sound
from hub.export_command import export_lifts
from hub.folder import DataFolder

lifts_app = typer.Typer(no_args_is_help=True, help="The register of lifts.")
lifts_app.command("export")(export_lifts)

KINDS = tuple(register_import.sheets())
File = Annotated[Path | None, typer.Argument(help="A CSV or XLSX file.", show_default=False)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be.")]
ReportTo = Annotated[
    Path | None, typer.Option("--report", help="A CSV file for every row's answer.")
]
Template = Annotated[bool, typer.Option("--template", help="Print the header and a sample row.")]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Import the good rows of a file that has bad ones.")
]
DatumOf = Annotated[
    Datum, typer.Option("--datum", help="Of lifts' coordinates, where rows do not say of which.")
]
Kind = Annotated[str, typer.Argument(help=f"One of {', '.join(KINDS)}.")]
_TOLD = 200  # rows whose problems are printed; the report has them all


def import_file(
    kind: Kind,
    file: File = None,
    dry_run: DryRun = False,
    skip_bad: SkipBad = False,
    report: ReportTo = None,
    template: Template = False,
    datum: DatumOf = Datum.WGS84,
    data: Data = None,
) -> None:
    """Import a file, wholly or (with a bad row in it) not at all; every problem has its remedy."""
    kind = kind.replace("-", "_")
    if kind not in KINDS:
        raise typer.BadParameter(f"one of {', '.join(KINDS)}", param_hint="KIND")
    sheet = register_import.sheets()[kind]
    if template:
        typer.echo(sheet.template(), nl=False)
        return
    if file is None:
        raise typer.BadParameter("name a file, or ask for a --template", param_hint="FILE")
    content = file.read_bytes()
    if kind == "lifts":
        good = _lifts(file, content, report, data, datum, dry=dry_run, skip_bad=skip_bad)
    else:
        good = _others(kind, file, content, report, data, dry=dry_run, skip_bad=skip_bad)
    if not good:
        raise typer.Exit(1)


def _lifts(
    file: Path,
    content: bytes,
    report: Path | None,
    data: Path | None,
    datum: Datum,
    *,
    dry: bool,
    skip_bad: bool,
) -> bool:
    folder = DataFolder(sound(data).data_dir.resolve()).imports
    with registry(data) as database, _bars() as bars:
        bulk = Bulk(
            database=database,
            folder=folder,
            clock=SystemClock(),
            actor=operator(),
            progress=_shown_on(bars),
            datum=datum,
        )
        with bulk.run(content, dry=dry, skip_bad=skip_bad) as done:
            bars.stop()
            _write_report(report, done.rows(), LIFTS.keys[0])
            if done.resumed:
                say(f"{file.name}: went on with the import that was cut short")
            _tell_problems(done.rows())
            return _sum_up(file, done.counts, dry=dry, applied=done.applied)


def _others(
    kind: str,
    file: Path,
    content: bytes,
    report: Path | None,
    data: Path | None,
    *,
    dry: bool,
    skip_bad: bool,
) -> bool:
    with registry(data) as database, _bars() as bars:
        done = register_import.bring(
            *(database, kind, content, SystemClock(), operator()),
            dry=dry,
            skip_bad=skip_bad,
            progress=_shown_on(bars),
        )
    _write_report(report, done.rows, done.key)
    _tell_problems(done.rows)
    return _sum_up(file, done.counts, dry=dry, applied=not done.dry_run)


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _shown_on(bars: Progress) -> Callable[[str, int, int], None]:
    shown: dict[str, TaskID] = {}

    def show(doing: str, done: int, whole: int) -> None:
        if doing not in shown:
            shown[doing] = bars.add_task(doing, total=whole or None)
        bars.update(shown[doing], completed=done)

    return show


def _write_report(report: Path | None, rows: Iterable[RowResult], key: str) -> None:
    if report is not None:
        with report.open("w", encoding="utf-8-sig", newline="") as opened:
            csv.writer(opened, lineterminator="\r\n").writerows(report_lines(rows, key))


def _tell_problems(rows: Iterable[RowResult]) -> None:
    wrong = (row for row in rows if row.problems)
    for row in islice(wrong, _TOLD):
        for each in row.problems:
            say(f"line {row.line}: {row.outcome}: {each.field}: {each.reason}; {each.remedy}")
    if more := sum(1 for _ in wrong):
        say(f"... and {more} more bad rows: --report FILE.csv tells all")


def _sum_up(file: Path, counts: Mapping[Outcome, int], *, dry: bool, applied: bool) -> bool:
    """Say what became of the file; whether all of it is good."""
    told = ", ".join(f"{number} {outcome}" for outcome, number in counts.items())
    if not any(counts.values()):
        told = "a header and no row below it"
    if dry:
        told += " (dry run: nothing changed)"
    elif not applied:
        told += " (nothing changed: correct the bad rows, or import the others with --skip-bad)"
    say(f"{file.name}: {told}")
    return not counts[Outcome.REFUSED]


@lifts_app.command("import")
def import_lifts(
    file: File = None,
    dry_run: DryRun = False,
    skip_bad: SkipBad = False,
    report: ReportTo = None,
    template: Template = False,
    datum: DatumOf = Datum.WGS84,
    data: Data = None,
) -> None:
    """Import lifts; the same as `hub import lifts`."""
    import_file("lifts", file, dry_run, skip_bad, report, template, datum, data)
