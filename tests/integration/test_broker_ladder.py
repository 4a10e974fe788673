"""Each rung of the ladder, with the real clients of mosquitto."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.integration.test_supervisor import start
from tests.support.wait import wait_until

TOPIC = "lift/v1/410100/G00001"


def port_of(data: Path) -> str:
    return str(json.loads((data / "run/broker.json").read_text())["port"])


def running(data: Path) -> bool:
    return data.with_suffix(".log").read_text().count("broker_connected") >= 2


@pytest.mark.broker
@pytest.mark.parametrize("kind", ["mosquitto", "embedded"])
def test_a_call_from_mosquitto_pub_is_answered_on_the_receipt_topic(
    tmp_path: Path, kind: str
) -> None:
    data = tmp_path / "data"
    hub = start(data, HUB_MQTT__START=kind)
    try:
        wait_until(lambda: running(data), what="the hub to run", timeout_s=60)
        listener = subprocess.Popen(
            ["mosquitto_sub", "-p", port_of(data), "-t", f"{TOPIC}/receipt", "-C", "1", "-W", "60"],
            stdout=subprocess.PIPE,
        )
        call = json.dumps({"ts": 1, "event_id": "no-such-device-1", "phase": "begin"})

        def answered() -> bool:
            """Repeat, as a device does, until the receipt is there."""
            subprocess.run(
                [
                    "mosquitto_pub",
                    "-p",
                    port_of(data),
                    "-q",
                    "1",
                    "-t",
                    f"{TOPIC}/call",
                    "-m",
                    call,
                ],
                check=True,
            )
            return listener.poll() is not None

        wait_until(answered, what="a receipt", timeout_s=40, every_s=0.3)
        assert listener.stdout is not None
        receipt = json.loads(listener.stdout.read())
        assert receipt["event_id"] == "no-such-device-1"
        assert receipt["accepted"] is False
        listener.stdout.close()
    finally:
        hub.send_signal(signal.SIGINT)
        assert hub.wait(30) == 0


@pytest.mark.broker
def test_whoever_does_not_sign_in_reads_no_telemetry_and_writes_no_command(tmp_path: Path) -> None:
    data = tmp_path / "data"
    hub = start(data, HUB_MQTT__START="mosquitto")
    try:
        wait_until(lambda: running(data), what="the hub to run", timeout_s=60)
        known = json.loads((data / "run/broker.json").read_text())
        sign_in = ["-u", known["username"], "-P", known["password"], "-p", port_of(data)]
        spy = subprocess.Popen(
            ["mosquitto_sub", *sign_in, "-t", "lift/#", "-C", "1", "-W", "30", "-F", "%t"],
            stdout=subprocess.PIPE,
        )

        def seen() -> bool:
            for kind in ("cmd", "receipt", "status"):  # in this order; only the last may pass
                subprocess.run(
                    ["mosquitto_pub", "-p", port_of(data), "-t", f"{TOPIC}/{kind}", "-m", "{}"],
                    check=True,
                )
            return spy.poll() is not None

        wait_until(seen, what="the one message that may pass", timeout_s=30, every_s=0.3)
        assert spy.stdout is not None
        assert spy.stdout.read().strip() == f"{TOPIC}/status".encode()
        spy.stdout.close()
    finally:
        hub.send_signal(signal.SIGINT)
        assert hub.wait(30) == 0
