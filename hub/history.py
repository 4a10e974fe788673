"""Which store keeps telemetry history, by the settings: the day files, or InfluxDB by a spool."""

import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from core.clock import Clock
from core.pulse import Pulse
from hub.settings import History, Settings
from ingest.deadband import DeadBands
from ingest.timeseries.dayfiles import DayFiles
from ingest.timeseries.drain import Drainer
from ingest.timeseries.embedded import EmbeddedStore
from ingest.timeseries.spool import SpoolRows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.timeseries.checkup import Checked
    from ingest.timeseries.influx import InfluxStore

READ_WITHIN = timedelta(seconds=8)  # a page that waits longer is no page
WRITE_WITHIN = timedelta(seconds=60)


def writer(settings: Settings, folder: Path, clock: Clock) -> DayFiles:
    """What the telemetry lane commits to."""
    if not settings.history.url:
        return EmbeddedStore(folder, clock)
    budget = settings.history.spool_mb * 1_000_000
    return DayFiles(folder, clock, SpoolRows(folder, budget=budget))


def reader(settings: Settings, folder: Path) -> "EmbeddedStore | InfluxStore":
    """What pages read from; close it."""
    if not settings.history.url:
        return EmbeddedStore.reader(folder)
    return influx(settings.history, READ_WITHIN)


def bands(settings: Settings) -> DeadBands:
    """Which difference is worth a row of history."""
    if not settings.ingest.dead_bands:
        return DeadBands.off()
    return DeadBands(heartbeat=timedelta(seconds=settings.ingest.heartbeat_s))


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
    with closing(influx(settings.history, WRITE_WITHIN)) as store:
        keep = timedelta(days=days) if days else None
        Drainer(folder, store, clock, keep=keep, pulse=pulse).run(stop)
