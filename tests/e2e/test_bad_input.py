"""Whatever comes wrong is told by its field, and what is good beside or after it is taken."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from core.clock import SystemClock
from core.db import Database
from core.journal import journal_table
from devices.lift_csv import HEADER
from ingest.quarantine import Kept, QuarantineReader
from tests.support.device import Device
from tests.support.hub_process import HubProcess
from tests.support.small_city import AREA, GATEWAY, LIFT, found_city
from tests.support.wait import wait_until

pytestmark = [pytest.mark.broker, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("bad") / "data") as process:
        process.token = found_city(process.data)
        yield process.start()


@pytest.fixture
def device(hub: HubProcess) -> Device:
    return Device(AREA, GATEWAY, hub.broker_port)


def now_ms() -> int:
    return int(SystemClock().now().timestamp() * 1000)


def call(event_id: str, **more: object) -> dict[str, object]:
    told = {"ts": now_ms(), "event_id": event_id, "phase": "begin", "source": "button"}
    return {**told, "lift": LIFT, **more}


def refused_calls(hub: HubProcess) -> list[dict[str, str]]:
    t = journal_table.c
    wanted = select(t.facts).where(t.subject_kind == "call").order_by(t.id)
    with Database(f"sqlite:///{hub.data / 'hub.db'}") as database:
        return list(database.read(lambda c: c.execute(wanted).scalars().all()))


def quarantined(hub: HubProcess) -> list[Kept]:
    return list(QuarantineReader(hub.data / "telemetry" / "0").list(100))


def broken(event_id: str) -> bytes:
    return json.dumps(call(event_id)).encode()[:-9]


def oversized(event_id: str) -> bytes:
    return json.dumps(call(event_id, note="x" * 5000)).encode()


def latin(event_id: str) -> bytes:
    return json.dumps(call(event_id, note="?")).encode().replace(b'"?"', b'"\xe9"')


def with_(**wrong: object) -> Callable[[str], bytes]:
    return lambda event_id: json.dumps(call(event_id, **wrong)).encode()


@pytest.mark.parametrize(
    ("make", "reason", "field"),
    [
        pytest.param(broken, "bad_json", "payload", id="bad JSON"),
        pytest.param(oversized, "too_large", "payload", id="over 4 KiB"),
        pytest.param(latin, "bad_utf8", "payload", id="not UTF-8"),
        pytest.param(with_(lift="999999"), "lift_unknown", "lift", id="unknown lift"),
        pytest.param(with_(lift="12"), "bad_field", "lift", id="no lift's code"),
        pytest.param(with_(people=100), "bad_field", "people", id="out of range"),
        pytest.param(with_(source="telepathy"), "bad_field", "source", id="unknown word"),
    ],
)
def test_a_wrong_call_is_answered_with_the_field_and_the_next_one_is_taken(
    hub: HubProcess,
    device: Device,
    make: Callable[[str], bytes],
    reason: str,
    field: str,
) -> None:
    wrong = f"wrong-{reason}-{field}"
    receipt = device.answer_to(make(wrong), wrong)
    assert (receipt["accepted"], receipt["reason"]) == (False, reason)
    assert str(receipt["detail"]).startswith(f"{field}: ")
    told = refused_calls(hub)[-1]
    assert (told["reason"], told["field"]) == (reason, field)
    good = device.call(call(f"good-{reason}-{field}"))
    assert good["accepted"] is True
    assert hub.ask(f"/incidents/{good['incident']}")["lift_code"] == LIFT


def test_one_wrong_call_of_several_is_refused_alone(hub: HubProcess, device: Device) -> None:
    pair = json.dumps([call("pair-wrong", floor="top"), call("pair-good")]).encode()
    assert device.answer_to(pair, "pair-good", among=2)["accepted"] is True
    refusal = device.answer_to(pair, "pair-wrong", among=2)
    assert refusal["accepted"] is False
    assert str(refusal["detail"]).startswith("floor: ")


def status(seq: int, **more: object) -> dict[str, object]:
    return {"ts": now_ms(), "seq": seq, "boot": "bad", "lift": LIFT, **more}


WRONG_TELEMETRY: list[tuple[str, str, Callable[[int], bytes], str, str]] = [
    ("bad JSON", "status", lambda n: json.dumps(status(n)).encode()[:-3], "bad_json", "payload"),
    ("over 256 KiB", "status", lambda _: b" " * (300 * 1024), "too_large", "payload"),
    ("not UTF-8", "status", lambda _: b'{"ts": 1, "boot": "\xff"}', "bad_utf8", "payload"),
    (
        "unknown lift",
        "status",
        lambda n: json.dumps(status(n, lift="999999")).encode(),
        "lift_unknown",
        "lift",
    ),
    (
        "unknown event code",
        "event",
        lambda n: json.dumps(
            status(n, event_id="e1", phase="begin", code="door.sesame", floor=1)
        ).encode(),
        "bad_field",
        "code",
    ),
    (
        "one wrong of three",
        "status",
        lambda n: json.dumps(
            [status(n, floor=1), status(n + 1, floor="top"), status(n + 2, floor=3)]
        ).encode(),
        "bad_field",
        "floor",
    ),
]


@pytest.mark.parametrize("number", range(len(WRONG_TELEMETRY)), ids=lambda n: WRONG_TELEMETRY[n][0])
def test_wrong_telemetry_is_kept_with_its_field_and_the_next_status_is_taken(
    hub: HubProcess, device: Device, number: int
) -> None:
    _, kind, make, reason, field = WRONG_TELEMETRY[number]
    known = {kept.id for kept in quarantined(hub)}
    device.say(kind, make(10 * (number + 1)))

    def fresh() -> list[Kept]:
        return [kept for kept in quarantined(hub) if kept.id not in known]

    [kept] = wait_until(fresh, what="the quarantine row")
    assert (kept.reason, kept.field, kept.topic) == (reason, field, device.topic(kind))
    assert kept.detail

    device.say("status", status(10 * (number + 1) + 5, floor=number + 4))

    def taken() -> bool:
        return bool(hub.ask(f"/lifts/{LIFT}")["status"].get("floor") == number + 4)

    wait_until(taken, what="the good status", every_s=0.2)
    assert len(fresh()) == 1


def test_a_stranger_is_told_to_be_enrolled(hub: HubProcess) -> None:
    stranger = Device(AREA, "G7777", hub.broker_port)
    receipt = stranger.call(call("stranger-1"))
    assert receipt["reason"] == "device_not_enrolled"
    assert "G7777" in str(receipt["detail"])
    stranger.say("status", status(1))

    def kept() -> bool:
        return any(each.topic == stranger.topic("status") for each in quarantined(hub))

    wait_until(kept, what="the quarantine row")


def test_a_wrong_row_of_a_file_is_told_while_the_hub_runs_and_the_good_one_lives_at_once(
    hub: HubProcess, device: Device, tmp_path: Path
) -> None:
    row = {
        "area": AREA,
        "district": "410105",
        "address": "示例路 2 号",
        "building": "2 号楼",
        "kind": "traction_passenger",
        "place_type": "residential",
        "min_floor": "-1",
        "max_floor": "18",
        "rated_speed_m_per_s": "1.75",
        "rated_load_kg": "1000",
    }
    number = "3110410100202620000"
    good = {**row, "rescue_code": "200001", "registration_code": f"{number}1", "gateway_id": "G2"}
    wrong = {**row, "rescue_code": "200002", "registration_code": f"{number}2", "max_floor": "x"}
    lines = [",".join(HEADER)]
    lines += [",".join(each.get(name, "") for name in HEADER) for each in (wrong, good)]
    file = tmp_path / "lifts.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    told = hub.run("lifts", "import", str(file), "--skip-bad")
    assert told.returncode == 1
    assert "line 2: refused: max_floor: 'x' is not a whole number" in told.stdout
    assert "1 inserted" in told.stdout
    assert hub.ask("/lifts/200001")["address"] == "示例路 2 号"
    assert hub.ask("/lifts?q=200002")["total"] == 0

    newcomer = Device(AREA, "G2", hub.broker_port)
    assert newcomer.call(call("file-1", lift="200001"))["accepted"] is True
    assert newcomer.call(call("file-2"))["reason"] == "not_its_lift"
    assert device.call(call("file-3", lift="200001"))["reason"] == "not_its_lift"
