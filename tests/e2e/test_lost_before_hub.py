"""What a broker lets go while the hub is away is counted by the hub, number by number."""

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hub import gauges
from simulators.crowd import BOOT, Crowd
from tests.support import embedded, mosquitto
from tests.support.fleet import fleet, found_fleet
from tests.support.hub_process import HubProcess
from tests.support.processes import again
from tests.support.wait import wait_until

pytestmark = [pytest.mark.broker, pytest.mark.timeout(400)]

SIZE = 20
AWAY = 5_000


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


def hub_at(broker: mosquitto.Broker | embedded.Broker, folder: Path) -> HubProcess:
    """A hub that makes every message a row; not started."""
    settings = {
        "HUB_MQTT__URL": f"mqtt://{broker.host}:{broker.port}",
        "HUB_INGEST__DEAD_BANDS": "false",
    }
    hub = HubProcess(folder / "data", settings=settings)
    hub.token = found_fleet(hub.data, SIZE)
    return hub


def all_say(spoken: Crowd, times: int) -> None:
    """Every gateway so often, and the broker has taken it."""
    for n in range(times * SIZE):
        spoken.status(n % SIZE)
    wait_until(lambda: not spoken.outstanding, what="the broker to take it all", timeout_s=30)


def begin(hub: HubProcess, spoken: Crowd) -> None:
    """The hub has heard of every gateway."""
    hub.start()
    all_say(spoken, 1)
    wait_until(lambda: in_history(hub) == SIZE, what="first words", timeout_s=60)


def every_number_is_kept_or_counted(hub: HubProcess, spoken: Crowd) -> None:
    all_say(spoken, 1)  # a gap is seen by the number behind it
    said = sum(map(len, spoken.sent.values()))
    wait_until(
        lambda: in_history(hub) + counted_lost(hub) == said,
        what="every number kept or counted",
        timeout_s=60,
        every_s=0.5,
    )
    assert counted_lost(hub) > AWAY // 4
    assert in_history(hub) > 2 * SIZE


def test_what_mosquittos_queue_had_no_room_for_is_counted_as_lost_before_the_hub(
    tmp_path: Path,
) -> None:
    """L2: complete up to the documented size of the queue, and counted beyond it."""
    with mosquitto.running(tmp_path / "broker", queued=1_000) as broker:
        hub = hub_at(broker, tmp_path)
        with fleet(broker.port, SIZE) as spoken:
            begin(hub, spoken)
            hub.stop()
            all_say(spoken, AWAY // SIZE)
            with hub.start():
                every_number_is_kept_or_counted(hub, spoken)


def test_what_the_embedded_brokers_ring_let_go_is_counted_as_lost_before_the_hub(
    tmp_path: Path,
) -> None:
    """L2. The ring lets the oldest go; the telemetry process stands still meanwhile, and lives.

    (Had it been started again, the gap would be the first behind a restart, which proves nothing.)
    """
    with embedded.running(tmp_path / "broker", segment=50_000) as broker:
        hub = hub_at(broker, tmp_path)
        with hub, fleet(broker.port, SIZE) as spoken:
            begin(hub, spoken)
            telemetry = again(hub.pid, "--role telemetry")
            os.kill(telemetry, signal.SIGSTOP)
            try:
                all_say(spoken, AWAY // SIZE)
            finally:
                os.kill(telemetry, signal.SIGCONT)
            every_number_is_kept_or_counted(hub, spoken)
