"""The short form of `hub proof ingest`; `--messages 1000000 --kills 100` is the long one."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from core.failpoint import NAMES
from hub.proof import kills
from tests.e2e.test_nothing_is_lost import KILLS as RANDOM_KILLS
from tests.support import influx

pytestmark = [pytest.mark.broker, pytest.mark.timeout(400)]

SEED, KILLS = 3, 10
# Pairwise over broker, subscriber and store.
SITES = [
    pytest.param("mosquitto", "batch", "influx", marks=pytest.mark.influx),
    pytest.param("mosquitto", "paho", "embedded"),
    pytest.param("embedded", "batch", "embedded"),
    pytest.param("embedded", "paho", "influx", marks=pytest.mark.influx),
]


def test_the_telemetry_worker_is_killed_twenty_times_and_at_each_of_its_moments() -> None:
    """L3, with the four kills at random of test_nothing_is_lost."""
    struck: Counter[str] = Counter()
    for site in SITES:
        influx_too = site.values[2] == "influx"
        targets = kills.targets(influx=influx_too, influx_is_ours=influx_too)
        drawn = kills.plan(SEED, KILLS, 5_000, targets)
        struck.update(each.target for each in drawn if kills.takes_telemetry(each.target))
    assert struck.total() + RANDOM_KILLS >= 20
    assert set(struck) == {name for name in (kills.TELEMETRY, *NAMES) if "telemetry" in name}


@pytest.mark.parametrize(("broker", "subscriber", "store"), SITES)
def test_whatever_is_killed_nothing_is_lost_and_nothing_is_there_twice(
    broker: str, subscriber: str, store: str, tmp_path: Path
) -> None:
    told = {
        "messages": 5_000,
        "kills": KILLS,
        "lifts": 100,
        "calls": 20,
        "seed": SEED,
        "minutes": 6,
        "broker": broker,
        "subscriber": subscriber,
        "store": store,
        **({"influxd": influx.find()} if store == "influx" else {}),
        "folder": tmp_path / "run",
    }
    options = [word for name, value in told.items() for word in (f"--{name}", str(value))]
    done = subprocess.run(
        [sys.executable, "-m", "hub", "proof", "ingest", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "proved" in done.stdout
