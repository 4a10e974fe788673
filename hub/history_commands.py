"""`hub history`: what is done with telemetry history by hand."""

from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from core.errors import HubError
from hub import history
from hub.folder import DataFolder
from hub.settings import load
from ingest.timeseries import moving

app = typer.Typer(no_args_is_help=True, help="Telemetry history.")
console = Console(highlight=False)


@app.command("copy")
def copy(
    source: Annotated[str, typer.Option("--from", help="embedded: the day files.")] = "embedded",
    target: Annotated[str, typer.Option("--to", help="influx: HUB_HISTORY__URL.")] = "influx",
    data: Annotated[Path | None, typer.Option("--data", help="Data folder (HUB_DATA_DIR).")] = None,
) -> None:
    """Copy history to InfluxDB and compare the counts; run again, it goes on where it was."""
    if (source, target) != ("embedded", "influx"):
        raise typer.BadParameter("only --from embedded --to influx")
    settings = load({} if data is None else {"HUB_DATA_DIR": str(data)})
    if not settings.history.url:
        raise HubError("name the InfluxDB first: HUB_HISTORY__URL, …__TOKEN, …__ORG, …__BUCKET")
    shards = DataFolder(settings.data_dir.resolve()).shards()
    name = f"{settings.history.url} {settings.history.org} {settings.history.bucket}"
    copied: Counter[str] = Counter()
    with closing(history.influx(settings.history, history.WRITE_WITHIN)) as store:
        with console.status("copying") as shown:

            def told(day: str, number: int) -> None:
                copied[day] += number
                shown.update(f"copying {day}: {copied[day]} points")

            for folder in shards.values():
                for refusal in moving.copy(folder, store, name, told):
                    console.print(
                        f"refused: {refusal.point.lift} {refusal.point.kind}"
                        f" {refusal.point.device_at.isoformat()}: {refusal.words}",
                        markup=False,
                        soft_wrap=True,
                    )
        days = moving.compare(list(shards.values()), store, name)
    for each in days:
        verdict = "whole" if each.whole else "NOT WHOLE"
        told_refused = f", {each.refused} refused" if each.refused else ""
        console.print(
            f"{each.day}: {each.source} messages here, {each.target} there{told_refused}: {verdict}"
        )
    console.print(f"copied {copied.total()} points in this run")
    if not all(each.whole for each in days):
        raise typer.Exit(1)
