"""The emergency lane against a real mosquitto and its real clients."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.errors import Unavailable
from devices.calls import CallArrived, RefusedCall
from devices.protocol.messages import Receipt
from devices.protocol.topics import EMERGENCY_FILTERS
from ingest.emergency import EmergencyLane
from ingest.lane import BrokerAddress
from ingest.mqtt import Session
from tests.support import mosquitto
from tests.support.registry import sample_directory
from tests.support.wait import wait_until

pytestmark = pytest.mark.broker

TOPIC = "lift/v1/410100/G1/call"
RECEIPT = "lift/v1/410100/G1/receipt"
CALL = {"ts": 1764000000123, "event_id": "G1-b-1", "phase": "begin", "source": "button"}


class Desk:
    """Stands for the room that opens incidents: keeps what it was handed."""

    def __init__(self) -> None:
        self.calls: list[CallArrived] = []
        self.refused: list[RefusedCall] = []
        self.failures = 0

    def open_call(self, arrived: CallArrived) -> Receipt:
        if self.failures:
            self.failures -= 1
            raise Unavailable("not now")
        self.calls.append(arrived)
        return Receipt(event_id=arrived.call.event_id, accepted=True, incident="20261123-0001")


@contextmanager
def lane(broker: mosquitto.Broker, desk: Desk) -> Iterator[None]:
    clock = SystemClock()
    address = BrokerAddress(broker.host, broker.port)
    session = Session(address, "hub-rescue", EMERGENCY_FILTERS, lane="emergency", clock=clock)
    work = EmergencyLane(
        session, sample_directory().resolve, desk.open_call, clock, desk.refused.append
    )
    stop = threading.Event()
    thread = threading.Thread(target=work.run, args=(stop,))
    session.start()
    thread.start()
    try:
        wait_until(lambda: session.connected, what="the session")
        yield
    finally:
        stop.set()
        thread.join()
        session.close()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[mosquitto.Broker]:
    with mosquitto.running(tmp_path / "broker") as running:
        yield running


def test_a_call_is_answered_with_a_receipt_of_its_event_id(broker: mosquitto.Broker) -> None:
    desk = Desk()
    with lane(broker, desk):
        sub = broker.listen(RECEIPT)
        broker.publish(TOPIC, json.dumps(CALL))
        [receipt] = [json.loads(each) for each in mosquitto.heard(sub)]
    assert receipt == {"event_id": "G1-b-1", "accepted": True, "incident": "20261123-0001"}
    assert [(c.lift.rescue_code, c.gateway) for c in desk.calls] == [("100001", "G1")]


def test_a_repeat_is_answered_the_same_and_asks_nobody_again(broker: mosquitto.Broker) -> None:
    desk = Desk()
    with lane(broker, desk):
        sub = broker.listen(RECEIPT, 4)
        for said in (CALL, CALL, CALL, {**CALL, "phase": "end"}):
            broker.publish(TOPIC, json.dumps(said))
        receipts = [json.loads(each) for each in mosquitto.heard(sub)]
    assert receipts == [receipts[0]] * 4
    assert [c.call.phase for c in desk.calls] == ["begin", "end"]


@pytest.mark.parametrize(
    ("change", "reason", "named"),
    [
        ({"lift": "999999"}, "lift_unknown", "999999"),
        ({"lift": "100002"}, "not_its_lift", "100002"),
        ({"people": "two"}, "bad_field", "people"),
        ({"phase": "sometime"}, "bad_field", "phase"),
        ({"ts": None}, "bad_field", "ts"),
    ],
)
def test_a_refused_call_is_told_why(
    broker: mosquitto.Broker, change: dict[str, object], reason: str, named: str
) -> None:
    desk = Desk()
    with lane(broker, desk):
        sub = broker.listen(RECEIPT)
        broker.publish(TOPIC, json.dumps({**CALL, **change}))
        [receipt] = [json.loads(each) for each in mosquitto.heard(sub)]
    assert (receipt["accepted"], receipt["reason"]) == (False, reason)
    assert named in receipt["detail"]
    assert [(each.reason, each.event_id) for each in desk.refused] == [(reason, "G1-b-1")]
    assert desk.calls == []


def test_an_unreadable_call_is_shown_and_the_next_one_is_heard(broker: mosquitto.Broker) -> None:
    desk = Desk()
    with lane(broker, desk):
        sub = broker.listen(RECEIPT)
        broker.publish(TOPIC, '{"ts": 1')
        broker.publish(TOPIC, "x" * 5000)
        broker.publish("lift/v1/nowhere/G1/call", json.dumps(CALL))
        broker.publish(TOPIC, json.dumps([{**CALL, "ts": "?"}, {**CALL, "event_id": "G1-b-2"}]))
        wait_until(lambda: desk.calls, what="the good call")
        sub.kill()
        sub.communicate()
    reasons = [each.reason for each in desk.refused]
    assert sorted(reasons) == ["bad_field", "bad_json", "bad_topic", "too_large"]
    assert [each.call.event_id for each in desk.calls] == ["G1-b-2"]


def test_a_call_waits_while_the_hub_cannot_commit(broker: mosquitto.Broker) -> None:
    desk = Desk()
    desk.failures = 3
    with lane(broker, desk):
        sub = broker.listen(RECEIPT)
        broker.publish(TOPIC, json.dumps(CALL))
        [receipt] = [json.loads(each) for each in mosquitto.heard(sub)]
    assert receipt["accepted"]
    assert desk.refused == []


def test_a_call_taken_but_not_answered_comes_again_after_a_restart(
    broker: mosquitto.Broker,
) -> None:
    clock = SystemClock()
    address = BrokerAddress(broker.host, broker.port)
    first = Session(address, "hub-rescue", EMERGENCY_FILTERS, lane="emergency", clock=clock)
    first.start()
    wait_until(lambda: first.connected, what="the session")
    broker.publish(TOPIC, json.dumps(CALL))
    taken = wait_until(lambda: first.take(10, timedelta(seconds=1)), what="the call")
    assert len(taken) == 1
    first.close()  # without an acknowledgement
    desk = Desk()
    with lane(broker, desk):
        wait_until(lambda: desk.calls, what="the call again")


def test_the_lane_comes_back_after_the_broker_was_killed(broker: mosquitto.Broker) -> None:
    desk = Desk()
    with lane(broker, desk):
        broker.kill()
        broker.start()

        def call_until_heard() -> bool:  # as a device does: repeat until somebody answers
            broker.publish(TOPIC, json.dumps(CALL))
            return bool(desk.calls)

        wait_until(call_until_heard, what="the call", timeout_s=20, every_s=0.2)
