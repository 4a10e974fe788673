"""What the parts of the command line share: where they print, and the database they open."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from core.db import Database
from core.journal import Actor
from hub import schema, soundness
from hub.folder import DataFolder
from hub.settings import Settings, load

Data = Annotated[Path | None, typer.Option("--data", help="Data folder (HUB_DATA_DIR).")]
CLI = Actor("system", "cli")
console = Console(highlight=False)


def say(line: str) -> None:
    """Print a line as it is: no markup, no wrapping."""
    console.print(line, markup=False, soft_wrap=True)


def plain(text: str) -> str:
    """Without what a terminal would obey, for words that came from outside."""
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


def sound(data: Path | None) -> Settings:
    """The settings, tried; raises WrongSettings telling everything that is wrong."""
    return soundness.require(load({"HUB_DATA_DIR": str(data)} if data else {}))


@contextmanager
def registry(data: Path | None) -> Iterator[Database]:
    """The database of this version's schema, whether a hub runs on it or not."""
    settings = sound(data)
    folder = DataFolder(settings.data_dir.resolve())
    with Database(folder.database_url(settings.database.url)) as database:
        schema.migrate(database)
        yield database
