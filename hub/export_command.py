"""`hub lifts export`: the register of lifts as a file that can be imported again."""

from pathlib import Path
from typing import Annotated

import typer

from core.datum import Datum
from devices import lift_export
from hub import table_files
from hub.cli_ground import Data, registry, say
from hub.table_files import Format

_FORMS = {f".{each}": each for each in Format}


def export_lifts(
    file: Annotated[Path, typer.Argument(help="A file to write: .csv or .xlsx.")],
    area: Annotated[str, typer.Option(help="Only this city's (6-digit division code).")] = "",
    datum: Annotated[Datum, typer.Option(help="What coordinates are relative to.")] = Datum.WGS84,
    data: Data = None,
) -> None:
    """Write every lift with the columns that `hub lifts import` takes."""
    form = _FORMS.get(file.suffix.lower())
    if form is None:
        raise typer.BadParameter("a name that ends in .csv or .xlsx", param_hint="FILE")
    with registry(data) as database:
        written = table_files.write(file, lift_export.rows(database, area=area, datum=datum), form)
    say(f"{file}: {written} lifts")
