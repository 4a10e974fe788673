"""What the parts of the command line share: where they print, and the database they open."""

import os
import pwd
import socket
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
Why = Annotated[str, typer.Option("--reason", help="Why, for the journal.")]
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


def operator() -> Actor:
    """Whoever works at this machine, as the journal knows them, with user and machine."""
    return Actor("system", "cli", f"{pwd.getpwuid(os.getuid()).pw_name}@{socket.gethostname()}")


@contextmanager
def registry(data: Path | None) -> Iterator[Database]:
    """The database of this version's schema, whether a hub runs on it or not."""
    settings = sound(data)
    folder = DataFolder(settings.data_dir.resolve())
    with Database(folder.database_url(settings.database.url)) as database:
        schema.migrate(database)
        yield database
