"""The processes of a hub: none outlives its parent, and a new hub starts at once."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from core import metrics
from core.clock import SystemClock
from core.pulse import Pulse, heard
from hub import gauges
from hub.parts import Listener
from hub.serving import METRICS
from hub.settings import environment
from hub.supervisor import Role, Supervisor
from tests.support.machine import Machine, MachineClock
from tests.support.ports import free_port
from tests.support.wait import wait_until


def start(data: Path, **settings: str) -> "subprocess.Popen[bytes]":
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HUB_")}  # noqa: TID251
    port = free_port()
    with data.with_suffix(".log").open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "hub", "serve", "--data", str(data), "--port", str(port)],
            env={
                **inherited,
                "HUB_PUBLIC__PORT": str(free_port()),
                "HUB_MQTT__PORT": str(free_port()),
                **settings,
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def family(root: int) -> set[int]:
    """The processes that descend from `root`, by the kernel's own list."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    found: set[int] = set()
    fresh = {root}
    while fresh:
        fresh = {pid for pid, parent in parents.items() if parent in fresh} - found
        found |= fresh
    return found


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}


def running(data: Path) -> bool:
    """Whether both lanes have reached the broker, which is the last thing that a start does."""
    return data.with_suffix(".log").read_text().count("broker_connected") >= 2


linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@linux
@pytest.mark.broker
def test_no_child_outlives_a_killed_parent_and_a_new_hub_starts_at_once(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    first = start(data)
    second = None
    try:
        wait_until(lambda: running(data), what="the hub to run", timeout_s=60)
        children = family(first.pid)
        assert len(children) >= 7  # six roles and the broker's program
        first.kill()
        wait_until(lambda: not any(map(lives, children)), what="the children to end", timeout_s=10)
        data.with_suffix(".log").write_text("")
        second = start(data)
        wait_until(lambda: running(data), what="the second hub to run", timeout_s=60)
    finally:
        first.kill()
        first.wait(10)
        if second is not None:
            second.send_signal(signal.SIGINT)
            assert second.wait(30) == 0


@linux
@pytest.mark.broker
def test_ctrl_c_leaves_no_process_and_a_folder_that_is_free(tmp_path: Path) -> None:
    data = tmp_path / "data"
    hub = start(data)
    try:
        wait_until(lambda: running(data), what="the hub to run", timeout_s=60)
        children = family(hub.pid)
        hub.send_signal(signal.SIGINT)
        assert hub.wait(30) == 0
        assert not any(map(lives, children))
        with (data / "children.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        hub.kill()
        hub.wait(10)


@linux
@pytest.mark.broker
def test_a_killed_broker_comes_back_on_its_port(tmp_path: Path) -> None:
    data = tmp_path / "data"
    hub = start(data)
    try:
        wait_until(lambda: running(data), what="the hub to run", timeout_s=60)
        port = json.loads((data / "run/broker.json").read_text())["port"]
        named = [
            p for p in family(hub.pid) if b"mosquitto" in Path(f"/proc/{p}/cmdline").read_bytes()
        ]
        os.kill(named[0], signal.SIGKILL)

        def back() -> bool:
            return data.with_suffix(".log").read_text().count("broker_connected") >= 4

        wait_until(back, what="both lanes to be back", timeout_s=60)
        assert json.loads((data / "run/broker.json").read_text())["port"] == port
    finally:
        hub.send_signal(signal.SIGINT)
        assert hub.wait(30) == 0


def test_a_second_hub_on_the_same_folder_is_told_who_holds_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with (data / "hub.lock").open("w") as held:
        held.write("4711")
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        refused = start(data)
        assert refused.wait(30) == 2
    told = data.with_suffix(".log").read_text()
    assert "process 4711" in told
    assert "--data" in told


def test_a_process_that_hangs_is_ended_and_started_again(tmp_path: Path) -> None:
    machine = Machine(datetime(2026, 11, 23, tzinfo=UTC))
    supervisor = Supervisor(
        [Role("rescue", (sys.executable, "-c", "import sys; sys.stdin.read()"))],
        environment={},
        clock=MachineClock(machine),
        listener=Listener(tmp_path),
    )
    stop = threading.Event()

    def live(seconds: int, *parts: Pulse) -> None:
        for _ in range(seconds):
            machine.run(timedelta(seconds=1))
            for part in parts:
                part.turned()
            supervisor.run_once()

    try:
        live(1)
        first = supervisor.pids()["rescue"]
        engine = Pulse(tmp_path / "rescue.engine", machine.ticks)
        live(40, engine)
        assert supervisor.pids() == {"rescue": first}
        os.kill(first, signal.SIGSTOP)
        live(29)
        assert supervisor.pids() == {"rescue": first}
        live(10)
        assert supervisor.pids()["rescue"] != first
        assert not lives(first)
        assert heard(tmp_path) == {}  # and the new one has its time to start
    finally:
        stop.set()
        supervisor.run(stop)


COUNTING = """
import sys
from core import metrics
metrics.INGEST_RECEIVED.labels("telemetry", "410100").inc(5)
metrics.INGEST_IN_FLIGHT.labels("telemetry", "410100").set(3)
metrics.INGEST_OUTCOME.labels("telemetry", "410100", "stored").inc(2)
metrics.INGEST_RECEIVED.labels("door", "410100").inc(7)
metrics.INGEST_OUTCOME.labels("door", "410100", "shed").inc(7)
print("said", flush=True)
sys.stdin.read()
"""


def test_what_a_killed_process_said_of_its_present_is_forgotten(tmp_path: Path) -> None:
    counts, said = tmp_path / "metrics", tmp_path / "said"
    counts.mkdir()
    with said.open("wb") as output:
        supervisor = Supervisor(
            [Role("telemetry", (sys.executable, "-c", COUNTING))],
            environment={**environment(), METRICS: str(counts)},
            clock=SystemClock(),
            listener=Listener(tmp_path),
            output=output,
            bury=partial(metrics.forget, counts),
        )
        stop = threading.Event()
        try:
            supervisor.run_once()
            wait_until(said.read_text, what="the process to count")
            assert "hub_ingest_in_flight" in metrics.exposition(str(counts)).decode()
            os.kill(supervisor.pids()["telemetry"], signal.SIGKILL)
            while supervisor.pids():
                supervisor.run_once()
            told = metrics.exposition(str(counts)).decode()
            assert "hub_ingest_in_flight" not in told
            assert 'hub_ingest_received_total{area="410100",lane="telemetry"} 5.0' in told
            reading = gauges.read(told)
            became = reading.by("hub_ingest_outcome_total", "outcome")
            assert became == {"stored": 2, "shed": 7, "cut_off": 3}  # its books are closed
            assert reading.by("hub_ingest_outcome_total", "lane")["telemetry"] == 5
            buried = next(counts.glob("counter_*.db"))
            metrics.forget(counts, int(buried.stem.removeprefix("counter_")))  # once is enough
            assert gauges.read(metrics.exposition(str(counts)).decode()) == reading
        finally:
            stop.set()
            supervisor.run(stop)
