"""Which store keeps telemetry history, by the settings: the day files, or InfluxDB by a spool.

Either way the day files are kept in bounds: rolled up, and let go of when their time is over.
"""

import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from core.clock import Clock
from core.pulse import Pulse
from core.settling import settling
from devices.presence import PresenceLimits
from devices.silence import Silence
from hub.settings import History, Settings
from ingest.deadband import DeadBands
from ingest.timeseries.dayfiles import DayFiles
from ingest.timeseries.drain import Drainer
from ingest.timeseries.embedded import EmbeddedStore
from ingest.timeseries.free_space import FreeSpace
from ingest.timeseries.keeper import Keeper
from ingest.timeseries.retention import Keep
from ingest.timeseries.sharded import ShardedHistory
from ingest.timeseries.spool import SpoolRows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.timeseries.checkup import Checked
    from ingest.timeseries.influx import InfluxStore

READ_WITHIN = timedelta(seconds=8)  # a page that waits longer is no page
WRITE_WITHIN = timedelta(seconds=60)
_YEAR = timedelta(days=366)
_MB = 1_000_000


def writer(settings: Settings, folder: Path, clock: Clock) -> DayFiles:
    """What the telemetry lane commits to."""
    if not settings.history.url:
        return EmbeddedStore(folder, clock)
    budget = settings.history.spool_mb * _MB
    return DayFiles(folder, clock, SpoolRows(folder, budget=budget))


def floor_bytes(settings: Settings) -> int:
    """Below so much free disk no point is stored."""
    return settings.history.floor_mb * _MB


def room(settings: Settings, folder: Path, clock: Clock) -> FreeSpace:
    """Whether points may be stored; asked by the lane before every batch."""
    return FreeSpace(folder, clock, floor=floor_bytes(settings))


def keeper(
    settings: Settings,
    folder: Path,
    clock: Clock,
    handed_off: Callable[[], Mapping[str, int]],
    pulse: Pulse,
) -> Keeper:
    """What keeps the day files and roll-ups in bounds."""
    wanted = settings.history
    keep = Keep(
        raw=timedelta(days=wanted.raw_days),
        quarantine=timedelta(days=wanted.quarantine_days),
        minutes=wanted.minute_months * _YEAR / 12,
        hours=wanted.hour_years * _YEAR,
        tight=2 * floor_bytes(settings),
    )
    return Keeper(folder, clock, keep, handed_off, pulse=pulse)


def reader(
    settings: Settings, folders: Callable[[], Mapping[str, Path]]
) -> "ShardedHistory | InfluxStore":
    """What pages read from, of all shards; close it."""
    if not settings.history.url:
        return ShardedHistory(lambda: list(folders().values()))
    return influx(settings.history, READ_WITHIN)


def bands(settings: Settings) -> DeadBands:
    """Which difference is worth a row of history."""
    if not settings.ingest.dead_bands:
        return DeadBands.off()
    return DeadBands(heartbeat=timedelta(seconds=settings.ingest.heartbeat_s))


def silence(settings: Settings) -> Silence:
    """When a gateway is told silent."""
    after = timedelta(seconds=settings.ingest.silent_after_s)
    return Silence.by(PresenceLimits(offline_after=after))


def influx(history: History, timeout: timedelta) -> "InfluxStore":
    """The configured InfluxDB; raises HubError where its client is not installed."""
    from ingest.timeseries.influx import InfluxStore  # noqa: PLC0415  (an optional extra)

    return InfluxStore(
        history.url,
        token=history.token.get_secret_value(),
        org=history.org,
        bucket=history.bucket,
        timeout=timeout,
    )


def check(settings: Settings, *, lifts: int) -> "Iterator[Checked]":
    """What the doctor wants to know of a configured InfluxDB; HubError without its client."""
    with closing(influx(settings.history, READ_WITHIN)) as store:
        from ingest.timeseries import checkup  # noqa: PLC0415  (an optional extra)

        yield from checkup.check(store, lifts=lifts)


def drain(
    settings: Settings, folder: Path, clock: Clock, stop: threading.Event, pulse: Pulse
) -> None:
    """Take what waits in the spool to InfluxDB until `stop` is set."""
    days = settings.history.keep_days
    with settling():  # a load is thousands of points: searching them for cycles is a third of it
        store = influx(settings.history, WRITE_WITHIN)
    with closing(store):
        keep = timedelta(days=days) if days else None
        Drainer(folder, store, clock, keep=keep, pulse=pulse).run(stop)
