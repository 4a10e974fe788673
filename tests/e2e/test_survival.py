"""A whole hub is killed at bad moments; what was promised still holds."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import Row, select

import core.handoff
from alerts import tables
from core.clock import SystemClock
from core.db import Database
from core.journal import Subject, history, verify
from tests.support import mosquitto
from tests.support.hub_process import HubProcess
from tests.support.processes import descendants, only
from tests.support.small_city import AREA, GATEWAY, LIFT, found_city
from tests.support.wait import wait_until

pytestmark = [pytest.mark.broker, pytest.mark.timeout(240)]

SHORT_POLICY = """
[default]
answer_s = 2
level2_after_unanswered_s = 4
confirm_trapped_after_s = 1
"""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    policy = tmp_path / "policy.toml"
    policy.write_text(SHORT_POLICY)
    with HubProcess(tmp_path / "data", settings={"HUB_POLICY_FILE": str(policy)}) as process:
        process.token = found_city(process.data)
        yield process.start()


@pytest.fixture
def database(hub: HubProcess) -> Iterator[Database]:
    with Database(f"sqlite:///{hub.data / 'hub.db'}") as opened:
        yield opened


def broker_of(hub: HubProcess) -> mosquitto.Broker:
    address = json.loads((hub.data / "run" / "broker.json").read_text())
    return mosquitto.Broker(hub.data, address["port"])


def call(event_id: str) -> str:
    return json.dumps(
        {
            "ts": 1_764_000_000_000,
            "event_id": event_id,
            "phase": "begin",
            "source": "button",
            "lift": LIFT,
            "people": 2,
        }
    )


def call_until_answered(broker: mosquitto.Broker, payload: str) -> dict[str, object]:
    """Repeat a call as a device does, until its receipt is heard."""
    topic = f"lift/v1/{AREA}/{GATEWAY}"
    with subprocess.Popen(
        [
            *("mosquitto_sub", "-p", str(broker.port), "-q", "1", "-W", "30", "-C", "1"),
            *("-t", f"{topic}/receipt"),
        ],
        stdout=subprocess.PIPE,
    ) as sub:

        def answered() -> bool:
            broker.publish(f"{topic}/call", payload)
            return sub.poll() is not None

        wait_until(answered, what="the receipt", every_s=0.3)
        assert sub.stdout is not None
        receipt: dict[str, object] = json.loads(sub.stdout.read())
        return receipt


def incidents(database: Database) -> list[Row[tuple[object, ...]]]:
    rows = database.read(lambda c: c.execute(select(tables.incident)).all())
    return list(rows)


def test_an_incident_and_its_deadlines_outlive_the_hub(hub: HubProcess, database: Database) -> None:
    broker = broker_of(hub)
    receipt = call_until_answered(broker, call("survives-1"))
    hub.kill()
    assert receipt["accepted"]
    before = incidents(database)[0]
    assert before.id == receipt["incident"]
    assert before.level == 1
    hub.start()

    def level_two() -> bool:
        return bool(incidents(database)[0].level >= 2)  # a slow start may find the third due

    wait_until(level_two, what="the second level", timeout_s=30)
    after = incidents(database)
    assert [row.id for row in after] == [before.id]
    assert after[0].opened_at == before.opened_at
    told = database.read(
        lambda c: (
            c.execute(select(tables.notice.c.key).where(tables.notice.c.incident_id == before.id))
            .scalars()
            .all()
        )
    )
    assert len(told) == len(set(told))
    subject = Subject("incident", before.id)
    assert database.read(lambda c: verify(c, subject)) is None
    verbs = [entry.entry.verb for entry in database.read(lambda c: history(c, subject))]
    assert len([v for v in verbs if v == "opened"]) <= 1


def test_a_condition_acknowledged_just_before_the_kill_becomes_its_incident(
    hub: HubProcess, database: Database
) -> None:
    rescue = only(hub.pid, "--role rescue")
    os.kill(rescue, signal.SIGSTOP)  # so that nobody follows the hand-off before the kill
    broker_of(hub).publish(
        f"lift/v1/{AREA}/{GATEWAY}/event",
        json.dumps(
            {
                "ts": int(SystemClock().now().timestamp() * 1000),
                "seq": 1,
                "boot": "a1",
                "lift": LIFT,
                "event_id": "trap-1",
                "phase": "begin",
                "code": "trapped.between",
                "floor": 7,
                "occupied": True,
            }
        ),
    )
    folder = hub.data / "telemetry" / "0"
    rows = wait_until(
        lambda: [row for file in core.handoff.files(folder) for row in core.handoff.after(file)],
        what="the hand-off row",
    )
    assert len(rows) == 1
    assert incidents(database) == []
    hub.kill()
    hub.start()
    found = wait_until(lambda: incidents(database), what="the incident", timeout_s=20)
    assert [(row.lift_code, row.source) for row in found] == [(LIFT, "inferred")]


def test_the_broker_dies_and_rescue_goes_on(hub: HubProcess, database: Database) -> None:
    os.kill(only(hub.pid, "mosquitto -c"), signal.SIGKILL)
    request = Request(  # noqa: S310
        f"{hub.url}/api/v1/incidents",
        method="POST",
        headers={
            "Authorization": f"Bearer {hub.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": "typed-0001",
        },
        data=json.dumps({"lift_code": LIFT, "kind": "trapped", "people": 1}).encode(),
    )
    with urlopen(request, timeout=10) as answer:  # noqa: S310
        assert answer.status in {200, 201}
    assert [row.source for row in incidents(database)] == ["form"]
    assert hub.status("/health/live") == 200

    def answers() -> bool:
        return broker_of(hub)._answers()

    wait_until(answers, what="the broker to be back", timeout_s=20)
    # A broker that was killed has forgotten who listened: a device repeats until it is answered.
    call_until_answered(broker_of(hub), call("after-the-broker"))

    def reported() -> bool:
        keys = database.read(lambda c: c.execute(select(tables.report.c.event_key)).scalars().all())
        return any("after-the-broker" in key for key in keys)

    wait_until(reported, what="the call to arrive", timeout_s=30)


def test_every_process_ends_with_its_parent_and_a_new_start_works_at_once(
    hub: HubProcess,
) -> None:
    assert hub.process is not None
    below = descendants(hub.process.pid)
    assert len(below) >= 6
    hub.kill()

    def gone() -> bool:
        return not any(alive(pid) for pid in below)

    wait_until(gone, what="every child to end", timeout_s=5)
    hub.start()


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_ctrl_c_leaves_nothing_behind(hub: HubProcess) -> None:
    assert hub.process is not None
    below = descendants(hub.process.pid)
    assert hub.stop() == 0
    assert not any(alive(pid) for pid in below)


def test_a_rescue_process_that_hangs_turns_health_red_and_names_its_part(hub: HubProcess) -> None:
    children = Path(f"/proc/{hub.pid}/task/{hub.pid}/children").read_text().split()
    rescue = next(
        int(pid) for pid in children if b"rescue" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )
    os.kill(rescue, signal.SIGSTOP)
    try:
        wait_until(lambda: hub.status("/health/ready") == 503, what="red health", timeout_s=20)
        told = hub.run("doctor").stdout
        assert "rescue.engine" in told
        assert hub.status("/health/ready", public=True) == 200  # a report by QR is taken
    finally:
        os.kill(rescue, signal.SIGCONT)
    wait_until(hub.ready, what="the hub to be well again", timeout_s=60)
