"""The newest states of all shards, read as one."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from devices.presence import DEFAULT, Presence, PresenceLimits, presence
from ingest.latest import Counts, LatestReader


class LatestShards(LatestReader):
    """Reads `latest.db` of every shard; `folders` are asked anew each time.

    After an area has moved both know its lifts: the newest word counts.
    """

    def __init__(self, folders: Callable[[], Mapping[str, Path]]) -> None:
        self._folders = folders

    def counts(self, now: datetime, limits: PresenceLimits = DEFAULT) -> Counts:
        """How many lifts are online, late and offline, each once, by its newest word."""
        folders = list(self._folders().values())
        if len(folders) == 1:
            return LatestReader(folders[0]).counts(now, limits)
        found = Counter(presence(at, now, limits) for at in self.heard().values())
        return Counts(found[Presence.ONLINE], found[Presence.LATE], found[Presence.OFFLINE])

    def _rows(
        self, statement: str, values: tuple[object, ...]
    ) -> list[tuple[Any, ...]]:  # as SQLite types them
        """The rows of all, the newest receipt last."""
        found: list[tuple[Any, ...]] = []
        for each in self._folders().values():
            found += LatestReader(each)._rows(statement, values)  # noqa: SLF001  (of its own kind)
        return sorted(found, key=lambda row: row[1])
