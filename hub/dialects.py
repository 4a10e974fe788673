"""The mapping files: those that are shipped and those of the data folder.

A file of the data folder goes before a shipped one of the same name, so that a table can be mended
in the field. A file that cannot be read costs only the gateways that speak it: their messages are
quarantined as `dialect_unknown`, and `hub doctor` tells why.
"""

import sqlite3
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
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
    failed: frozenset[Path] = frozenset()

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
    failed: set[Path] = set()
    for file in (*sorted(SHIPPED.glob("*.toml")), *sorted(folder.glob("*.toml"))):
        try:
            dialect = read(file)
        except (HubError, OSError) as error:
            wrong.append(f"{file}: {error}")
            failed.add(file)
            continue
        if dialect.name == CANONICAL and file.parent != SHIPPED:
            wrong.append(f"{file}: name: {CANONICAL} is the hub's own contract: choose another")
            continue
        found[dialect.name], files[dialect.name] = dialect, file
    return Loaded(found, files, tuple(wrong), frozenset(failed))


Stamps = frozenset[tuple[Path, int, int]]


class Mappings:
    """The mapping files, read again when one has changed and stands still. For one thread.

    One that cannot be read any more leaves what it said before.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen = self._taken = _stamps(self._folder)
        self.loaded = load(folder)

    def look(self) -> bool:
        """Whether the dialects are others than at the last look."""
        seen, self._seen = self._seen, _stamps(self._folder)
        if self._seen != seen or self._seen == self._taken:  # somebody may be writing yet
            return False
        changed = {file for file, *_ in self._seen ^ self._taken}
        self._taken = self._seen
        before, fresh = self.loaded, load(self._folder)
        found, files = dict(fresh.dialects), dict(fresh.files)
        for name, file in before.files.items():
            stays = files.get(name) == file and file not in changed
            if stays or file in fresh.failed:
                found[name], files[name] = before.dialects[name], file
        self.loaded = Loaded(found, files, fresh.wrong, fresh.failed)
        return found.keys() != before.dialects.keys() or any(
            found[name] is not dialect for name, dialect in before.dialects.items()
        )


class Amiss:
    """Which mapping files cannot be read, as they stand now; for any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: tuple[Stamps, tuple[str, ...]] = (frozenset(), ())

    def __call__(self) -> Sequence[str]:
        """Each with the reason."""
        stamps = _stamps(self._folder)
        if stamps != self._known[0]:
            self._known = stamps, load(self._folder).wrong
        return self._known[1]


def _stamps(folder: Path) -> Stamps:
    found = set()
    for file in folder.glob("*.toml"):
        with suppress(FileNotFoundError):
            told = file.stat()
            found.add((file, told.st_mtime_ns, told.st_size))
    return frozenset(found)


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
