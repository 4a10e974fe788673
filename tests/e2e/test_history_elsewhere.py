"""A whole hub whose history stands in InfluxDB, and InfluxDB goes away under load."""

import itertools
import threading
import urllib.error
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self

import pytest

from core.clock import SystemClock
from ingest.timeseries import spool
from simulators.crowd import Crowd
from tests.support import drainer, influx
from tests.support.device import Device
from tests.support.fleet import fleet, found_fleet
from tests.support.hub_process import HubProcess
from tests.support.small_city import AREA, GATEWAY, LIFT
from tests.support.wait import wait_until

pytestmark = [pytest.mark.broker, pytest.mark.influx, pytest.mark.timeout(240)]
CLOCK = SystemClock()
STATUSES = 150
LIFTS, RATE = 60, 200


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
        settings["HUB_INGEST__DEAD_BANDS"] = "false"
        with HubProcess(tmp_path / "data", settings=settings) as hub:
            hub.token = found_fleet(hub.data, LIFTS)
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


class Steady:
    """A crowd that says so many statuses a second, and calls twice a second, until it is left."""

    def __init__(self, crowd: Crowd, rate: int) -> None:
        self.crowd, self._rate = crowd, rate
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._speak, name="crowd")

    def _speak(self) -> None:
        began = CLOCK.monotonic()
        callers = itertools.count(1)
        for said in itertools.count():
            if said % (self._rate // 2) == 0 and (number := next(callers)) < LIFTS:
                self.crowd.call(number, f"rescue-{number}")
            self.crowd.chase()
            ahead = said / self._rate - (CLOCK.monotonic() - began)
            if CLOCK.wait(self._stop, timedelta(seconds=max(ahead, 0))):
                return
            self.crowd.status(said % LIFTS)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def test_a_rescue_does_not_notice_and_the_spool_drains_faster_than_it_grew(site: Site) -> None:
    """L4: away under load, then there again under the same load."""

    def left() -> int:
        return spool.waiting(site.folder).points

    def times(said: Crowd) -> list[float]:
        return sorted(each.after_s for each in said.answered.values())

    with fleet(site.hub.broker_port, LIFTS) as crowd:
        with Steady(crowd, RATE):
            wait_until(lambda: len(crowd.answered) >= 3, what="receipts", timeout_s=60)
            beside = times(crowd)
            site.server.kill()
            began, at_first = CLOCK.monotonic(), left()
            wait_until(lambda: left() >= at_first + 10 * RATE, what="the spool", timeout_s=90)
            grew = (left() - at_first) / (CLOCK.monotonic() - began)
            wait_until(lambda: len(crowd.answered) >= 20, what="receipts", timeout_s=60)
            assert site.hub.status("/health/live") == 200
            site.server.start()
            top, began = left(), CLOCK.monotonic()
            wait_until(lambda: left() < top // 10, what="draining", timeout_s=90)
            drained = (top - left()) / (CLOCK.monotonic() - began) + grew
        wait_until(lambda: not crowd.chase(), what="every receipt", timeout_s=60)
        wait_until(lambda: not crowd.outstanding, what="the broker to take it all")
        told = times(crowd)
        p99 = told[int(len(told) * 0.99)]
        sent = sum(map(len, crowd.sent.values()))
    wait_until(lambda: stored(site) == sent, what="it all in InfluxDB", timeout_s=90)
    print(f"receipts: p50 {told[len(told) // 2]:.3f} s, p99 {p99:.3f} s; ", end="")  # noqa: T201
    print(f"with InfluxDB there {beside[len(beside) // 2]:.3f} s; ", end="")  # noqa: T201
    print(f"spool grew by {grew:.0f}/s, drained at {drained:.0f}/s")  # noqa: T201
    assert p99 < 1 + 5  # a repeat after 5 s: the machine of a test may be busy, and says so above
    assert drained >= 1.5 * grew  # twice or better; the drainer's last pause stands in it, too


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
