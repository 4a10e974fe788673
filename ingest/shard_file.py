"""The file of the shard map: read by every process, changed under a lock, one whole map at a time.

A process that acts on what the map says (the HTTP door, which keeps an object for the owner of its
area) holds the lock together with others like it; a change waits until none does.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest import shards
from ingest.shards import ShardMap

_Stamp = tuple[int, int, int]


class ShardFile:
    """`shards.json` of a folder; where there is none everything is HOME's. For one thread each."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "shards.json"
        self._lock = folder / "shards.lock"
        self._stamp: _Stamp | None = None
        self._map = ShardMap()

    @property
    def path(self) -> Path:
        """The file."""
        return self._file

    def read(self) -> ShardMap:
        """The map as it stands; raises InvalidMessage where somebody has spoiled it."""
        try:
            found = self._file.stat()
        except FileNotFoundError:
            self._stamp, self._map = None, ShardMap()
            return self._map
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        if stamp != self._stamp:
            self._map = shards.decode(self._file.read_bytes())
            self._stamp = stamp
        return self._map

    def change(self, change: Callable[[ShardMap], ShardMap]) -> ShardMap:
        """Put what `change` makes of the map in its place; what it raises changes nothing."""
        with self.alone():
            return self.put(change(self.read()))

    def put(self, told: ShardMap) -> ShardMap:
        """The same for whoever holds the lock alone."""
        fresh = self._file.with_suffix(".new")
        with fresh.open("wb") as out:
            out.write(shards.encode(told))
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(self._file)
        sync(self._file.parent)
        return told

    @contextmanager
    def together(self) -> Iterator[ShardMap]:
        """The map, which stays as it is meanwhile."""
        with self._held(fcntl.LOCK_SH):
            yield self.read()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else changes the map meanwhile, or acts on it."""
        with self._held(fcntl.LOCK_EX):
            yield

    @contextmanager
    def _held(self, how: int) -> Iterator[None]:
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, how)
            yield
        finally:
            os.close(handle)


def sync(folder: Path) -> None:
    """Make a rename within the folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
