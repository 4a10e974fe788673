"""L4: the disk runs full. History waits, a rescue does not."""

import json
import os
import shutil
import subprocess
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.clock import SystemClock
from hub import gauges
from tests.support.device import Device
from tests.support.hub_process import HubProcess
from tests.support.small_city import AREA, GATEWAY, LIFT, found_city
from tests.support.wait import wait_until

pytestmark = [pytest.mark.broker, pytest.mark.timeout(240)]
CLOCK = SystemClock()
MB = 1_000_000
DISK, FLOOR = 600 * MB, 250 * MB


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        told = f"no small disk can be mounted here, so a full one is not tested: {done.stderr}"
        if os.environ.get("CI") == "true":  # noqa: TID251  (the tests' own switch)
            pytest.fail(told, pytrace=False)
        pytest.skip(told)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def hub(small_disk: Path) -> Iterator[HubProcess]:
    settings = {
        "HUB_MQTT__START": "mosquitto",
        "HUB_INGEST__DEAD_BANDS": "false",
        "HUB_HISTORY__FLOOR_MB": str(FLOOR // MB),
    }
    with HubProcess(small_disk / "data", settings=settings) as process:
        process.token = found_city(process.data)
        yield process.start()


def became(hub: HubProcess) -> dict[str, float]:
    """What became of telemetry, by the hub's own figures."""
    with hub.open(f"{hub.url}/metrics") as answer:
        told = gauges.read(answer.read().decode())
    return dict(told.by("hub_ingest_outcome_total", "outcome", lane="telemetry"))


def fill(folder: Path, left: int) -> Path:
    """A file that leaves so many bytes of the disk."""
    file = folder / "filler"
    with file.open("ab") as out:
        while (free := shutil.disk_usage(folder).free) > left:
            out.write(b"\0" * min(free - left, MB))
            out.flush()
    return file


def test_points_are_shed_below_the_floor_and_a_call_is_taken_from_the_reserve(
    hub: HubProcess, small_disk: Path
) -> None:
    device = Device(AREA, GATEWAY, hub.broker_port)
    seq = 0

    def say() -> None:
        nonlocal seq
        seq += 1
        now = int(CLOCK.now().timestamp() * 1000)
        told = {"ts": now, "seq": seq, "boot": "a", "lift": LIFT, "floor": seq % 9}
        device.say("status", told)

    say()
    wait_until(lambda: became(hub).get("stored") == 1, what="the first row", timeout_s=30)

    filler = fill(small_disk, FLOOR - 15 * MB)

    def shed() -> bool:
        say()
        return became(hub).get("shed", 0) > 0

    wait_until(shed, what="points to be shed", timeout_s=30, every_s=0.5)
    before = became(hub)
    say()
    wait_until(lambda: became(hub).get("shed", 0) > before["shed"], what="one more", timeout_s=30)
    assert became(hub)["stored"] == before["stored"]
    call = {"event_id": "full-1", "phase": "begin", "source": "button", "lift": LIFT}
    receipt = device.call({"ts": int(CLOCK.now().timestamp() * 1000), **call, "people": 3})
    assert receipt["accepted"] is True
    assert hub.ask(f"/incidents/{receipt['incident']}")["people"] == 3
    wait_until(
        lambda: hub.ask(f"/lifts/{LIFT}")["status"]["floor"] == seq % 9,
        what="the newest state to move on",
    )
    with pytest.raises(urllib.error.HTTPError) as red, hub.open(f"{hub.url}/health/ready"):
        pass
    assert red.value.code == 503
    with red.value:
        assert json.load(red.value)["checks"]["disk"]["ok"] is False

    filler.unlink()

    def stored_again() -> bool:
        say()
        return became(hub)["stored"] > before["stored"]

    wait_until(stored_again, what="points to be stored again", timeout_s=30, every_s=0.5)
    wait_until(hub.ready, what="the hub to be well", timeout_s=60)
