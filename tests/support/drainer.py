"""The hub's own process that takes the spool to InfluxDB, to be killed by tests."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.influx import Influx


def settings_for(server: Influx) -> dict[str, str]:
    """The settings that name this server."""
    return {
        "HUB_HISTORY__URL": server.url,
        "HUB_HISTORY__TOKEN": server.token,
        "HUB_HISTORY__ORG": server.org,
        "HUB_HISTORY__BUCKET": server.bucket,
    }


@contextmanager
def running(data: Path, server: Influx) -> Iterator["subprocess.Popen[bytes]"]:
    """`hub serve --role history` for the time of the block, then killed where it stands."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HUB_")}  # noqa: TID251
    with (data.parent / "drainer.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hub", "serve", "--role", "history"],
            env={**inherited, "HUB_DATA_DIR": str(data), **settings_for(server)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
