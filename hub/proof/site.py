"""A hub of its own in one folder, with its broker and, where wanted, InfluxDB: to be killed."""

import json
import os
import signal
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from core import metrics, pulse
from core.clock import Clock
from core.db import Database
from core.errors import Unavailable
from core.journal import Actor
from hub import broker, lifeline, schema
from hub.folder import DataFolder
from hub.parts import Listener
from hub.proof import kills, processes
from hub.proof.influxd import Influxd
from hub.proof.ports import unused_port
from hub.proof.registry import enrol
from hub.serving import KILL_AT, METRICS, roles
from hub.settings import environment, load_apart
from hub.supervisor import Patience, Supervisor
from ingest.lane import BrokerAddress

# A proof kills more often than anything dies by itself.
_PATIENCE = Patience(budget=1_000_000, back_off_cap=timedelta(seconds=1))
_NOT_NEEDED = {"web", "public", "video", "simulator"}
_STEP = 200  # lifts a transaction
_ROLE_OF = {"call": "rescue", "handoff": "rescue"}
_PART_OF = {"history": "drain"}
_ACTOR = Actor("system", "proof")


@dataclass(frozen=True, slots=True)
class History:
    """Where an InfluxDB is."""

    url: str
    token: str
    org: str
    bucket: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the hub is made of."""

    lifts: int
    areas: tuple[str, ...]
    broker: str  # mosquitto | embedded
    subscriber: str  # batch | paho
    history: History | None = None


class Site:
    """Starts, keeps and ends everything. `turn` must be called often, by the thread that opened."""

    def __init__(
        self, root: Path, wanted: Wanted, clock: Clock, influxd: Influxd | None = None
    ) -> None:
        self._clock = clock
        self._influxd = influxd
        self._stack = ExitStack()
        self._wishes = root / "wishes"
        self._influx_launched = influxd is not None
        self._influx_from = 0.0  # the instant from which it may be there
        self.folder = DataFolder((root / "data").resolve())
        self.output = root / "hub.log"
        self.settings = load_apart(_write(root / "hub.toml", self.folder.root, wanted))
        self._found(wanted)
        self._supervisor = self._supervise()

    def _found(self, wanted: Wanted) -> None:
        self.folder.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = lifeline.hold_folder(self.folder.root, self._clock)
        self._stack.callback(os.close, lock)
        self.folder.make()
        for name in ("links", "webhook", "mqtt"):
            self.folder.secret(name)
        now = self._clock.now()
        with Database(self.folder.database_url("")) as database:
            schema.migrate(database)
            for first in range(0, wanted.lifts, _STEP):
                some = range(first, min(first + _STEP, wanted.lifts))
                database.write(lambda c, some=some: enrol(c, some, wanted.areas, now, _ACTOR))  # type: ignore[misc]

    def _supervise(self) -> Supervisor:
        output = self._stack.enter_context(self.output.open("ab"))
        needed = [r for r in roles(self.settings, self.folder)() if r.name not in _NOT_NEEDED]
        return Supervisor(
            needed,
            environment={
                **environment(),
                METRICS: str(self.folder.metrics),
                KILL_AT: str(self._wishes),
            },
            clock=self._clock,
            listener=Listener(self.folder.pulse),
            patience=_PATIENCE,
            bury=partial(metrics.forget, self.folder.metrics),
            output=output,
        )

    def turn(self) -> None:
        """Start again whatever has ended."""
        self._supervisor.run_once()
        due = self._clock.monotonic() >= self._influx_from
        if self._influxd is not None and due and not self._influx_launched:
            self._influxd.launch()
            self._influx_launched = True

    def close(self) -> None:
        """End everything in order."""
        ended = threading.Event()
        ended.set()
        self._supervisor.run(ended)
        if self._influxd is not None:
            self._influxd.stop()
        self._stack.close()

    def broker(self) -> BrokerAddress | None:
        """Where the broker is; None while it has not said so."""
        try:
            return broker.address(self.folder, self.settings.mqtt)
        except (Unavailable, json.JSONDecodeError):
            return None

    def saved_at(self) -> float:
        """When the broker last wrote down what it holds; 0 when it never did."""
        try:
            return (self.folder.broker / "mosquitto.db").stat().st_mtime
        except FileNotFoundError:
            return 0.0

    def mark(self, target: str) -> int:
        """What stands for the process that would die; 0 while there is none to kill."""
        match target:
            case kills.INFLUX:
                ours = self._influxd
                return ours.pid if ours is not None and ours.answers() else 0
            case kills.BROKER:
                return self._broker_program()
            case _:
                role = _ROLE_OF.get(target.partition(".")[0], target.partition(".")[0])
                part = f"{role}.{_PART_OF.get(role, 'lane')}"
                works = part in pulse.heard(self.folder.pulse)
                return self._pids().get(role, 0) if works else 0

    def kill(self, target: str, away: timedelta = timedelta(0)) -> None:
        """`kill -9`; an InfluxDB then stays away for so long."""
        if target == kills.INFLUX and self._influxd is not None:
            self._influxd.kill()
            self._influx_launched = False
            self._influx_from = self._clock.monotonic() + away.total_seconds()
        else:
            os.kill(self.mark(target), signal.SIGKILL)

    @property
    def has_influxd(self) -> bool:
        """Whether InfluxDB is ours to kill."""
        return self._influxd is not None

    @property
    def wishes(self) -> Path:
        """Where wishes for failpoints lie."""
        return self._wishes

    def _pids(self) -> dict[str, int]:
        return self._supervisor.pids()

    def _broker_program(self) -> int:
        """The broker itself, once it listens; our process beside it ends with it."""
        role, where = self._pids().get("broker"), self.broker()
        if role is None or where is None or broker.is_free(where.port):
            return 0
        return next(iter(processes.descendants(role)), 0)


def _write(file: Path, data: Path, wanted: Wanted) -> Path:
    """The settings file: every message is a row, and nothing is anybody else's."""
    sections: dict[str, dict[str, object]] = {
        "": {"data_dir": str(data)},
        "mqtt": {
            "port": unused_port(2),
            "start": wanted.broker,
            "subscriber": wanted.subscriber,
        },
        "ingest": {"dead_bands": False},
        "log": {"json_lines": True},
    }
    if wanted.history is not None:
        told = wanted.history
        sections["history"] = {
            "url": told.url, "token": told.token, "org": told.org, "bucket": told.bucket,
        }  # fmt: skip
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text("\n".join(_lines(sections)), encoding="utf-8")
    return file


def _lines(sections: dict[str, dict[str, object]]) -> Sequence[str]:
    lines: list[str] = []
    for name, values in sections.items():
        lines += [f"[{name}]"] if name else []
        lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return lines
