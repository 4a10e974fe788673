"""`hub tail` beside a real broker, and `hub top` in a real terminal."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support import mosquitto
from tests.support.wait import wait_until

STATUS = "lift/v1/410100/G1/status"


def environment(data: Path, **settings: str) -> Mapping[str, str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HUB_")}  # noqa: TID251
    return {**inherited, "HUB_DATA_DIR": str(data), "TERM": "xterm", **settings}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[mosquitto.Broker]:
    with mosquitto.running(tmp_path / "broker") as running:
        yield running


@pytest.mark.broker
def test_messages_are_told_as_they_come_and_refused_ones_with_their_reason(
    broker: mosquitto.Broker, tmp_path: Path
) -> None:
    url = f"mqtt://{broker.host}:{broker.port}"
    command = [sys.executable, "-m", "hub", "tail", "--json", "--count", "2", "--area", "410100"]
    with subprocess.Popen(
        command, env=environment(tmp_path, HUB_MQTT__URL=url), stdout=subprocess.PIPE, text=True
    ) as tail:

        def said() -> bool:
            broker.publish("lift/v1/410200/G1/status", '{"ts":1,"seq":1,"boot":"b"}')
            broker.publish(STATUS, '[{"ts":1,"seq":1,"boot":"b","floor":3},{"ts":2}]')
            return tail.poll() is not None

        wait_until(said, timeout_s=60, every_s=0.5, what="two lines")
        assert tail.stdout is not None
        good, bad = map(json.loads, tail.stdout)
    assert good["message"]["floor"] == 3
    assert bad["refused"] == "missing_field"


def test_without_a_broker_tail_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hub", "tail"],
        env=environment(tmp_path, HUB_MQTT__URL="mqtt://127.0.0.1:1"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "cannot be listened to" in done.stderr


def count_into(folder: Path) -> None:
    """What a telemetry process leaves in the metrics folder."""
    program = (
        "from core import metrics\n"
        "metrics.INGEST_RECEIVED.labels('telemetry', '410100').inc(12)\n"
        "metrics.INGEST_OUTCOME.labels('telemetry', '410100', 'stored').inc(12)\n"
        "metrics.INGEST_REFUSED.labels('telemetry', 'bad_json').inc()\n"
    )
    folder.mkdir(parents=True)
    told = {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
    subprocess.run([sys.executable, "-c", program], env={**environment(folder), **told}, check=True)


def test_top_shows_the_lanes_in_a_terminal_and_q_ends_it(tmp_path: Path) -> None:
    count_into(tmp_path / "metrics")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "hub", "top", "--every", "0.2"]
    told = {"COLUMNS": "180", "LINES": "50"}
    seen = b""
    with subprocess.Popen(
        command, env=environment(tmp_path, **told), stdin=theirs, stdout=theirs, stderr=theirs
    ) as top:
        os.close(theirs)

        def shown() -> bool:
            nonlocal seen
            ready, _, _ = select.select([ours], [], [], 0.2)
            if ready:
                seen += os.read(ours, 65536)
            return seen.count(b"410100") >= 2 and b"bad_json" in seen

        wait_until(shown, timeout_s=60, what="two pictures")
        os.write(ours, b"q")

        def ended() -> bool:
            ready, _, _ = select.select([ours], [], [], 0.05)
            if ready:
                try:
                    os.read(ours, 65536)
                except OSError:  # its end is closed
                    return top.poll() is not None
            return top.poll() is not None

        wait_until(ended, timeout_s=20, what="top to end")
    os.close(ours)
    assert top.returncode == 0


def test_top_once_is_for_scripts_and_says_when_nothing_runs(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hub", "top", "--once", "--every", "0.2"]
    away = subprocess.run(
        command, env=environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert away.returncode == 2
    assert "does it run?" in away.stderr
    count_into(tmp_path / "metrics")
    there = subprocess.run(
        command, env=environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert "410100" in there.stdout


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ("144", ("received", "quarantined", "unaccounted", "device → received")),
        ("80", ("recv", "shed", "quar", "open", "to the hub")),
        ("50", ("recv", "quar", "open", "to the store")),
    ],
)
def test_top_fits_the_terminal(tmp_path: Path, columns: str, told: tuple[str, ...]) -> None:
    count_into(tmp_path / "metrics")
    done = subprocess.run(
        [sys.executable, "-m", "hub", "top", "--once", "--every", "0.2"],
        env=environment(tmp_path, COLUMNS=columns, LINES="60"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(len(line) <= int(columns) for line in done.stdout.splitlines())
    assert "…" not in done.stdout
    assert all(word in done.stdout for word in told)


@pytest.mark.broker
def test_tail_into_a_pipe_tells_each_line_as_it_comes(
    broker: mosquitto.Broker, tmp_path: Path
) -> None:
    url = f"mqtt://{broker.host}:{broker.port}"
    command = [sys.executable, "-m", "hub", "tail"]
    with subprocess.Popen(
        command, env=environment(tmp_path, HUB_MQTT__URL=url), stdout=subprocess.PIPE
    ) as tail:
        assert tail.stdout is not None
        pipe = tail.stdout.fileno()

        def told() -> bool:
            broker.publish(STATUS, '{"ts":1,"seq":1,"boot":"b","floor":3}')
            return bool(select.select([pipe], [], [], 0.2)[0])

        wait_until(told, timeout_s=60, every_s=0.5, what="a line while it listens on")
        assert b"floor" in os.read(pipe, 65536)
        assert tail.poll() is None
        tail.send_signal(signal.SIGINT)
        tail.wait(20)
