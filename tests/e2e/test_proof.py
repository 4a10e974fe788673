"""The short form of `hub proof ingest`; `--messages 1000000 --kills 100` is the long one."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import influx

pytestmark = [pytest.mark.broker, pytest.mark.timeout(400)]

# Pairwise over broker, subscriber and store.
SITES = [
    pytest.param("mosquitto", "batch", "influx", marks=pytest.mark.influx),
    pytest.param("mosquitto", "paho", "embedded"),
    pytest.param("embedded", "batch", "embedded"),
    pytest.param("embedded", "paho", "influx", marks=pytest.mark.influx),
]


@pytest.mark.parametrize(("broker", "subscriber", "store"), SITES)
def test_whatever_is_killed_nothing_is_lost_and_nothing_is_there_twice(
    broker: str, subscriber: str, store: str, tmp_path: Path
) -> None:
    told = {
        "messages": 5_000,
        "kills": 6,
        "lifts": 100,
        "calls": 20,
        "seed": 3,
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
