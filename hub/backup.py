"""Copy a running hub into one archive, and prove that an archive can be restored.

Every SQLite file is copied with SQLite's own online backup, so the hub goes on meanwhile; each file
is whole by itself, and hand-off rows that one copy has and another has not are applied once after
a restore, because they are keyed. Video segments and broker queues are not copied. The archive
carries a manifest with a SHA-256 per file; secrets are in it, so it is as secret as they are.
"""

import errno
import gzip
import hashlib
import io
import json
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.errors import Conflict, InvalidMessage

MANIFEST = "manifest.json"
FORMAT = 1
_DAMAGED = (tarfile.TarError, gzip.BadGzipFile, zlib.error, ValueError, EOFError)
PARTIAL, ARCHIVE = ".partial", ".tar.gz"  # no backup holds another
ASIDE = ".restoring"
LEFT_OUT = ("backups", "metrics", "run", "broker", "video/hls", "hub.lock", "children.lock")


@dataclass(frozen=True, slots=True)
class Checked:
    """What an archive holds and when it was made."""

    made_at: str
    files: int
    bytes: int
    integrity: tuple[str, ...]  # databases that SQLite found whole


def backup(data: Path, archive: Path, now: datetime, *, version: str) -> Checked:
    """Write `archive` (.tar.gz) from the data folder; raises Conflict when it exists."""
    if archive.exists():
        raise Conflict("exists", f"{archive} exists: choose another name")
    entries: dict[str, dict[str, object]] = {}
    partial = archive.with_name(archive.name + PARTIAL)
    try:
        with (
            tempfile.TemporaryDirectory(dir=archive.parent) as scratch,
            tarfile.open(partial, "w:gz") as tar,
        ):
            partial.chmod(0o600)
            for file in _chosen(data):
                name = file.relative_to(data).as_posix()
                source = _copy(file, Path(scratch)) if file.suffix == ".db" else file
                entries[name] = {"sha256": _digest(source), "bytes": source.stat().st_size}
                tar.add(source, arcname=name, recursive=False)
            _add_manifest(tar, entries, now, version)
        checked = verify(partial)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    partial.rename(archive)
    return checked


def _add_manifest(
    tar: tarfile.TarFile, entries: dict[str, dict[str, object]], now: datetime, version: str
) -> None:
    manifest = {
        "format": FORMAT,
        "version": version,
        "made_at": now.isoformat(),
        "files": entries,
    }
    content = json.dumps(manifest, indent=1).encode()
    entry = tarfile.TarInfo(MANIFEST)
    entry.size, entry.mode = len(content), 0o600
    tar.addfile(entry, io.BytesIO(content))


def verify(archive: Path) -> Checked:
    """Unpack aside, compare every hash, and let SQLite check every database.

    Raises InvalidMessage("bad_archive") naming the first file that does not hold.
    """
    with tempfile.TemporaryDirectory() as scratch:
        return _unpack(archive, Path(scratch))


def restore(archive: Path, data: Path) -> Checked:
    """Unpack into an empty or missing data folder; raises Conflict when it holds anything.

    Everything is unpacked aside and checked first: a restore that fails, or is cut off, leaves
    nothing that a hub would start on. Aside is within the folder, which may be a disk of its own
    below a parent that is not ours.
    """
    aside = data / ASIDE
    if data.exists() and any(each != aside for each in data.iterdir()):
        raise Conflict("not_empty", f"{data} is not empty: restore into an empty folder")
    made = not data.exists()
    shutil.rmtree(aside, ignore_errors=True)  # of a restore that was cut off
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside.mkdir(mode=0o700)
    whole = False
    try:
        done = _unpack(archive, aside)
        # The relational database comes last: without it a folder is nobody's.
        for entry in sorted(aside.iterdir(), key=lambda each: each.name == "hub.db"):
            entry.rename(data / entry.name)
        whole = True
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        if made and not whole:
            data.rmdir()
    return done


def _unpack(archive: Path, target: Path) -> Checked:
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(target, filter="data")
        manifest_file = target / MANIFEST
        manifest = json.loads(manifest_file.read_bytes())
        manifest_file.unlink()
        files = manifest["files"]
        made_at = manifest["made_at"]
    except (*_DAMAGED, KeyError) as error:
        said = "not a whole backup of a hub: cut off, damaged, or something else"
        raise InvalidMessage("bad_archive", said, field=archive.name) from error
    except OSError as error:
        if error.errno == errno.ENOENT and archive.exists():
            said = "not a backup of a hub: it has no list of its files"
            raise InvalidMessage("bad_archive", said, field=archive.name) from error
        place = archive if error.errno == errno.ENOENT else target.parent
        raise OSError(error.errno, error.strerror, str(place)) from error  # no name of a moment
    whole: list[str] = []
    for name, kept in files.items():
        file = target / name
        if not file.is_file() or _digest(file) != kept["sha256"]:
            raise InvalidMessage("bad_archive", "missing or changed", field=name)
        if file.suffix == ".db":
            with closing(sqlite3.connect(file)) as connection:
                answer = connection.execute("PRAGMA integrity_check").fetchone()[0]
            if answer != "ok":
                raise InvalidMessage("bad_archive", f"SQLite says {answer}", field=name)
            whole.append(name)
    return Checked(made_at, len(files), sum(f["bytes"] for f in files.values()), tuple(whole))


def _chosen(data: Path) -> Iterator[Path]:
    for file in sorted(data.rglob("*")):
        name = file.relative_to(data).as_posix()
        if not file.is_file() or file.name.endswith(("-wal", "-shm", PARTIAL, ARCHIVE)):
            continue
        if any(name == out or name.startswith(out + "/") for out in LEFT_OUT):
            continue
        yield file


def _copy(file: Path, scratch: Path) -> Path:
    copy = scratch / "copy.db"
    copy.unlink(missing_ok=True)
    try:
        with (
            closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        said = f"cannot be copied ({error}); `hub doctor` looks into it"
        raise InvalidMessage("bad_database", said, field=file.name) from error
    return copy


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
