"""The newest states of all shards, read as one."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from devices.presence import DEFAULT, PresenceLimits
from ingest.latest import Counts, LatestReader


class LatestShards(LatestReader):
    """Reads `latest.db` of every shard; `folders` are asked anew each time.

    While an area moves both may know a lift for a moment: the newest word counts.
    """

    def __init__(self, folders: Callable[[], Mapping[str, Path]]) -> None:
        self._folders = folders

    def counts(self, now: datetime, limits: PresenceLimits = DEFAULT) -> Counts:
        """How many lifts are online, late and offline."""
        found = [LatestReader(each).counts(now, limits) for each in self._folders().values()]
        return Counts(
            sum(each.online for each in found),
            sum(each.late for each in found),
            sum(each.offline for each in found),
        )

    def _rows(
        self, statement: str, values: tuple[object, ...]
    ) -> list[tuple[Any, ...]]:  # as SQLite types them
        """The rows of all, the newest receipt last."""
        found: list[tuple[Any, ...]] = []
        for each in self._folders().values():
            found += LatestReader(each)._rows(statement, values)  # noqa: SLF001  (of its own kind)
        return sorted(found, key=lambda row: row[1])
