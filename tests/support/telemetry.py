"""A telemetry lane on a manual clock, with real files and a broker that is a list."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

import msgspec

from alerts import conditions
from core import handoff
from core.clock import ManualClock
from devices import findings
from devices.directory import Directory
from devices.findings import Finding
from devices.judging import Judge
from ingest.deadband import DeadBands
from ingest.door import DoorQueue
from ingest.interpreter import NONE, Dialects
from ingest.lane import Delivery
from ingest.latest import LatestReader, LatestState, LatestStates
from ingest.quarantine import Kept, QuarantineReader
from ingest.replay import Replays
from ingest.telemetry import TelemetryLane
from ingest.timeseries.embedded import EmbeddedStore
from ingest.timeseries.port import Batch, Point
from tests.support.registry import sample_directory
from tests.support.rescue import START

STATUS = "lift/v1/410100/G1/status"
EVENT = "lift/v1/410100/G1/event"
LIFT = "100001"


class ListedBroker:
    """Hands out what was put into it until it is acknowledged; stands for a persistent session."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)
        self.held: list[Delivery] = []
        self.up = True

    @property
    def connected(self) -> bool:
        """Unless a story says otherwise."""
        return self.up

    @property
    def queued(self) -> int:
        """Nothing is read ahead."""
        return 0

    def start(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""

    def follow(self, filters: Sequence[str]) -> None:
        """Whatever is put comes."""

    def put(self, topic: str, payload: bytes) -> None:
        """A device publishes."""
        number = next(self._numbers)
        self.held.append(Delivery(topic, payload, self._clock.now(), number, 1, 1))

    def take(self, limit: int, timeout: timedelta) -> list[Delivery]:
        """Everything that is not acknowledged."""
        del timeout
        return self.held[:limit]

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Forget them."""
        gone = {each.mid for each in deliveries}
        self.held = [each for each in self.held if each.mid not in gone]


class BrittleStore(EmbeddedStore):
    """A real store whose next commits fail before or after they are done, as it is told."""

    def __init__(self, folder: Path, clock: ManualClock) -> None:
        super().__init__(folder, clock)
        self.failures_before = 0

    def commit(self, batch: Batch) -> int:
        """Commit, or fail first."""
        if self.failures_before:
            self.failures_before -= 1
            message = "database or disk is full"
            raise OSError(message)
        return super().commit(batch)


class Room:
    """One run of the telemetry process over a folder; `restart` is what a kill leaves behind."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: ManualClock | None = None,
        broker: ListedBroker | None = None,
        registry: Callable[[], Directory] = sample_directory,
        bands: DeadBands | None = None,
        judge: Judge = conditions.judge,
        room: Callable[[], bool] = lambda: True,
        dialects: Dialects = NONE,
    ) -> None:
        self.folder = folder
        self.clock = clock or ManualClock(START)
        self.broker = broker or ListedBroker(self.clock)
        self.store = BrittleStore(folder, self.clock)
        self.latest = LatestStates(folder / "latest", least=1)
        self.lane = TelemetryLane(
            self.broker,
            registry,
            judge,
            conditions.elapse,
            self.store,
            self.clock,
            self.latest,
            bands=bands,
            room=room,
            asked=(DoorQueue(folder), Replays(folder, self.store)),
            dialects=dialects,
        )
        self._registry, self._dialects = registry, dialects
        self._seq = itertools.count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files without writing anything."""
        self.latest.close()
        self.store.close()

    def restart(self) -> "Room":
        """The next process over the same folder and broker."""
        self.close()
        again = Room(
            self.folder,
            clock=self.clock,
            broker=self.broker,
            registry=self._registry,
            dialects=self._dialects,
        )
        again._seq = self._seq
        return again

    def say(self, topic: str = STATUS, **told: object) -> None:
        """A device publishes one object; `ts`, `seq` and `boot` are added where not told."""
        self.broker.put(topic, self.words(**told))

    def words(self, **told: object) -> bytes:
        """One object."""
        common = {"ts": millis(self.clock.now()), "seq": next(self._seq), "boot": "b1"}
        return msgspec.json.encode({**common, **told})

    def settle(self) -> None:
        """Take what the broker holds."""
        self.lane.run_once()

    def replay(self) -> None:
        """Let the lane do what was asked of the quarantine."""
        self.clock.advance(timedelta(seconds=2))
        self.lane.serve_due()

    def after(self, seconds: float) -> None:
        """Let time pass, and the lane notice."""
        self.clock.advance(timedelta(seconds=seconds))
        self.settle()

    def points(self, lift: str = LIFT) -> list[Point]:
        """Its rows, oldest first."""
        return self.store.last_points(lift, 1000)[::-1]

    def shown(self, lift: str = LIFT) -> LatestState | None:
        """What a page sees of a lift."""
        self.latest.flush(self.lane.pipeline)
        return LatestReader(self.folder / "latest").lift(lift)

    def refused(self) -> list[Kept]:
        """What is in quarantine, newest first."""
        return list(QuarantineReader(self.folder).list(1000))

    def found(self) -> list[Finding]:
        """What was handed off."""
        return [
            findings.decode(each.payload)
            for file in sorted(self.folder.glob("*.db"))
            for each in handed_off(file)
        ]


def handed_off(file: Path) -> Iterable[handoff.HandedOff]:
    """The hand-off rows of a day file."""
    return handoff.after(file, limit=10_000)


def millis(at: datetime) -> int:
    """Milliseconds since 1970 UTC."""
    return int(at.timestamp() * 1000)
