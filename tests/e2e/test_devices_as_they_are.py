"""Devices as they are: late, twice, out of order, with wrong clocks, and of others' making."""

import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from core.clock import SystemClock
from ingest.timeseries.dayfiles import day_files
from tests.support import foreign_client
from tests.support.device import Device
from tests.support.fleet import found_fleet
from tests.support.hub_process import HubProcess
from tests.support.small_city import AREA, GATEWAY, LIFT
from tests.support.wait import wait_until

pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]
CLOCK = SystemClock()
Row = tuple[int, datetime, datetime]  # seq, by the device's clock as it is believed, received


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    settings = {"HUB_MQTT__START": "mosquitto", "HUB_INGEST__DEAD_BANDS": "false"}
    with HubProcess(tmp_path_factory.mktemp("hub") / "data", settings=settings) as process:
        process.token = found_fleet(process.data, 8)
        yield process.start()


def rows(hub: HubProcess, gateway: str) -> list[Row]:
    """What stands in history of a gateway, in order of receipt."""
    found: list[Row] = []
    for file in day_files(hub.data / "telemetry" / "0"):
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as opened:
            found += [
                (seq, *(datetime.fromtimestamp(us / 1e6, UTC) for us in instants))
                for seq, *instants in opened.execute(
                    "SELECT seq, device_at_us, received_at_us FROM sample"
                    " WHERE gateway = ? ORDER BY id",
                    (gateway,),
                )
            ]
    return found


def millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def status(seq: int, at: datetime) -> dict[str, object]:
    return {"ts": millis(at), "seq": seq, "boot": "a", "floor": seq}


def floor(hub: HubProcess, number: int) -> object:
    """The newest state of a lift of the fleet."""
    told = hub.ask(f"/lifts/{200_000 + number}")["status"]
    return told.get("floor") if told else None


def test_shuffled_and_doubled_messages_are_rows_once_and_the_newest_stays_the_newest(
    hub: HubProcess,
) -> None:
    """L6."""
    device = Device(AREA, "P0000", hub.broker_port)
    start = CLOCK.now() - timedelta(minutes=2)
    told = [status(seq, start + timedelta(seconds=seq)) for seq in range(1, 61)]
    newest = told.pop()
    shuffled = [*told, *told]
    random.Random(6).shuffle(shuffled)  # noqa: S311  (a story, reproducible)
    device.say("status", newest)
    wait_until(lambda: floor(hub, 0) == 60, what="the newest", timeout_s=30)
    device.say("status", shuffled)
    wait_until(lambda: len(rows(hub, "P0000")) == 60, what="every row", timeout_s=30)
    assert sorted(seq for seq, _, _ in rows(hub, "P0000")) == list(range(1, 61))
    assert floor(hub, 0) == 60  # nothing older has moved it


def test_what_is_hours_late_lies_where_it_happened(hub: HubProcess) -> None:
    """L6."""
    device = Device(AREA, "P0001", hub.broker_port)
    now = CLOCK.now()
    device.say("status", status(20, now))
    late = [status(seq, now - timedelta(hours=5, minutes=-seq)) for seq in range(1, 11)]
    device.say("status", late)
    wait_until(lambda: len(rows(hub, "P0001")) == 11, what="every row", timeout_s=30)
    by_seq = {seq: (happened, received) for seq, happened, received in rows(hub, "P0001")}
    for each in late:
        happened, received = by_seq[int(str(each["seq"]))]
        assert millis(happened) == each["ts"]
        assert received - now < timedelta(minutes=2)
    wait_until(lambda: floor(hub, 1) == 20, what="the newest")


@pytest.mark.parametrize(
    ("number", "clock"),
    [
        pytest.param(2, timedelta(minutes=10), id="ten minutes ahead"),
        pytest.param(3, datetime(1970, 1, 1, 0, 5, tzinfo=UTC), id="1970"),
        pytest.param(4, datetime(2036, 2, 7, 6, 28, 16, tzinfo=UTC), id="2036"),
    ],
)
def test_a_wrong_clock_moves_no_row_away_from_its_receipt(
    hub: HubProcess, number: int, clock: datetime | timedelta
) -> None:
    """L6: history has a believable instant, and the instant of receipt beside it."""
    device = Device(AREA, f"P{number:04d}", hub.broker_port)
    start = CLOCK.now() + clock if isinstance(clock, timedelta) else clock
    device.say("status", [status(seq, start + timedelta(seconds=seq)) for seq in (1, 2, 3)])
    wait_until(lambda: len(rows(hub, device.gateway)) == 3, what="every row", timeout_s=30)
    for _, happened, received in rows(hub, device.gateway):
        assert abs(received - happened) < timedelta(seconds=10)
    wait_until(lambda: floor(hub, number) == 3, what="the newest")
    # What such a device calls for is due by the hub's clock.
    before = CLOCK.now()
    begun = {"ts": millis(start), "event_id": f"skew-{number}", "phase": "begin"}
    receipt = device.call({**begun, "source": "button", "people": 1})
    incident = hub.ask(f"/incidents/{receipt['incident']}")
    opened = datetime.fromisoformat(str(incident["opened_at"]))
    assert before - timedelta(seconds=2) <= opened <= CLOCK.now() + timedelta(seconds=2)


@pytest.mark.foreign
def test_a_client_that_none_of_us_wrote_is_understood(hub: HubProcess) -> None:
    now = CLOCK.now()
    with foreign_client.device(hub.broker_port, AREA, GATEWAY) as device:
        for seq in range(1, 501):
            told = status(seq, now + timedelta(milliseconds=seq))
            device.say("status", {**told, "floor": seq % 20})
        event = {"ts": millis(now), "event_id": "js-1", "phase": "begin", "source": "button"}
        device.say("call", {**event, "lift": LIFT, "people": 2})
        receipt = json.loads(device.heard())
    assert receipt["accepted"] is True
    assert hub.ask(f"/incidents/{receipt['incident']}")["lift_code"] == LIFT
    wait_until(lambda: len(rows(hub, GATEWAY)) == 500, what="every row", timeout_s=60)
    assert [seq for seq, _, _ in rows(hub, GATEWAY)] == list(range(1, 501))
