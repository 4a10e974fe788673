"""The registry in memory, for the processes that look a lift up at every message."""

from functools import partial

from core.clock import Clock
from core.db import Database
from core.settling import settling
from devices.directory import Directory, load_directory, registry_version

RELOAD_EVERY_S = 1.0


class Registry:
    """The registry in memory, read again when its newest journal entry has moved.

    `bare`: small, and lifts only as their telemetry needs them; so a new picture of a province
    stands beside the old one for 50 MB more, until whoever holds the old one lets it go.
    """

    def __init__(self, database: Database, clock: Clock, *, bare: bool = False) -> None:
        self._database = database
        self._clock = clock
        self._load = partial(load_directory, bare=bare)
        with settling():
            self._directory = database.read(self._load)
        self._looked_at = clock.monotonic()

    def __call__(self) -> Directory:
        """The registry, at most RELOAD_EVERY_S behind."""
        now = self._clock.monotonic()
        if now - self._looked_at >= RELOAD_EVERY_S:
            self._looked_at = now
            if self._database.read(registry_version) != self._directory.version:
                self._directory = self._database.read(self._load)
        return self._directory
