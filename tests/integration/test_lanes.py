"""The telemetry lane against a real mosquitto and real SQLite files."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.conditions import elapse, judge
from core.clock import SystemClock
from core.handoff import after
from devices import findings
from devices.protocol.topics import TELEMETRY_FILTERS
from ingest.lane import BrokerAddress
from ingest.latest import LatestReader, LatestStates
from ingest.quarantine import QuarantineReader
from ingest.telemetry import TelemetryLane
from ingest.timeseries.embedded import EmbeddedStore
from ingest.timeseries.port import Window
from tests.support import mosquitto
from tests.support.registry import sample_directory
from tests.support.subscribers import make
from tests.support.wait import wait_until

pytestmark = pytest.mark.broker

CLOCK = SystemClock()
STATUS = "lift/v1/410100/G1/status"


class Room:
    """One run of the telemetry process; `close` leaves without acknowledging what it holds."""

    def __init__(self, broker: mosquitto.Broker, folder: Path, kind: str) -> None:
        self.folder = folder
        self.session = make(
            kind, BrokerAddress(broker.host, broker.port), filters=TELEMETRY_FILTERS
        )
        self.store = EmbeddedStore(folder, CLOCK)
        self.latest = LatestStates(folder / "latest")
        self.lane = TelemetryLane(
            self.session, sample_directory, judge, elapse, self.store, CLOCK, self.latest
        )
        self.session.start()
        wait_until(lambda: self.session.connected, what="the session")

    def close(self) -> None:
        self.session.close()
        self.latest.close()
        self.store.close()


@pytest.fixture(params=["paho", "batch"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which subscriber reads for the lane."""
    return str(request.param)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[mosquitto.Broker]:
    with mosquitto.running(tmp_path / "broker") as running:
        yield running


def status(seq: int, **more: object) -> dict[str, object]:
    return {"ts": int(CLOCK.now().timestamp() * 1000), "seq": seq, "boot": "b1", **more}


def test_bad_payloads_are_kept_with_their_reason_and_their_neighbours_stored(
    broker: mosquitto.Broker, tmp_path: Path, kind: str
) -> None:
    room = Room(broker, tmp_path / "telemetry", kind)
    try:
        broker.publish(STATUS, '{"ts": 1')
        broker.publish(STATUS, json.dumps([status(1, floor=2), status(2, floor="x")]))
        broker.publish(STATUS, json.dumps(status(3, floor=3, lift="999999")))
        broker.publish(STATUS, "x" * (300 * 1024))
        broker.publish("lift/v1/410100/G9/status", json.dumps(status(1)))
        broker.publish(STATUS, json.dumps(status(4, floor=99)))
        broker.publish(STATUS, json.dumps(status(5, floor=5)))
        wait_until(
            lambda: room.lane.run_once() and room.lane.pipeline.tracks.get("100001"), what="a state"
        )
        reader = QuarantineReader(room.folder)
        reasons = ["bad_field", "bad_json", "device_not_enrolled", "floor_out_of_range"]
        wait_until(lambda: room.lane.run_once() or len(reader.list(10)) == 6, what="all six")
        points = wait_until(
            lambda: (room.lane.run_once(), room.store.last_points("100001", 9))[1][1:],
            what="both points",
        )
        assert points[0].fields["floor"] == 2
        assert sorted(reader.counts()) == [*reasons, "lift_unknown", "too_large"]
        assert reader.show(reader.list(1)[0].id).raw
        room.latest.flush(room.lane.pipeline)
        state = LatestReader(room.folder / "latest").lift("100001")
        assert state is not None
        assert state.fields["floor"] == 5
        now = CLOCK.now()
        day = timedelta(hours=1)
        series = room.store.window(Window("100001", "floor", now - day, now + day, 2 * day))
        assert [(p.min, p.max, p.last) for p in series.points] == [(2, 5, 5)]
    finally:
        room.close()


def test_what_was_committed_but_not_acknowledged_comes_again_and_doubles_no_row(
    broker: mosquitto.Broker, tmp_path: Path, kind: str
) -> None:
    first = Room(broker, tmp_path / "telemetry", kind)
    broker.publish(STATUS, json.dumps(status(1, floor=2)))
    taken = wait_until(lambda: first.session.take(9, timedelta(seconds=1)), what="the message")
    first.session.close()  # the connection dies between commit and acknowledgement
    first.lane.settle(taken)
    first.close()
    second = Room(broker, tmp_path / "telemetry", kind)
    try:
        wait_until(second.lane.run_once, what="the message again")
        assert len(second.store.last_points("100001", 9)) == 1
    finally:
        second.close()
    third = Room(broker, tmp_path / "telemetry", kind)
    try:
        assert third.session.take(5, timedelta(seconds=1)) == []
    finally:
        third.close()


def handed_off(folder: Path) -> list[tuple[str, str]]:
    rows = [row for file in folder.glob("*.db") for row in after(file)]
    found = [findings.decode(row.payload) for row in rows]
    return [(f.subject, f.code) for f in found if isinstance(f, findings.ConditionRaised)]


def test_a_device_that_dies_is_told_silent_by_the_will_it_left_with_the_broker(
    broker: mosquitto.Broker, tmp_path: Path, kind: str
) -> None:
    room = Room(broker, tmp_path / "telemetry", kind)
    topic = "lift/v1/410100/G1/heartbeat"
    try:
        for seq in (1, 2, 3):
            broker.publish(topic, json.dumps(status(seq)))
        broker.break_off(topic, json.dumps(status(0, offline=True)).encode())
        found = wait_until(
            lambda: (room.lane.run_once(), handed_off(tmp_path / "telemetry"))[1],
            what="the finding",
        )
        assert found == [("G1", "device.offline")]
    finally:
        room.close()
