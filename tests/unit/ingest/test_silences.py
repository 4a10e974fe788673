"""Gateways that fall silent: told once, by time in which the hub listened, and ended by a word."""

from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from devices.directory import Directory, directory
from devices.findings import ConditionCleared, ConditionRaised
from devices.model import Gateway
from devices.protocol.topics import Realm
from devices.silence import Silence
from hub import history
from hub.settings import Settings
from simulators.gateway import GatewayLink
from tests.support.registry import AREA, sample_directory, sample_lift
from tests.support.telemetry import EVENT, LIFT, Room

HEARTBEAT = "lift/v1/410100/{}/heartbeat"
SENSOR = "kitchen/v1/410100/K1/sensor"


def listen(room: Room, seconds: int, *speaking: str) -> None:
    """Time passes in steps of ten seconds; who is named sends a heartbeat in each third."""
    for step in range(seconds // 10):
        if step % 3 == 0:
            for gateway in speaking:
                room.say(HEARTBEAT.format(gateway))
        room.after(10)


def told(room: Room) -> list[tuple[str, str, str]]:
    """Raised and cleared, in order: which, whose and what."""
    return [
        ("raised" if isinstance(f, ConditionRaised) else "cleared", f.subject, f.code)
        for f in room.found()
        if isinstance(f, ConditionRaised | ConditionCleared)
    ]


def city(count: int) -> Directory:
    """A city of gateways with one lift each."""
    lifts = [sample_lift(n, f"{100_000 + n}") for n in range(1, count + 1)]
    return directory([Gateway(f"G{n}", AREA, (n,)) for n in range(1, count + 1)], lifts)


def test_a_gateway_that_falls_silent_is_told_once_and_cleared_by_its_next_word(
    tmp_path: Path,
) -> None:
    with Room(tmp_path) as room:
        listen(room, 60, "G1", "G2")
        listen(room, 250, "G1")
        assert told(room) == []
        listen(room, 120, "G1")
        assert told(room) == [("raised", "G2", "device.offline")]  # of two lifts, one condition
        listen(room, 600, "G1")
        listen(room, 30, "G1", "G2")
        assert told(room)[1:] == [("cleared", "G2", "device.offline")]
        assert len({f.event_id for f in room.found()}) == 1


def test_a_restart_gives_the_whole_limit_anew_and_tells_nothing_twice(tmp_path: Path) -> None:
    room = Room(tmp_path)
    listen(room, 60, "G1", "G2")
    listen(room, 400, "G1")
    room.shown()
    room.clock.advance(timedelta(hours=1))  # nobody was there to listen
    with room.restart() as again:
        listen(again, 280)
        assert told(again) == [("raised", "G2", "device.offline")]
        listen(again, 60)
        assert told(again)[1:] == [("raised", "G1", "device.offline")]
        listen(again, 10, "G1", "G2")
        listen(again, 10)
        assert sorted(told(again)[2:]) == [
            ("cleared", "G1", "device.offline"),
            ("cleared", "G2", "device.offline"),
        ]


def test_time_without_the_broker_counts_for_nobody(tmp_path: Path) -> None:
    with Room(tmp_path) as room:
        listen(room, 240, "G1", "G2")
        room.broker.up = False
        listen(room, 3600)
        room.broker.up = True
        listen(room, 290)
        assert told(room) == []
        listen(room, 40)
        assert sorted(told(room)) == [
            ("raised", "G1", "device.offline"),
            ("raised", "G2", "device.offline"),
        ]


def test_a_lane_that_was_long_away_gives_the_limit_anew(tmp_path: Path) -> None:
    with Room(tmp_path) as room:
        listen(room, 60, "G1")
        room.after(3600)  # a disk that was full for an hour
        listen(room, 290)
        assert told(room) == []


def test_a_last_will_tells_it_at_once_and_silence_does_not_tell_it_again(tmp_path: Path) -> None:
    with Room(tmp_path) as room:
        listen(room, 60, "G1", "G2")
        room.say(HEARTBEAT.format("G2"), offline=True)
        room.settle()
        assert told(room) == [("raised", "G2", "device.offline")]
        listen(room, 900, "G1")
        assert len(told(room)) == 1
        room.say(HEARTBEAT.format("G2"))
        listen(room, 10)
        assert told(room)[1:] == [("cleared", "G2", "device.offline")]


def link(room: Room, boot: str = "b1") -> GatewayLink:
    """The simulator's own gateway G2."""
    return GatewayLink(
        "G2",
        AREA,
        Realm.LIFT,
        boot=boot,
        clock=room.clock,
        dice=Random(1),  # noqa: S311  (jitter)
        on_connected=lambda: None,
        on_receipt=lambda _: None,
        on_command=lambda _: None,
    )


def will_of(gateway: GatewayLink) -> bytes:
    """The bytes that it leaves with the broker when it connects."""
    payload = gateway.will().payload
    assert isinstance(payload, bytes)
    return payload


@pytest.mark.parametrize("days", [0, 1, 9])
def test_the_simulators_will_is_told_whenever_its_connection_began(
    tmp_path: Path, days: int
) -> None:
    with Room(tmp_path) as room:
        will = will_of(link(room))
        room.say(HEARTBEAT.format("G2"))
        room.clock.advance(timedelta(days=days))
        listen(room, 60, "G1", "G2")
        for times in (1, 2):  # a static will: the same bytes at each end
            room.broker.put(HEARTBEAT.format("G2"), will)
            room.settle()
            raised = [each for each in told(room) if each[0] == "raised"]
            assert raised == [("raised", "G2", "device.offline")] * times
            room.broker.put(HEARTBEAT.format("G2"), will)  # the broker delivers it again
            room.settle()
            listen(room, 30, "G2")
            assert len(told(room)) == 2 * times
        assert room.refused() == []
        assert len({each.event_id for each in room.found()}) == 2
        assert sum(p.fields.get("offline") is True for p in room.points("gateway/G2")) == 2


def test_a_will_from_before_a_restart_that_has_spoken_again_tells_nothing(tmp_path: Path) -> None:
    with Room(tmp_path) as room:
        old = will_of(link(room, "b0"))
        room.say(HEARTBEAT.format("G2"), boot="b0")
        listen(room, 60, "G1", "G2")
        room.broker.put(HEARTBEAT.format("G2"), old)
        listen(room, 60, "G1", "G2")
        assert told(room) == []


def test_a_will_of_a_boot_that_never_spoke_is_told(tmp_path: Path) -> None:
    with Room(tmp_path) as room:
        listen(room, 60, "G1", "G2")
        room.broker.put(HEARTBEAT.format("G2"), will_of(link(room, "b2")))
        room.settle()
        assert told(room) == [("raised", "G2", "device.offline")]


def test_a_will_after_silence_is_no_sign_of_life(tmp_path: Path) -> None:
    with Room(tmp_path) as room:
        listen(room, 60, "G1", "G2")
        listen(room, 400, "G1")
        room.say(HEARTBEAT.format("G2"), offline=True)
        listen(room, 60, "G1")
        assert told(room) == [("raised", "G2", "device.offline")]


def test_who_never_spoke_is_not_missed(tmp_path: Path) -> None:
    with Room(tmp_path) as room:
        listen(room, 900, "G1")
        assert told(room) == []


@pytest.mark.parametrize("wills", [True, False])
def test_an_area_that_falls_silent_at_once_is_one_condition(tmp_path: Path, *, wills: bool) -> None:
    found = city(100)
    with Room(tmp_path, registry=lambda: found) as room:
        everybody = [f"G{n}" for n in range(1, 101)]
        listen(room, 60, *everybody)
        if wills:
            for each in everybody[:60]:
                room.say(HEARTBEAT.format(each), offline=True)
        listen(room, 900, *everybody[60:])
        raised = told(room)
        assert raised.count(("raised", AREA, "area.offline")) == 1
        assert len(raised) == (21 if wills else 1)  # the first wills come before it can be known
        with room.restart() as again:
            listen(again, 600, *everybody[60:])
            assert len(told(again)) == len(raised)
            listen(again, 60, *everybody[5:])
            listen(again, 600, *everybody[5:])
            after = told(again)
            assert ("cleared", AREA, "area.offline") in after
            left = {s for kind, s, code in after if kind == "raised" and code == "device.offline"}
            back = {s for kind, s, code in after if kind == "cleared"}
            assert left - back == {"G1", "G2", "G3", "G4", "G5"}


def test_thirty_wills_of_a_large_city_are_told_one_by_one_within_two_minutes(
    tmp_path: Path,
) -> None:
    found = city(200)
    with Room(tmp_path, registry=lambda: found) as room:
        everybody = [f"G{n}" for n in range(1, 201)]
        listen(room, 60, *everybody)
        for each in everybody[:30]:
            room.say(HEARTBEAT.format(each), offline=True)
        room.settle()
        assert len(told(room)) == 20
        listen(room, 120, *everybody[30:])
        assert len(told(room)) == 30
        assert {code for _, _, code in told(room)} == {"device.offline"}


def test_a_kitchen_point_without_its_sensor_is_told_while_its_gateway_speaks(
    tmp_path: Path,
) -> None:
    with Room(tmp_path, registry=sample_directory) as room:
        for minute in range(40):
            if minute < 5:
                room.say(SENSOR, point="cold-room-1", temperature_c=4.0)
            room.say(SENSOR, point="cold-room-2", temperature_c=5.0)
            listen(room, 60)
        assert told(room) == [("raised", "K0001/cold-room-1", "sensor.lost")]
        room.say(SENSOR, point="cold-room-1", temperature_c=4.1)
        listen(room, 10)
        assert told(room)[1:] == [("cleared", "K0001/cold-room-1", "sensor.lost")]


def test_a_silent_gateway_taken_out_of_service_keeps_no_alarm(tmp_path: Path) -> None:
    found = [city(3)]
    with Room(tmp_path, registry=lambda: found[0]) as room:
        listen(room, 60, "G1", "G2", "G3")
        listen(room, 400, "G1")
        assert len(told(room)) == 2
        room.shown()
        found[0] = city(2)
        listen(room, 20, "G1")
        assert told(room)[2:] == [("cleared", "G3", "device.offline")]
        (last,) = room.found()[2:]
        assert isinstance(last, ConditionCleared)
        assert last.reason == "taken out of service"
        with room.restart() as again:
            found[0] = city(1)
            listen(again, 20, "G1")
            assert told(again)[3:] == [("cleared", "G2", "device.offline")]
            found[0] = city(3)  # and back again, still silent
            listen(again, 400, "G1")
            assert sorted(told(again)[4:]) == [
                ("raised", "G2", "device.offline"),
                ("raised", "G3", "device.offline"),
            ]
            raised = [f.event_id for f in again.found() if isinstance(f, ConditionRaised)]
            assert len(set(raised)) == 4


def test_a_kitchens_points_go_with_their_gateway(tmp_path: Path) -> None:
    found = [sample_directory()]
    with Room(tmp_path, registry=lambda: found[0]) as room:
        room.say(SENSOR, point="cold-room-1", temperature_c=4.0)
        listen(room, 2400, "G1")
        room.say(SENSOR, point="cold-room-2", temperature_c=4.0)
        listen(room, 60, "G1")
        assert ("raised", "K0001/cold-room-1", "sensor.lost") in told(room)
        found[0] = city(1)
        listen(room, 20, "G1")
        assert ("cleared", "K0001/cold-room-1", "sensor.lost") in told(room)


def test_gateways_taken_out_of_the_registry_are_missed_by_nobody(tmp_path: Path) -> None:
    found = [city(100)]
    with Room(tmp_path, registry=lambda: found[0]) as room:
        listen(room, 60, *(f"G{n}" for n in range(1, 101)))
        found[0] = city(40)
        left = [f"G{n}" for n in range(1, 41)]
        room.shown()
        listen(room, 30, *left)
        with room.restart() as again:
            listen(again, 1800, *left)
            assert told(again) == []


def test_an_end_that_overtook_its_begin_is_remembered_over_a_restart(tmp_path: Path) -> None:
    with Room(tmp_path) as room:
        told_event = {"event_id": "e1", "code": "overspeed", "lift": LIFT}
        room.say(EVENT, phase="end", **told_event)
        room.settle()
        with room.restart() as again:
            again.say(EVENT, phase="begin", **told_event)
            again.settle()
            assert again.found() == []
            again.say(EVENT, phase="begin", **{**told_event, "event_id": "e2"})
            again.settle()
            assert [f.code for f in again.found() if isinstance(f, ConditionRaised)] == [
                "overspeed"
            ]


def test_the_limit_of_silence_can_be_set() -> None:
    found = history.silence(Settings.model_validate({"ingest": {"silent_after_s": 900}}))
    assert found.offline_us == 900_000_000
    assert found.late_us == Silence.by().late_us
