"""`hub import` and `hub lifts import`: what exists, from CSV and XLSX files."""

from pathlib import Path
from typing import Annotated

import typer

from core.clock import SystemClock
from devices import register_import
from devices.sheet import Outcome
from hub.cli_ground import CLI, Data, registry, say

lifts_app = typer.Typer(no_args_is_help=True, help="The register of lifts.")

KINDS = tuple(register_import.sheets())
File = Annotated[Path | None, typer.Argument(help="A CSV or XLSX file.", show_default=False)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be.")]
ReportTo = Annotated[
    Path | None, typer.Option("--report", help="A CSV file for every row's answer.")
]
Template = Annotated[bool, typer.Option("--template", help="Print the header and a sample row.")]
Kind = Annotated[str, typer.Argument(help=f"One of {', '.join(KINDS)}.")]


def import_file(
    kind: Kind,
    file: File = None,
    dry_run: DryRun = False,
    report: ReportTo = None,
    template: Template = False,
    data: Data = None,
) -> None:
    """Import a file; everything that is wrong in a row is told with its remedy."""
    kind = kind.replace("-", "_")
    if kind not in KINDS:
        raise typer.BadParameter(f"one of {', '.join(KINDS)}", param_hint="KIND")
    if template:
        typer.echo(register_import.sheets()[kind].template(), nl=False)
        return
    if file is None:
        raise typer.BadParameter("name a file, or ask for a --template", param_hint="FILE")
    content = file.read_bytes()
    with registry(data) as database:
        now = SystemClock().now()
        done = register_import.run(database, kind, content, now, CLI, dry=dry_run)
    if report is not None:
        report.write_text(done.as_csv(), encoding="utf-8-sig", newline="")
    for row in done.rows:
        for each in row.problems:
            say(f"line {row.line}: {row.outcome}: {each.field}: {each.reason}; {each.remedy}")
    told = ", ".join(f"{number} {outcome}" for outcome, number in done.counts.items())
    if not done.rows:
        told = "a header and no row below it"
    say(f"{file.name}: {told}{' (dry run: nothing changed)' if dry_run else ''}")
    if done.counts[Outcome.REFUSED]:
        raise typer.Exit(1)


@lifts_app.command("import")
def import_lifts(
    file: File = None,
    dry_run: DryRun = False,
    report: ReportTo = None,
    template: Template = False,
    data: Data = None,
) -> None:
    """Import lifts; the same as `hub import lifts`."""
    import_file("lifts", file, dry_run, report, template, data)
