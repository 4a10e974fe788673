"""A whole hub whose history stands in InfluxDB, and InfluxDB goes away under load."""

import urllib.error
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import SystemClock
from ingest.timeseries import spool
from tests.support import drainer, influx
from tests.support.device import Device
from tests.support.hub_process import HubProcess
from tests.support.small_city import AREA, GATEWAY, LIFT, found_city
from tests.support.wait import wait_until

pytestmark = [pytest.mark.broker, pytest.mark.influx, pytest.mark.timeout(240)]
CLOCK = SystemClock()
STATUSES = 150


@dataclass(frozen=True)
class Site:
    hub: HubProcess
    server: influx.Influx
    device: Device

    @property
    def folder(self) -> Path:
        return self.hub.data / "telemetry" / "0"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with influx.running(tmp_path / "influx") as server:
        settings = {"HUB_MQTT__START": "mosquitto", **drainer.settings_for(server)}
        with HubProcess(tmp_path / "data", settings=settings) as hub:
            hub.token = found_city(hub.data)
            hub.start()
            yield Site(hub, server, Device(AREA, GATEWAY, hub.broker_port))


def ride(site: Site, first: int) -> None:
    """Statuses that differ each from the one before."""
    now = int(CLOCK.now().timestamp() * 1000)
    site.device.say(
        "status",
        [
            {"ts": now, "seq": seq, "boot": "b1", "lift": LIFT, "car": "running", "floor": seq % 9}
            for seq in range(first, first + STATUSES)
        ],
    )


def call(site: Site, event_id: str) -> dict[str, object]:
    now = int(CLOCK.now().timestamp() * 1000)
    said = {"ts": now, "event_id": event_id, "phase": "begin", "source": "button", "lift": LIFT}
    return site.device.call(said)


def stored(site: Site) -> int:
    from tests.support import history  # noqa: PLC0415  (the client may be missing)

    with closing(history.store(site.server)) as store:
        day = timedelta(days=1)
        counts = store.counts((CLOCK.now() - day).date(), (CLOCK.now() + day).date())
        return sum(counts.values())


def test_a_rescue_does_not_notice_and_history_is_whole_afterwards(site: Site) -> None:
    def chart() -> int:
        points = site.hub.ask(f"/lifts/{LIFT}/history?field=floor")["points"]
        return sum(1 for point in points if point["last"] is not None)

    ride(site, 1)
    wait_until(lambda: stored(site) == STATUSES, what="the first ride in InfluxDB", timeout_s=60)
    assert chart() >= 1

    site.server.kill()
    for n in range(1, 20):
        ride(site, 1 + n * STATUSES)
        if n % 6 == 0:
            assert call(site, f"rescue-{n}")["accepted"] is True
    waiting = (20 - 1) * STATUSES
    wait_until(lambda: spool.waiting(site.folder).points == waiting, what="the spool", timeout_s=60)
    assert site.hub.status("/health/live") == 200
    with pytest.raises(urllib.error.HTTPError) as told:
        chart()
    assert told.value.code == 503
    told.value.close()
    state = site.hub.ask(f"/lifts/{LIFT}")["status"]
    assert state["floor"] == (20 * STATUSES) % 9  # the newest state knows no InfluxDB

    site.server.start()
    wait_until(lambda: spool.waiting(site.folder).points == 0, what="draining", timeout_s=90)
    assert stored(site) == 20 * STATUSES
    assert chart() >= 1
