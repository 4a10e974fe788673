"""A telemetry process with very many lifts and no broker, measured from within.

Run as `python -m tests.support.province FOLDER LIFTS first|again`; prints one JSON object. `first`
lets every lift speak and measures what a message costs; `again` measures a restart over the folder.
"""

import itertools
import json
import sqlite3
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alerts import conditions
from core.clock import ManualClock
from core.db import Database, metadata
from core.settling import settling
from devices.directory import load_directory
from ingest.gate import AreaGate
from ingest.lane import Delivery
from ingest.latest import LatestStates
from ingest.shards import area_of
from ingest.telemetry import BATCH, TelemetryLane
from ingest.timeseries.embedded import EmbeddedStore

AREA = "410100"
START = datetime(2026, 11, 23, 4, tzinfo=UTC)
STATUS, HEARTBEAT, STATS = "status", "heartbeat", "stats"
NO_WAIT = timedelta(0)
MEASURED = 40_000  # messages of each kind


class Bare:
    """A broker that has what it was told last and takes every acknowledgement."""

    connected = True
    queued = 0

    def __init__(self) -> None:
        self.told: list[Delivery] = []

    def start(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""

    def follow(self, filters: Sequence[str]) -> None:
        """Nothing to do."""

    def take(self, limit: int, timeout: timedelta) -> list[Delivery]:
        """What was told since the last time."""
        del limit, timeout
        told, self.told = self.told, []
        return told

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Taken."""


def build_registry(file: Path, lifts: int) -> None:
    """A registry with a gateway a lift, as bare rows."""
    with Database(f"sqlite:///{file}") as database:
        database.write(metadata.create_all)
    at = "2026-11-01 00:00:00.000000"
    tables = metadata.tables
    with closing(sqlite3.connect(file)) as connection, connection:

        def fill(name: str, rows: list[dict[str, object]]) -> None:
            table = tables[name]
            columns = [c.name for c in table.columns]
            needed = {
                c.name: at if "at" in c.name.split("_") else 0 if c.type.python_type is int else ""
                for c in table.columns
                if not (c.nullable or c.name in rows[0] or c.server_default is not None)
            }
            named = [c for c in columns if c in rows[0] or c in needed]
            connection.executemany(
                f"INSERT INTO {name} ({','.join(named)})"  # noqa: S608
                f" VALUES ({','.join('?' * len(named))})",
                [tuple({**needed, **row}[c] for c in named) for row in rows],
            )

        numbers = range(1, lifts + 1)
        fill(
            "lift",
            [
                {
                    "id": n,
                    "rescue_code": f"{n:06}",
                    "registration_code": f"31104101002026{n:06}",
                    "area": AREA,
                    "district": "410105",
                    "address": f"示例路 {n} 号示例小区东门",
                    "building": f"{n // 4} 号楼",
                    "latitude": 34.7 + n / 1e6,
                    "longitude": 113.6,
                    "kind": "traction_passenger",
                    "place_type": "residential",
                    "min_floor": -1,
                    "max_floor": 18 + n % 9,
                    "rated_speed_m_per_s": 1.75,
                    "rated_load_kg": 1000,
                }
                for n in numbers
            ],
        )
        fill(
            "gateway", [{"id": f"GW-{n:06}", "area": AREA, "dialect": "canonical"} for n in numbers]
        )
        fill("gateway_lift", [{"gateway_id": f"GW-{n:06}", "lift_id": n} for n in numbers])


class Province:
    """The telemetry process's parts over a folder."""

    def __init__(self, folder: Path, clock: ManualClock) -> None:
        self.clock = clock
        began, used = time.monotonic(), time.process_time()
        with Database(f"sqlite:///{folder / 'hub.db'}", readers=1) as database, settling():
            registry = database.read(lambda c: load_directory(c, bare=True))
        self.registry_s = time.monotonic() - began
        self.registry_cpu_s = time.process_time() - used
        self.registry_mb = resident_mb()
        began, used = time.monotonic(), time.process_time()
        self.broker = Bare()
        self.store = EmbeddedStore(folder / "telemetry", clock)
        self.latest = LatestStates(folder / "telemetry" / "latest")
        with settling():
            self.lane = TelemetryLane(
                AreaGate(self.broker, lambda topic: bool(area_of(topic)), clock),
                lambda: registry,
                conditions.judge,
                conditions.elapse,
                self.store,
                clock,
                self.latest,
            )
        self.recall_s = time.monotonic() - began
        self.recall_cpu_s = time.process_time() - used
        self.seq = itertools.count(1)

    def say(
        self, numbers: Sequence[int], seq: int, floor: int, speed: float, kind: str = STATUS
    ) -> float:
        """Each of those lifts says a status; CPU in microseconds a message."""
        spent = 0.0
        for start in range(0, len(numbers), BATCH):
            self.broker.told = self.told(numbers[start : start + BATCH], seq, floor, speed, kind)
            used = time.process_time()
            self.lane.run_once(NO_WAIT)
            spent += time.process_time() - used
        self.clock.advance(timedelta(seconds=2))
        return spent / len(numbers) * 1e6

    def told(
        self, numbers: Sequence[int], seq: int, floor: int, speed: float, kind: str
    ) -> list[Delivery]:
        """What the broker delivers then."""
        at = self.clock.now()
        ts = int(at.timestamp() * 1000)
        words = {
            STATUS: f'"mode":"normal","car":"running","direction":"up","floor":{floor},'
            f'"door":"closed","door_zone":false,"occupied":true,"speed_m_s":{speed:.2f},"load_kg":75',
            HEARTBEAT: f'"signal_dbm":-71,"battery_pct":99.5,"firmware":"1.4.2","uptime_s":{seq}',
            STATS: f'"run_count":1000{seq},"run_hours":41.25,"door_cycles":2000{seq},"trips":{seq}',
        }[kind]
        return [
            Delivery(
                f"lift/v1/{AREA}/GW-{n:06}/{kind}",
                f'{{"ts":{ts},"seq":{seq},"boot":"b{n}",{_named(n, kind)}{words}}}'.encode(),
                at,
                1,
                1,
                1,
            )
            for n in numbers
        ]


def _named(number: int, kind: str) -> str:
    return "" if kind == HEARTBEAT else f'"lift":"{number:06}",'


def resident_mb() -> float:
    """What this process holds of memory."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0


def first(folder: Path, lifts: int) -> dict[str, float]:
    """Everybody speaks, then some say the same again, then something new."""
    build_registry(folder / "hub.db", lifts)
    base_mb = resident_mb()
    province = Province(folder, ManualClock(START))
    everybody = range(1, lifts + 1)
    new_us = province.say(everybody, 1, 1, 1.0)
    province.say(everybody, 2, 2, 1.0)
    province.latest.flush(province.lane.pipeline)
    seqs = itertools.count(3)
    rounds = max(MEASURED // lifts, 2)
    some = everybody[: min(lifts, MEASURED)]
    began = time.monotonic()
    unchanged = [province.say(some, next(seqs), 2, 1.01) for _ in range(rounds)]
    middle = time.monotonic()
    changed = [province.say(some, next(seqs), 3 + n % 9, 1.0) for n in range(rounds)]
    ended = time.monotonic()
    lean_mb = resident_mb()
    province.say(everybody, next(seqs), 0, 0.0, HEARTBEAT)
    province.say(everybody, next(seqs), 0, 0.0, STATS)
    return {  # and killed, so that `again` has much to read again
        "lifts": lifts,
        "base_mb": base_mb,
        "registry_mb": province.registry_mb,
        "resident_mb": lean_mb,
        "all_kinds_mb": resident_mb(),
        "registry_s": province.registry_s,
        "first_us": new_us,
        "unchanged_us": min(unchanged),
        "changed_us": min(changed),
        "unchanged_per_s": rounds * len(some) / (middle - began),
        "changed_per_s": rounds * len(some) / (ended - middle),
    }


def again(folder: Path, lifts: int) -> dict[str, float]:
    """A restart; then everybody says something once, so that all is in memory."""
    province = Province(folder, ManualClock(START + timedelta(minutes=1)))
    recalled_mb = resident_mb()
    province.say(range(1, lifts + 1), 100, 7, 1.0)
    province.latest.flush(province.lane.pipeline)
    return {
        "lifts": lifts,
        "registry_mb": province.registry_mb,
        "registry_s": province.registry_s,
        "registry_cpu_s": province.registry_cpu_s,
        "recall_cpu_s": province.recall_cpu_s,
        "recall_s": province.recall_s,
        "recalled_mb": recalled_mb,
        "resident_mb": resident_mb(),
    }


def main(folder: str, lifts: str, turn: str) -> None:
    """Measure and tell."""
    measure = first if turn == "first" else again
    told = measure(Path(folder), int(lifts))
    sys.stdout.write(json.dumps({name: round(value, 2) for name, value in told.items()}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
