"""What `hub doctor` says of a broker that lets devices in without a name."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from hub.finding import Finding, Verdict
from hub.folder import DataFolder
from hub.settings import Settings


def examine(settings: Settings) -> Iterator[Finding]:
    """A note once gateways have passwords and the door for trials is open still."""
    url = DataFolder(settings.data_dir.resolve()).database_url(settings.database.url)
    file = url.removeprefix("sqlite:///")
    asked = "SELECT count(*) FROM gateway_credential WHERE verifier <> ''"
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            (number,) = connection.execute(asked).fetchone()
    except sqlite3.Error:  # no database yet, or one of an older version
        return
    if number and settings.mqtt.anonymous:
        yield Finding(
            "broker",
            Verdict.WORTH_KNOWING,
            f"{number} gateways have passwords, and devices on this machine need none",
            "set HUB_MQTT__ANONYMOUS=false",
        )
