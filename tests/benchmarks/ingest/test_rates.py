"""Telegraf to InfluxDB, the hub to InfluxDB, the hub embedded, and the limit, in one run.

One command: `pytest tests/benchmarks/ingest -m bench -s`; pieces by `-k`. It prints a table for
docs/design/performance.md. Same broker, publisher and messages for all, one after another.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.support import (
    bare_reader,
    costs,
    drainer,
    fast_broker,
    firehose,
    influx,
    lane,
    telegraf,
)
from tests.support.firehose import Told
from tests.support.influx import Influx
from tests.support.rates import ROUNDS_BEFORE, Row, measure
from tests.support.wait import wait_until

pytestmark = [pytest.mark.bench, pytest.mark.broker, pytest.mark.timeout(600)]

LIFTS = 2_000
MESSAGES = 200_000
EVERY_MESSAGE_A_POINT = {"HUB_INGEST__DEAD_BANDS": "false"}
PARTS = ("publisher", "broker", "consumer", "drain", "influxd")


@pytest.fixture(scope="module")
def rows() -> Iterator[list[Row]]:
    """What was measured; the table is printed when all are done."""
    found: list[Row] = []
    yield found
    sys.stdout.write("\n\n" + table(found) + "\n")
    if telegraf.find() is None:
        sys.stdout.write(f"\nWITHOUT THE PEER: no Telegraf; {telegraf.REMEDY}\n")


def table(rows: list[Row]) -> str:
    """As Markdown."""
    peer = next((row for row in rows if row.name.startswith("Telegraf")), None)

    def compared(row: Row, what: str) -> str:
        if what not in row.reached:
            return ""
        if peer is None or row is peer or row.name.startswith("the publisher"):
            return f"{row.reached[what]:,.0f}"
        return f"{row.reached[what]:,.0f} ({row.reached[what] / peer.reached[what]:.2f}x)"

    lines = [
        "| | lifts | acknowledged/s | visible/s | " + " | ".join(PARTS) + " | all | MB | a batch |",
        "|---|---|---|---|" + "---|" * len(PARTS) + "---|---|---|",
    ]
    for row in rows:
        costs_ = [f"{row.cpu[part]:.1f}" if part in row.cpu else "" for part in PARTS]
        mb = f"{row.resident['consumer']:.0f}" if "consumer" in row.resident else ""
        cells = [
            row.name,
            f"{row.lifts:,}",
            compared(row, "acknowledged"),
            compared(row, "visible"),
            *costs_,
            f"{sum(row.cpu.values()):.1f}",
            mb,
            "" if row.batch is None else f"{row.batch:.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def all_are_there(server: Influx) -> None:
    """A query finds every message; a write that was tried again has been counted twice."""
    wanted = MESSAGES + ROUNDS_BEFORE * LIFTS
    wait_until(lambda: costs.queried(server) == wanted, what="all to be found", timeout_s=60)


def test_the_publisher_alone(tmp_path: Path, rows: list[Row]) -> None:
    told = Told(LIFTS, MESSAGES)
    with fast_broker.running(tmp_path) as broker, firehose.ready(broker.port, told) as hose:
        pids = {"publisher": hose.pid, "broker": broker.pid}
        used = {part: costs.cpu_s(pid) for part, pid in pids.items()}
        hose.go()
        seconds = hose.seconds()
        cpu = {p: (costs.cpu_s(pid) - used[p]) / MESSAGES * 1e6 for p, pid in pids.items()}
    reached = {"acknowledged": MESSAGES / seconds}
    name = "the publisher alone, nobody listens"
    rows.append(Row(name, LIFTS, MESSAGES / seconds, reached, cpu))


def test_the_bare_limit(tmp_path: Path, rows: list[Row]) -> None:
    with fast_broker.running(tmp_path) as broker, ExitStack() as stack:
        command = [sys.executable, "-m", bare_reader.__name__, str(broker.port)]
        reader = stack.enter_context(subprocess.Popen([*command, "lift/v1/+/+/status"]))
        stack.callback(reader.kill)
        link = costs.subscribed(broker.port)
        rows.append(
            measure(
                "a reader that only acknowledges",
                broker,
                Told(LIFTS, MESSAGES),
                link,
                {"consumer": reader.pid},
            )
        )


@pytest.mark.influx
@pytest.mark.skipif(telegraf.find() is None, reason=f"no Telegraf: {telegraf.REMEDY}")
def test_telegraf_to_influxdb(tmp_path: Path, rows: list[Row]) -> None:
    with (
        influx.running(tmp_path / "influx") as server,
        fast_broker.running(tmp_path / "broker") as broker,
        telegraf.running(tmp_path / "telegraf", broker.port, server) as peer,
    ):
        link = costs.subscribed(broker.port)
        rows.append(
            measure(
                "Telegraf 1.37 to InfluxDB 2.7",
                broker,
                Told(LIFTS, MESSAGES),
                link,
                {"consumer": peer.pid, "influxd": server.pid},
                {"visible": partial(costs.written, server)},
            )
        )
        all_are_there(server)


@pytest.mark.influx
def test_the_hub_to_influxdb(tmp_path: Path, rows: list[Row]) -> None:
    data = tmp_path / "data"
    lane.found(data, LIFTS)
    with (
        influx.running(tmp_path / "influx") as server,
        fast_broker.running(tmp_path / "broker") as broker,
        ExitStack() as stack,
    ):
        settings = {
            "HUB_MQTT__URL": f"mqtt://127.0.0.1:{broker.port}",
            **EVERY_MESSAGE_A_POINT,
            **drainer.settings_for(server),
        }
        worker = stack.enter_context(lane.serving("telemetry", data, settings))
        history = stack.enter_context(lane.serving("history", data, settings))
        link = costs.subscribed(broker.port)
        rows.append(
            measure(
                "the hub to InfluxDB 2.7",
                broker,
                Told(LIFTS, MESSAGES),
                link,
                {"consumer": worker.pid, "drain": history.pid, "influxd": server.pid},
                {"visible": partial(costs.written, server)},
            )
        )
        all_are_there(server)


@pytest.mark.parametrize("lifts", [2_000, 20_000, 200_000])
def test_the_hub_embedded(tmp_path: Path, rows: list[Row], lifts: int) -> None:
    """Without dead-bands, and with them: a changed status and one that says nothing new."""
    data = tmp_path / "data"
    lane.found(data, lifts)
    spoken = 0
    with fast_broker.running(tmp_path / "broker") as broker:
        where = {"HUB_MQTT__URL": f"mqtt://127.0.0.1:{broker.port}"}
        for settings, kinds in (
            (EVERY_MESSAGE_A_POINT, ["every message a point"]),
            ({}, ["changed", "unchanged"]),
        ):
            if settings and lifts != LIFTS:
                continue
            with lane.serving("telemetry", data, {**where, **settings}) as worker:
                link = costs.subscribed(broker.port)
                for kind in kinds:
                    told = Told(lifts, MESSAGES, changing=kind != "unchanged", first=spoken)
                    measured = measure(
                        f"the hub embedded, {kind}",
                        broker,
                        told,
                        link,
                        {"consumer": worker.pid},
                    )
                    rows.append(measured)
                    spoken += ROUNDS_BEFORE + -(-MESSAGES // lifts)
