"""What the README tells a newcomer to type does what it says."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.clock import SystemClock
from tests.support.device import Device
from tests.support.hub_process import HubProcess
from tests.support.wait import wait_until

pytestmark = [pytest.mark.broker, pytest.mark.timeout(180)]

ROOT = Path(__file__).parent.parent.parent
READMES = ("README.md", "README.zh-CN.md")
SCENARIO = """
name = "test"
seed = 7
speed = 1.0
[city]
area = "410100"
zone = "Asia/Shanghai"
lifts = 2
firms = 1
stations = 1
kitchens = 1
kitchens_with_cameras = 0
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    folder: Path = tmp_path_factory.mktemp("readme")
    scenario = folder / "test.toml"
    scenario.write_text(SCENARIO)
    with HubProcess(folder / "data", settings={"HUB_DEMO__SCENARIO": str(scenario)}) as process:
        process.start(("demo",))
        told = json.loads((process.data / "demo" / "demo.json").read_text())
        process.token = told["tokens"]["dispatcher"]
        yield process


def lines_of(readme: str) -> list[str]:
    text = (ROOT / readme).read_text(encoding="utf-8")
    return re.findall(r"^mosquitto_pub .*$", text, flags=re.MULTILINE)


def run_by_shell(line: str, port: int) -> None:
    """As typed, but for the port: 1883 may be taken where tests run."""
    typed = line.replace("-p 1883 ", f"-p {port} ", 1)
    subprocess.run(typed, shell=True, check=True, timeout=10)  # noqa: S602  (our own README)


def a_second_later() -> None:
    """The lines number their messages by the second."""
    clock = SystemClock()
    before = int(clock.now().timestamp())
    wait_until(lambda: int(clock.now().timestamp()) > before, what="the next second")


@pytest.mark.parametrize("readme", READMES)
def test_the_two_lines_move_a_lift_and_open_an_incident(hub: HubProcess, readme: str) -> None:
    a_second_later()
    status, call = lines_of(readme)
    topics = [re.search(r"-t (\S+)", line) for line in (status, call)]
    _, _, area, gateway, _ = str(topics[0] and topics[0][1]).split("/")
    receipts = f"lift/v1/{area}/{gateway}/receipt"
    assert f"`{receipts}`" in (ROOT / readme).read_text(encoding="utf-8")
    before = hub.ask("/lifts/235274")

    def moved() -> bool:
        """Say it again: the age of a lift that says nothing new is exact to ten seconds."""
        run_by_shell(status, hub.broker_port)
        return bool(hub.ask("/lifts/235274")["received_at"] != before["received_at"])

    wait_until(moved, what="the lift to move", timeout_s=30, every_s=1)
    told = hub.ask("/lifts/235274")
    assert told["gateway"] == gateway
    assert told["status"].items() >= {"floor": 7, "direction": "up", "speed_m_s": 1.5}.items()

    device = Device(area, gateway, hub.broker_port)
    with device.listening("receipt") as sub:

        def answered() -> bool:
            run_by_shell(call, hub.broker_port)
            return sub.poll() is not None

        wait_until(answered, what="the receipt", timeout_s=30, every_s=0.5)
        receipt = device.heard(sub)
    assert receipt["accepted"] is True
    incident = hub.ask(f"/incidents/{receipt['incident']}")
    assert (incident["lift_code"], incident["kind"], incident["people"]) == ("235274", "trapped", 2)
    assert "235274" in [each["lift_code"] for each in hub.ask("/incidents?state=open")["items"]]


def test_both_languages_tell_the_same_lines() -> None:
    english, chinese = map(lines_of, READMES)
    assert len(english) == 2
    assert english == chinese
