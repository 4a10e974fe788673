"""Prerequisites that pip cannot bring: a loud skip for a user, a failure where CI=true."""

import os
import shutil

import pytest

from hub import mosquitto

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CI = os.environ.get("CI") == "true"  # noqa: TID251  (the tests' own switch)


def _missing(marker: str) -> str:
    match marker:
        case "broker":
            clients = all(shutil.which(each) for each in ("mosquitto_pub", "mosquitto_sub"))
            there = mosquitto.find() is not None and clients
            return "" if there else "mosquitto, mosquitto-clients"
        case "browser":
            return "" if any(map(shutil.which, BROWSERS)) else "chromium"
        case _:
            raise AssertionError(marker)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in ("broker", "browser"):
        if item.get_closest_marker(marker) and (missing := _missing(marker)):
            told = f"{missing} not found; Debian: sudo apt-get install {missing.replace(',', '')}"
            if CI:
                pytest.fail(told, pytrace=False)
            pytest.skip(told)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    missing = [found for marker in ("broker", "browser") if (found := _missing(marker))]
    if missing:
        terminalreporter.section("NOT EVERYTHING WAS TESTED", red=True)
        terminalreporter.line(f"Install {', '.join(missing)} and run again.")
