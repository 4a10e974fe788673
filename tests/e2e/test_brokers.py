"""The same hub behind each broker of the ladder, spoken to by the real mosquitto clients."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import quote

import pytest

from core.clock import SystemClock
from tests.support import mosquitto
from tests.support.device import Device
from tests.support.hub_process import HubProcess
from tests.support.small_city import AREA, GATEWAY, LIFT, found_city
from tests.support.wait import wait_until

pytestmark = [pytest.mark.broker, pytest.mark.timeout(180)]

PASSWORD = "p@ss/word:50%"  # has to be quoted in a URL


@dataclass(frozen=True)
class Site:
    hub: HubProcess
    device: Device


@pytest.fixture(scope="module", params=["mosquitto as child", "configured mosquitto", "embedded"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    tmp_path = tmp_path_factory.mktemp("site")
    with ExitStack() as stack:
        configured: mosquitto.Broker | None = None
        match request.param:
            case "configured mosquitto":
                users = {"hub": PASSWORD, "device": PASSWORD}
                configured = stack.enter_context(mosquitto.running(tmp_path / "broker", users))
                url = f"mqtt://hub:{quote(PASSWORD, safe='')}@127.0.0.1:{configured.port}"
                settings = {"HUB_MQTT__URL": url}
            case "embedded":
                settings = {"HUB_MQTT__START": "embedded"}
            case _:
                settings = {"HUB_MQTT__START": "mosquitto"}
        hub = stack.enter_context(HubProcess(tmp_path / "data", settings=settings))
        hub.token = found_city(hub.data)
        hub.start()
        if configured is None:
            yield Site(hub, Device(AREA, GATEWAY, hub.broker_port))
        else:
            assert not (hub.data / "run" / "broker.json").exists()  # none was started beside it
            yield Site(hub, Device(AREA, GATEWAY, configured.port, "device", PASSWORD))


def now_ms() -> int:
    return int(SystemClock().now().timestamp() * 1000)


def test_a_status_moves_the_lift_and_a_call_opens_an_incident_and_is_answered(site: Site) -> None:
    status = {
        "ts": now_ms(),
        "seq": 1,
        "boot": "try",
        "lift": LIFT,
        "mode": "normal",
        "car": "running",
        "direction": "up",
        "floor": 7,
        "speed_m_s": 1.5,
    }
    site.device.say("status", status)

    def moved() -> bool:
        told = site.hub.ask(f"/lifts/{LIFT}")
        return bool(told["status"].get("floor") == 7)

    wait_until(moved, what="the lift to move", every_s=0.2)
    told = site.hub.ask(f"/lifts/{LIFT}")
    assert told["gateway"] == GATEWAY
    assert told["status"]["direction"] == "up"
    points = site.hub.ask(f"/lifts/{LIFT}/history?field=speed_m_s")["points"]
    assert [point["last"] for point in points if point["last"] is not None] == [1.5]

    receipt = site.device.call(
        {
            "ts": now_ms(),
            "event_id": "try-1",
            "phase": "begin",
            "source": "button",
            "lift": LIFT,
            "people": 2,
            "floor": 7,
        }
    )
    assert receipt["event_id"] == "try-1"
    assert receipt["accepted"] is True
    [incident] = site.hub.ask("/incidents?state=open")["items"]
    assert incident["id"] == receipt["incident"]
    assert (incident["lift_code"], incident["people"], incident["floor"]) == (LIFT, 2, 7)
    assert [each["target_kind"] for each in incident["assignments"]] == ["firm"]


def test_a_payload_as_large_as_the_contract_allows_is_taken(site: Site) -> None:
    status = {"ts": now_ms(), "seq": 1, "boot": "big", "lift": LIFT, "floor": 9}
    filler = {"ts": now_ms(), "boot": "big", "lift": LIFT, "more": "x" * 1200}
    payload = [status, *({**filler, "seq": n, "floor": 9} for n in range(2, 190))]
    site.device.say("status", payload)  # about 250 KB

    def moved() -> bool:
        return bool(site.hub.ask(f"/lifts/{LIFT}")["status"].get("floor") == 9)

    wait_until(moved, what="the lift to move", every_s=0.2)
