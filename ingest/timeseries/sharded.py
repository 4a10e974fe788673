"""History of all shards, read as one: it stays where it was written when an area moves."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path

from ingest.timeseries.embedded import EmbeddedStore, event_order
from ingest.timeseries.port import History, Point, Series, Window
from ingest.timeseries.windows import series


class ShardedHistory(History):
    """Reads the day files and roll-ups of every shard; `folders` are asked anew each time."""

    def __init__(self, folders: Callable[[], Sequence[Path]]) -> None:
        self._folders = folders

    def close(self) -> None:
        """Nothing stays open."""

    def window(self, window: Window) -> Series:
        """The field aggregated per step."""
        return self.windows([window.lift], window)[window.lift]

    def windows(self, lifts: Sequence[str], window: Window) -> dict[str, Series]:
        """The same window of many lifts."""
        with ExitStack() as stack:
            kept = [each.opened(window, stack) for each in self._stores()]
            return {lift: series(kept, replace(window, lift=lift)) for lift in dict.fromkeys(lifts)}

    def latest(self, lifts: Sequence[str]) -> dict[str, Point]:
        """The newest point of each lift that has any."""
        newest = {lift: self.last_points(lift, 1) for lift in lifts}
        return {lift: points[0] for lift, points in newest.items() if points}

    def last_points(self, lift: str, limit: int) -> list[Point]:
        """The newest points of a lift, newest first."""
        found = [point for each in self._stores() for point in each.last_points(lift, limit)]
        return sorted(found, key=event_order, reverse=True)[:limit]

    def counts(self, first: date, final: date) -> dict[date, int]:
        """Points per day of event."""
        found: dict[date, int] = {}
        for each in self._stores():
            for day, number in each.counts(first, final).items():
                found[day] = found.get(day, 0) + number
        return found

    def _stores(self) -> list[EmbeddedStore]:
        return [EmbeddedStore.reader(each) for each in self._folders()]
