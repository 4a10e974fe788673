"""A mapping file is mended in a running hub: read again at once, and kept while it is broken."""

import json
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.db import Database
from devices.commands import enrol_gateway
from devices.model import Gateway
from devices.queries import lift_by_code
from hub.dialects import SHIPPED
from tests.support import mosquitto
from tests.support.hub_process import HubProcess
from tests.support.small_city import AREA, LIFT, NOW, TEST, found_city
from tests.support.wait import wait_until

pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]

GB = (SHIPPED / "gb24476-2017.toml").read_text("utf-8").replace("gb24476-2017", "own", 1)
OTHER = GB.replace('"Car_Position", as', '"Flr", as')


def speaks_own(data: Path) -> None:
    """A gateway of another dialect speaks for the small city's lift."""
    with Database(f"sqlite:///{data / 'hub.db'}") as database:
        lift = database.read(lambda c: lift_by_code(c, LIFT))
        gateway = Gateway("OWN1", AREA, (lift.id,), None, "own")
        database.write(lambda c: enrol_gateway(c, gateway, NOW, TEST))


def test_a_mapping_file_that_changes_needs_no_restart(tmp_path: Path) -> None:
    with mosquitto.running(tmp_path / "broker") as broker:
        hub = HubProcess(
            tmp_path / "data", settings={"HUB_MQTT__URL": f"mqtt://{broker.host}:{broker.port}"}
        )
        hub.token = found_city(hub.data)
        speaks_own(hub.data)
        file = hub.data / "dialects" / "own.toml"
        file.parent.mkdir(parents=True)
        file.write_text(GB, "utf-8")
        clock = SystemClock()

        def floor_is(floor: int) -> None:
            """Whichever of two fields the mapping reads; the other says another floor."""

            def shown() -> bool:
                told = {
                    "Car_Status": 1,
                    "Car_Position": f"{floor}",
                    "Flr": f"{floor + 10}",
                    "Time_Stamps": int(clock.now().timestamp()),
                }
                broker.publish(f"lift/v1/{AREA}/OWN1/status", json.dumps(told))
                found = hub.ask(f"/lifts/{LIFT}")["status"].get("floor")
                return bool(found == floor + (10 if other else 0))

            wait_until(shown, what=f"floor {floor}", timeout_s=60, every_s=1)

        def said(word: str) -> bool:
            with hub.open(f"{hub.url}/health/ready") as answer:
                return word in answer.read().decode()

        with hub.start():
            other = False
            floor_is(3)
            file.write_text(OTHER, "utf-8")
            other = True
            floor_is(4)
            file.write_text("= [", "utf-8")
            wait_until(lambda: "dialect_not_loaded" in hub.log(), what="the log to tell")
            wait_until(lambda: said("own.toml"), what="health to tell")
            floor_is(5)  # by what it said before
            file.write_text(GB + "\n", "utf-8")
            other = False
            floor_is(6)
            wait_until(lambda: not said("own.toml"), what="health to be well again")
