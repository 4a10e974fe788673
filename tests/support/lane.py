"""The hub's telemetry worker and its history process by themselves, at a broker that is given."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from core.db import Database
from hub.schema import migrate
from tests.support.province import build_registry

# As the supervisor starts them, beside each other.
NICE: Mapping[str, int] = {"telemetry": 0, "history": 2}


def found(data: Path, lifts: int) -> None:
    """A data folder with a registry of so many lifts, a gateway each."""
    data.mkdir(parents=True, exist_ok=True)
    with Database(f"sqlite:///{data / 'hub.db'}") as database:
        migrate(database)
    build_registry(data / "hub.db", lifts)


@contextmanager
def serving(
    role: str, data: Path, settings: Mapping[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    """`hub serve --role …` for the time of the block."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HUB_")}  # noqa: TID251
    measured = data / "metrics"
    measured.mkdir(exist_ok=True)
    with (data / f"{role}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hub", "serve", "--role", role],
            env={
                **inherited,
                "PROMETHEUS_MULTIPROC_DIR": str(measured),
                "HUB_DATA_DIR": str(data),
                **settings,
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    if NICE[role]:
        os.setpriority(os.PRIO_PROCESS, process.pid, NICE[role])
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
