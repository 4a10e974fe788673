"""The registry in memory, for the processes that look a lift up at every message."""

from core.clock import Clock
from core.db import Database
from devices.directory import Directory, load_directory, registry_version

RELOAD_EVERY_S = 1.0


class Registry:
    """The registry in memory, read again when its newest journal entry has moved."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._directory = database.read(load_directory)
        self._looked_at = clock.monotonic()

    def __call__(self) -> Directory:
        """The registry, at most RELOAD_EVERY_S behind."""
        now = self._clock.monotonic()
        if now - self._looked_at >= RELOAD_EVERY_S:
            self._looked_at = now
            if self._database.read(registry_version) != self._directory.version:
                self._directory = self._database.read(load_directory)
        return self._directory
