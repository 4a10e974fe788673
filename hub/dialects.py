"""The mapping files: those that are shipped and those of the data folder.

A file of the data folder goes before a shipped one of the same name, so that a table can be mended
in the field. A file that cannot be read costs only the gateways that speak it: their messages are
quarantined as `dialect_unknown`, and `hub doctor` tells why.
"""

import sqlite3
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from core.errors import HubError, InvalidMessage
from devices.directory import Directory
from devices.protocol.dialects import parsing
from devices.protocol.dialects.model import CANONICAL
from devices.protocol.dialects.places import Pattern
from devices.protocol.dialects.reading import Dialect
from hub.finding import Finding, Verdict

SHIPPED = Path(parsing.__file__).parent / "shipped"
LARGEST = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Loaded:
    """The dialects by name, where each comes from, and the files that could not be read."""

    dialects: Mapping[str, Dialect]
    files: Mapping[str, Path]
    wrong: tuple[str, ...] = ()

    def patterns(self) -> tuple[Pattern, ...]:
        """Every topic of every dialect."""
        return tuple(p for each in self.dialects.values() for p in each.topics)


def read(file: Path) -> Dialect:
    """Read a mapping file; raises InvalidMessage naming the key, OSError when it is not there."""
    if file.stat().st_size > LARGEST:
        raise InvalidMessage("too_large", f"more than {LARGEST} bytes")
    try:
        return parsing.parse(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidMessage("bad_toml", f"is no TOML: {error}") from error


def load(folder: Path) -> Loaded:
    """Everything that is shipped and that stands in `folder`. Raises nothing for a bad file."""
    found: dict[str, Dialect] = {}
    files: dict[str, Path] = {}
    wrong: list[str] = []
    for file in (*sorted(SHIPPED.glob("*.toml")), *sorted(folder.glob("*.toml"))):
        try:
            dialect = read(file)
        except (HubError, OSError) as error:
            wrong.append(f"{file}: {error}")
            continue
        if dialect.name == CANONICAL and file.parent != SHIPPED:
            wrong.append(f"{file}: name: {CANONICAL} is the hub's own contract: choose another")
            continue
        found[dialect.name], files[dialect.name] = dialect, file
    return Loaded(found, files, tuple(wrong))


def listening(
    registry: Callable[[], Directory],
    filters: Callable[[Directory], Sequence[str]],
    follow: Callable[[Sequence[str]], None],
) -> Callable[[], Directory]:
    """The registry, which tells `follow` the topics that its gateways speak on."""
    last: Directory | None = None

    def load_directory() -> Directory:
        nonlocal last
        directory = registry()
        if directory is not last:
            last = directory
            follow(filters(directory))
        return directory

    return load_directory


def examine(folder: Path, database_url: str) -> Iterator[Finding]:
    """What `hub doctor` says: files that cannot be read, and gateways that speak none of them."""
    loaded = load(folder)
    for each in loaded.wrong:
        remedy = "`hub dialect try FILE SAMPLE` tells more; docs/dialects.md has every key"
        yield Finding("dialects", Verdict.SERIOUS, each, remedy)
    lost = sorted(set(speakers(database_url).values()) - loaded.dialects.keys())
    if lost:
        remedy = f"put its mapping into {folder}, or correct the gateway's dialect"
        yield Finding("dialects", Verdict.SERIOUS, f"no mapping {', '.join(lost)}", remedy)
    if not loaded.wrong and not lost:
        yield Finding("dialects", Verdict.WELL, ", ".join(sorted(loaded.dialects)))


def speakers(database_url: str) -> dict[str, str]:
    """The dialect of every gateway that does not speak the hub's own contract."""
    file = database_url.removeprefix("sqlite:///")
    asked = "SELECT id, dialect FROM gateway WHERE dialect <> ?"
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            return dict(connection.execute(asked, (CANONICAL,)).fetchall())
    except sqlite3.Error:  # no database yet, or one of an older version
        return {}
