"""Credentials from the command line to a real mosquitto: who gets in, and where to."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection

from alerts import queries
from core.clock import SystemClock
from core.db import Database
from core.journal import Actor
from devices import call_roll, commands
from devices.model import Gateway
from hub import schema
from tests.support.device import Device
from tests.support.mosquitto import Broker
from tests.support.mosquitto import find as mosquitto
from tests.support.ports import free_port
from tests.support.registry import sample_lift
from tests.support.wait import wait_until

BY = Actor("system", "test")
AREA = "410100"
REFUSED = 5  # what mosquitto's clients end with when they may not come in


class Hub:
    """A data folder with two gateways, the command line, and the broker's process alone."""

    def __init__(self, data: Path, **settings: str) -> None:
        self.data = data
        self.port = free_port()
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("HUB_")}  # noqa: TID251
        self.environment = {
            **inherited,
            "HUB_DATA_DIR": str(data),
            "HUB_MQTT__PORT": str(self.port),
            "COLUMNS": "200",
            **settings,
        }
        with Database(f"sqlite:///{data / 'hub.db'}") as database:
            schema.migrate(database)
            database.write(self._fill)
        self.started: list[subprocess.Popen[bytes]] = []

    @staticmethod
    def _fill(connection: Connection) -> None:
        now = SystemClock().now()
        for number, code in ((1, "100001"), (2, "100002")):
            lift = commands.upsert_lift(
                connection, replace(sample_lift(number, code), id=0), now, BY
            )
            commands.enrol_gateway(connection, Gateway(f"G{number}", AREA, (lift.id,)), now, BY)

    def run(self, *words: str, fails: bool = False) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "hub", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode != 0) is fails, done.stderr + done.stdout
        return done.stdout + done.stderr

    def issue(self, name: str, verb: str = "issue") -> str:
        told = self.run("gateways", "credentials", verb, name).splitlines()[0]
        return told.split()[1]

    def start(self, *others: str) -> None:
        """The broker's process, and then others."""
        for role in ("broker", *others):
            with (self.data / f"{role}.log").open("ab") as log:
                self.started.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "hub", "serve", "--role", role],
                        env=self.environment,
                        stdin=subprocess.DEVNULL,
                        stderr=log,
                    )
                )
            wait_until((self.data / "run/broker.json").exists, what="the broker")

    def stop(self) -> None:
        for process in reversed(self.started):
            process.send_signal(signal.SIGINT)
            process.wait(20)

    def device(self, name: str, password: str) -> Device:
        return Device(AREA, name, self.port, name, password)

    def own(self) -> list[str]:
        known = json.loads((self.data / "run/broker.json").read_text())
        return ["-u", known["username"], "-P", known["password"]]

    def hear(self, *who: str, topic: str, count: int, seconds: int = 20) -> "subprocess.Popen[str]":
        name = f"ear-{free_port()}"
        command = [
            "stdbuf",
            "-oL",
            "mosquitto_sub",
            "-p",
            str(self.port),
            "-i",
            name,
            *who,
            "-d",
            "-v",
            "-t",
            topic,
        ]
        ear = subprocess.Popen(
            [*command, "-q", "1", "-C", str(count), "-W", str(seconds)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert ear.stdout is not None
        for line in ear.stdout:
            if "SUBACK" in line:
                break
        return ear

    def say(self, topic: str, *who: str) -> int:
        command = ["mosquitto_pub", "-p", str(self.port), *who, "-q", "1", "-t", topic, "-m", "{}"]
        return subprocess.run(command, check=False, timeout=20, capture_output=True).returncode


def topics(ear: "subprocess.Popen[str]") -> list[str]:
    out, _ = ear.communicate(timeout=30)
    return [line.split()[0] for line in out.splitlines() if line.endswith(" {}")]


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Hub]:
    (tmp_path / "data").mkdir()
    hub = Hub(tmp_path / "data", HUB_MQTT__ANONYMOUS="false", HUB_MQTT__START="mosquitto")
    yield hub
    hub.stop()


@pytest.mark.broker
def test_a_gateway_is_heard_on_its_own_topics_and_on_no_others(closed: Hub) -> None:
    who = ["-u", "G1", "-P", closed.issue("G1")]
    closed.start()
    ear = closed.hear(*closed.own(), topic="#", count=3)
    for topic in (
        f"lift/v1/{AREA}/G2/status",  # another's
        f"lift/v1/{AREA}/G2/call",
        f"lift/v1/{AREA}/G1/receipt",  # the hub's word
        f"lift/v1/{AREA}/G1/cmd",
        "gb24476/410100/G2/up",  # another's, in a dialect
        "hub/v1/shard/x",
        f"lift/v1/{AREA}/G1/call",
        "gb24476/410100/G1/up",
        f"lift/v1/{AREA}/G1/status",
    ):
        assert closed.say(topic, *who) == 0  # mosquitto says nothing to whoever may not
    assert topics(ear) == [
        f"lift/v1/{AREA}/G1/call",
        "gb24476/410100/G1/up",
        f"lift/v1/{AREA}/G1/status",
    ]


@pytest.mark.broker
def test_a_gateway_hears_its_own_receipts_and_nobody_elses(closed: Hub) -> None:
    who = ["-u", "G1", "-P", closed.issue("G1")]
    closed.start()
    ear = closed.hear(*who, topic="lift/v1/+/+/receipt", count=1)
    assert closed.say(f"lift/v1/{AREA}/G2/receipt", *closed.own()) == 0
    assert closed.say(f"lift/v1/{AREA}/G1/receipt", *closed.own()) == 0
    assert topics(ear) == [f"lift/v1/{AREA}/G1/receipt"]


@pytest.mark.broker
def test_a_revoked_gateway_is_sent_away_and_refused_and_the_hub_stays(closed: Hub) -> None:
    who = ["-u", "G1", "-P", closed.issue("G1")]
    other = ["-u", "G2", "-P", closed.issue("G2")]
    closed.start()
    topic = f"lift/v1/{AREA}/G1/status"
    assert closed.say(topic) == REFUSED  # nobody comes in without a name
    assert closed.say(topic, "-u", "G1", "-P", "wrong") == REFUSED
    assert closed.say(topic, *who) == 0
    hub_ear = closed.hear(*closed.own(), topic="lift/#", count=1, seconds=60)
    staying = closed.hear(*who, topic=f"lift/v1/{AREA}/G1/receipt", count=1, seconds=60)
    assert "revoked" in closed.run("gateways", "credentials", "revoke", "G1", "--reason", "lost")
    wait_until(
        lambda: closed.say(topic, *who) == REFUSED, what="to be refused", timeout_s=60, every_s=0.3
    )
    closed.say(f"lift/v1/{AREA}/G1/receipt", *closed.own())
    assert closed.say(f"lift/v1/{AREA}/G2/status", *other) == 0
    assert topics(hub_ear)[0].startswith("lift/v1")  # was never cut off
    assert topics(staying) == []  # sent away, and let in no more
    assert "G1" in closed.run("gateways", "credentials", "list", "--state", "revoked")


@pytest.mark.broker
def test_rotating_ends_the_old_password_of_a_running_broker(closed: Hub) -> None:
    old = closed.issue("G1")
    closed.start()
    topic = f"lift/v1/{AREA}/G1/status"
    assert closed.say(topic, "-u", "G1", "-P", old) == 0
    new = closed.issue("G1", "rotate")
    wait_until(
        lambda: closed.say(topic, "-u", "G1", "-P", new) == 0,
        what="the new",
        timeout_s=60,
        every_s=0.3,
    )
    assert closed.say(topic, "-u", "G1", "-P", old) == REFUSED


@pytest.mark.broker
def test_a_test_call_is_kept_and_answered_and_opens_no_incident(closed: Hub) -> None:
    device = closed.device("G1", closed.issue("G1"))
    closed.start("rescue")
    found = {"microphone": True, "loudspeaker": False, "battery_pct": 92}
    call = {"ts": 1, "event_id": "t1", "phase": "test", "source": "button", "test": found}
    receipt = device.call(call)
    assert receipt["accepted"] is True
    assert receipt.get("incident") is None
    with Database(f"sqlite:///{closed.data / 'hub.db'}") as database:
        kept = database.read(lambda c: call_roll.of_lift(c, 1))
        assert database.read(queries.board) == []
    assert kept is not None
    assert (kept.gateway_id, kept.loudspeaker, kept.passed) == ("G1", False, False)


@pytest.mark.broker
def test_where_the_settings_allow_it_devices_on_trial_need_no_name(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    hub = Hub(tmp_path / "data", HUB_MQTT__START="mosquitto")
    try:
        hub.start()
        ear = hub.hear(*hub.own(), topic="#", count=1)
        assert hub.say("hub/v1/shard/x") == 0
        assert hub.say(f"lift/v1/{AREA}/G2/status") == 0
        assert topics(ear) == [f"lift/v1/{AREA}/G2/status"]
    finally:
        hub.stop()


def test_many_are_told_in_a_file_of_ones_own_for_the_installer(closed: Hub, tmp_path: Path) -> None:
    out = tmp_path / "installer.csv"
    assert "--out" in closed.run("gateways", "credentials", "issue", "--all", fails=True)
    closed.run("gateways", "credentials", "issue", "--all", "--out", str(out))
    assert out.stat().st_mode & 0o777 == 0o600
    with out.open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [row["username"] for row in rows] == ["G1", "G2"]
    assert [row["lifts"] for row in rows] == ["100001", "100002"]
    assert len({row["password"] for row in rows}) == 2
    assert "are there already" not in closed.run("gateways", "credentials", "list")
    again = ("gateways", "credentials", "issue", "--all", "--out")
    assert "2 gateways have one already" in closed.run(*again, str(tmp_path / "more.csv"))
    assert not (tmp_path / "more.csv").exists()
    rotated = ("gateways", "credentials", "rotate", "--all", "--out", str(out))
    assert "already" in closed.run(*rotated, fails=True)


@pytest.mark.broker
def test_the_files_for_a_mosquitto_of_ones_own_let_in_gateways_and_the_hub(
    closed: Hub, tmp_path: Path
) -> None:
    password = closed.issue("G1")
    closed.environment["HUB_MQTT__URL"] = "mqtt://centre:a-word@localhost"
    place = tmp_path / "theirs"
    told = closed.run("broker", "files", "--out", str(place))
    assert "1 gateways, and the hub as centre" in told
    assert {file.stat().st_mode & 0o777 for file in place.iterdir()} == {0o600}
    (place / "mosquitto.conf").write_text(
        f"listener {closed.port} 127.0.0.1\nallow_anonymous false\n"
        f"password_file {place / 'passwords'}\nacl_file {place / 'access'}\nuser root\n"
    )
    program = mosquitto()
    assert program
    theirs = subprocess.Popen([program, "-c", str(place / "mosquitto.conf")])
    try:
        wait_until(Broker(tmp_path, closed.port)._answers, what="their mosquitto")
        ear = closed.hear("-u", "centre", "-P", "a-word", topic="#", count=1)
        assert closed.say(f"lift/v1/{AREA}/G2/status", "-u", "G1", "-P", password) == 0
        assert closed.say(f"lift/v1/{AREA}/G1/status", "-u", "G1", "-P", password) == 0
        assert topics(ear) == [f"lift/v1/{AREA}/G1/status"]
    finally:
        theirs.terminate()
        theirs.wait()


def test_an_emqx_is_told_where_to_ask_and_what_to_show(closed: Hub) -> None:
    told = closed.run("broker", "emqx", "--url", "https://hub.example/")
    token = (closed.data / "secrets" / "emqx").read_text()
    assert 'url = "https://hub.example/broker/emqx/authn"' in told
    assert told.count(f"Bearer {token}") == 2
    assert 'password = "${password}"' in told
