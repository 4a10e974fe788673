"""Prerequisites that pip cannot bring: a loud skip for a user, a failure where CI=true."""

import os
import shutil
from importlib.util import find_spec

import pytest

from hub import mosquitto
from tests.support import foreign_client, influx, postgres

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MARKERS = ("broker", "browser", "influx", "foreign", "postgres")
CI = os.environ.get("CI") == "true"  # noqa: TID251  (the tests' own switch)


def _missing(marker: str, version: str = influx.REFERENCE, lent: str = "") -> str:
    match marker:
        case "broker":
            clients = all(shutil.which(each) for each in ("mosquitto_pub", "mosquitto_sub"))
            there = mosquitto.find() is not None and clients
            return "" if there else "mosquitto, mosquitto-clients"
        case "influx":
            there = influx.there(version, lent) and find_spec("influxdb_client") is not None
            return "" if there else f"InfluxDB {version} or its client"
        case "postgres":
            return "" if postgres.there() else postgres.MISSING
        case "browser":
            return "" if any(map(shutil.which, BROWSERS)) else "chromium"
        case "foreign":
            return foreign_client.missing()
        case _:
            raise AssertionError(marker)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in MARKERS:
        mark = item.get_closest_marker(marker)
        if mark is not None and (missing := _missing(marker, *mark.args)):
            install = f"Debian: sudo apt-get install {missing.replace(',', '')}"
            remedies = {"influx": influx.REMEDY, "postgres": "install the group dev"}
            told = f"{missing} not found; {remedies.get(marker, install)}"
            if CI:
                pytest.fail(told, pytrace=False)
            pytest.skip(told)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    missing = [found for marker in MARKERS if (found := _missing(marker))]
    if missing:
        terminalreporter.section("NOT EVERYTHING WAS TESTED", red=True)
        terminalreporter.line(f"Install {', '.join(missing)} and run again.")
