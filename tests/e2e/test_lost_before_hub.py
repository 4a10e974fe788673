"""What a broker lets go while the hub is away is counted by the hub, number by number."""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from functools import partial
from pathlib import Path

import pytest

from hub import gauges
from simulators.crowd import BOOT
from tests.support import embedded, mosquitto
from tests.support.fleet import fleet, found_fleet
from tests.support.hub_process import HubProcess
from tests.support.wait import wait_until

pytestmark = [pytest.mark.broker, pytest.mark.timeout(400)]

SIZE = 20
AWAY = 5_000
LITTLE_ROOM = {
    "mosquitto's queue": partial(mosquitto.running, queued=1_000),
    "the embedded broker's ring": partial(embedded.running, segment=50_000),
}
Brokers = Callable[[Path], AbstractContextManager[mosquitto.Broker | embedded.Broker]]


def in_history(hub: HubProcess) -> int:
    """How many of the fleet's numbers are there."""
    found = 0
    for file in sorted((hub.data / "telemetry" / "0").glob("????-??-??.db")):
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as opened:
            told = opened.execute("SELECT count(*) FROM sample WHERE boot = ?", (BOOT,)).fetchone()
            found += told[0]
    return found


def counted_lost(hub: HubProcess) -> int:
    """`lost_before_hub`, by the hub's own figures."""
    with hub.open(f"{hub.url}/metrics") as answer:
        told = gauges.read(answer.read().decode())
    return int(told.total("hub_ingest_lost_before_hub_total"))


@pytest.mark.parametrize("little_room", LITTLE_ROOM.values(), ids=LITTLE_ROOM)
def test_what_a_broker_had_no_room_for_is_counted_as_lost_before_the_hub(
    little_room: Brokers, tmp_path: Path
) -> None:
    """L2: complete up to the documented room of the broker, and counted beyond it."""
    with little_room(tmp_path / "broker") as broker:
        hub = HubProcess(
            tmp_path / "data",
            settings={
                "HUB_MQTT__URL": f"mqtt://{broker.host}:{broker.port}",
                "HUB_INGEST__DEAD_BANDS": "false",
            },
        )
        hub.token = found_fleet(hub.data, SIZE)
        with fleet(broker.port, SIZE) as spoken:

            def all_say(times: int) -> None:
                for n in range(times * SIZE):
                    spoken.status(n % SIZE)
                wait_until(lambda: not spoken.outstanding, what="the broker to take it all")

            hub.start()
            all_say(1)
            wait_until(lambda: in_history(hub) == SIZE, what="first words", timeout_s=60)
            hub.stop()
            all_say(AWAY // SIZE)
            with hub.start():
                all_say(1)  # a gap is seen by the number behind it
                said = AWAY + 2 * SIZE

                def accounted() -> bool:
                    return in_history(hub) + counted_lost(hub) == said

                wait_until(accounted, what="every number kept or counted", timeout_s=90)
                assert counted_lost(hub) > AWAY // 4
                assert in_history(hub) > 2 * SIZE
