"""What a proof reads back: from the day files, from InfluxDB, from the rescue's database."""

import csv
import io
import json
import sqlite3
import urllib.request
import zlib
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
from sqlalchemy import select

from alerts import tables
from core import metrics
from core.db import Database
from hub import gauges
from hub.folder import DataFolder
from hub.proof.site import History
from ingest.quarantine import QuarantineReader
from ingest.timeseries.dayfiles import day_files
from ingest.timeseries.port import Point
from ingest.timeseries.reading import reading
from ingest.timeseries.steps import micros
from simulators.crowd import BOOT, number_of

_SAMPLES = "SELECT id, boot, gateway, seq, received_at_us FROM sample WHERE id > ? ORDER BY id"
_SPOOL = "SELECT id, body FROM spool WHERE id > ? ORDER BY id"
_points = msgspec.msgpack.Decoder(list[Point])


class Tally:
    """How often each number of each gateway stands in a store, and when it was received."""

    def __init__(self, size: int) -> None:
        self.times = [array("B") for _ in range(size)]
        self.received_at = [array("d") for _ in range(size)]
        self.total = 0
        self.foreign: Counter[str] = Counter()

    def add(self, gateway: str, seq: int, received_us: int) -> None:
        """One row more."""
        try:
            number = number_of(gateway)
            times, received = self.times[number], self.received_at[number]
        except (ValueError, IndexError):
            self.foreign[gateway] += 1
            return
        while len(times) < seq:
            times.append(0)
            received.append(0.0)
        times[seq - 1] = min(times[seq - 1] + 1, 255)
        received[seq - 1] = received_us / 1e6
        self.total += 1

    def has(self, number: int, seq: int) -> bool:
        """Whether it is there at all."""
        return seq <= len(self.times[number]) and self.times[number][seq - 1] > 0


class DayRows:
    """The hub's own commit, read on: samples, or the spool of what goes to InfluxDB."""

    def __init__(self, telemetry: Path, size: int, *, spooled: bool) -> None:
        self.tally = Tally(size)
        self.others: Counter[str] = Counter()  # rows that are not the crowd's own words, by gateway
        self._telemetry = telemetry
        self._spooled = spooled
        self._read: dict[Path, int] = {}

    def read_on(self) -> int:
        """Take what is new; how many rows are known now."""
        for shard in sorted(self._telemetry.iterdir()):
            for file in day_files(shard) if shard.is_dir() else ():
                with reading(file) as connection:
                    self._read_file(file, connection)
        return self.tally.total

    def _read_file(self, file: Path, connection: sqlite3.Connection) -> None:
        last = self._read.get(file, 0)
        if self._spooled:
            for row, body in connection.execute(_SPOOL, (last,)):
                for point in _points.decode(zlib.decompress(body)):
                    self._add(point.boot, point.gateway, point.seq, micros(point.received_at))
                self._read[file] = row
        else:
            for row, *told in connection.execute(_SAMPLES, (last,)):
                self._add(*told)
                self._read[file] = row

    def _add(self, boot: str, gateway: str, seq: int | None, received_us: int) -> None:
        if boot == BOOT and seq is not None:
            self.tally.add(gateway, seq, received_us)
        else:
            self.others[gateway] += 1


def in_influx(where: History, size: int, since: float) -> Tally:
    """Every number that stands in InfluxDB, by points whose event is not before `since`."""
    bucket = json.dumps(where.bucket)
    flux = (
        f"from(bucket: {bucket}) |> range(start: {int(since)})"
        " |> filter(fn: (r) => r.gateway =~ /^P[0-9]+$/)"
        ' |> filter(fn: (r) => r._field == "seq" or r._field == "boot")'
        ' |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
        f' |> filter(fn: (r) => r.boot == "{BOOT}")'
        ' |> keep(columns: ["gateway", "seq"])'
    )
    request = urllib.request.Request(  # noqa: S310  (as the caller says)
        f"{where.url}/api/v2/query?org={where.org}",
        data=json.dumps(
            {"query": flux, "dialect": {"header": True, "annotations": [], "delimiter": ","}}
        ).encode(),
        headers={"Authorization": f"Token {where.token}", "Content-Type": "application/json"},
    )
    tally = Tally(size)
    with urllib.request.urlopen(request, timeout=600) as answer:  # noqa: S310
        for row in _rows(io.TextIOWrapper(answer, encoding="utf-8", newline="")):
            tally.add(row["gateway"], int(row["seq"]), 0)
    return tally


def _rows(lines: io.TextIOWrapper) -> Iterator[dict[str, str]]:
    for row in csv.DictReader(lines):
        if (row.get("seq") or "").isdigit():  # a header comes again with every table
            yield row


@dataclass(frozen=True, slots=True)
class Rescue:
    """What the rescue's database holds: incidents by call, reports by call, alarms by condition."""

    incidents: dict[str, set[str]]
    reports: Counter[str]
    alarms: Counter[str]


def rescue(folder: DataFolder) -> Rescue:
    """Read it all."""
    incidents: dict[str, set[str]] = {}
    reports: Counter[str] = Counter()
    report, alarm = tables.report.c, tables.alarm.c
    with Database(folder.database_url(""), readers=1) as database:
        for key, incident in database.read(
            lambda c: c.execute(select(report.event_key, report.incident_id)).all()
        ):
            name = key.rsplit("/", 1)[-1]
            reports[name] += 1
            incidents.setdefault(name, set()).add(incident)
        rows = database.read(lambda c: c.execute(select(alarm.event_id)).scalars().all())
    return Rescue(incidents, reports, Counter(rows))


def refused(telemetry: Path) -> Counter[str]:
    """What is in quarantine, by reason."""
    found: Counter[str] = Counter()
    for shard in sorted(telemetry.iterdir()):
        if shard.is_dir():
            found.update(QuarantineReader(shard).counts())
    return found


def figures(folder: DataFolder) -> gauges.Reading:
    """What the hub's processes have counted, those that died too."""
    return gauges.read(metrics.exposition(str(folder.metrics)).decode())
