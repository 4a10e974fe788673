"""What was refused goes through the pipeline again, and is answered once."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from prometheus_client import REGISTRY

from core.clock import ManualClock
from devices.directory import Directory
from devices.model import Gateway
from ingest import inbox, replay
from ingest.quarantine import QuarantineFilter, QuarantineReader
from ingest.replay import Verb, hindrance
from ingest.timeseries.crowding import Budget
from ingest.timeseries.embedded import EmbeddedStore
from ingest.timeseries.port import Batch, Point, Quarantined
from tests.support.registry import AREA, sample_directory
from tests.support.rescue import START
from tests.support.telemetry import STATUS, Room

NEW = "lift/v1/410100/G9/status"


class Registry:
    """The registry as it is mended."""

    def __init__(self) -> None:
        self.now = sample_directory()

    def __call__(self) -> Directory:
        return self.now

    def enrol(self) -> None:
        """G9 speaks for the sample lift from now on."""
        known = self.now
        gateway = Gateway("G9", AREA, lift_ids=known.gateways["G1"].lift_ids)
        self.now = replace(known, gateways={**known.gateways, "G9": gateway}, version=2)


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def room(tmp_path: Path, registry: Registry) -> Iterator[Room]:
    with Room(tmp_path, registry=registry) as opened:
        yield opened


def ask(room: Room, verb: Verb = Verb.REPLAY) -> None:
    """Somebody asks for everything that is kept."""
    names = [kept.id for kept in room.refused()]
    replay.ask(room.folder, verb, names, "cli", room.clock.now())


def told(room: Room) -> list[tuple[str, str]]:
    """What became of each, newest first."""
    return [(k.answer.outcome, k.answer.reason) for k in room.refused() if k.answer]


def figures(lane: str = "replay") -> dict[str, float]:
    found: dict[str, float] = {}
    for metric in REGISTRY.collect():
        for sample in metric.samples:
            if sample.labels.get("lane") == lane and not sample.name.endswith("_created"):
                key = sample.labels.get("outcome", sample.name)
                found[key] = found.get(key, 0) + sample.value
    return found


def test_what_an_unknown_gateway_said_is_history_once_it_is_enrolled(
    room: Room, registry: Registry
) -> None:
    for floor in (3, 4, 5):
        room.say(NEW, floor=floor)
        room.settle()
    registry.enrol()
    room.clock.advance(timedelta(minutes=5))
    room.say(NEW, floor=6)  # its numbering begins above what was refused
    room.settle()
    ask(room)
    room.replay()
    assert [point.fields["floor"] for point in room.points()] == [3, 4, 5, 6]
    assert told(room) == [("stored", "")] * 3
    shown = room.shown()
    assert shown is not None
    assert shown.fields["floor"] == 6
    assert shown.received_at == START + timedelta(minutes=5)


def test_a_replay_calls_nobody(room: Room, registry: Registry) -> None:
    room.say(NEW.replace("status", "event"), event_id="e1", phase="begin", code="stop.outside_zone")
    room.settle()
    registry.enrol()
    ask(room)
    room.replay()
    assert told(room) == [("stored", "")]
    room.after(3600)
    assert room.found() == []


def test_what_is_refused_again_keeps_its_row_and_tells_the_new_reason(
    room: Room, registry: Registry
) -> None:
    room.say(NEW, floor=99)
    room.settle()
    registry.enrol()
    before = figures()
    ask(room)
    room.replay()
    assert told(room) == [("refused", "floor_out_of_range")]
    assert [kept.reason for kept in room.refused()] == ["device_not_enrolled"]
    assert room.points() == []
    grown = {k: v - before.get(k, 0) for k, v in figures().items()}
    assert grown["hub_ingest_received_total"] == grown["quarantined"] == 1


def test_an_array_that_is_partly_good_says_so_and_the_good_is_stored_once(
    room: Room, registry: Registry
) -> None:
    room.broker.put(NEW, b"[" + room.words(floor=2) + b"," + room.words(floor=99) + b"]")
    room.settle()
    registry.enrol()
    for _ in range(2):
        ask(room)
        room.replay()
        assert told(room) == [("partly", "floor_out_of_range")]
        assert [point.fields["floor"] for point in room.points()] == [2]


def test_what_came_again_in_the_meantime_is_a_duplicate(room: Room, registry: Registry) -> None:
    words = room.words(floor=2)
    room.broker.put(NEW, words)
    room.settle()
    registry.enrol()
    room.broker.put(NEW, words)
    room.settle()
    ask(room)
    room.replay()
    assert told(room) == [("duplicate", "")]
    assert len(room.points()) == 1


def test_what_happened_longer_ago_than_history_looks_is_stale(
    room: Room, registry: Registry
) -> None:
    room.say(NEW, floor=2)
    room.settle()
    registry.enrol()
    room.clock.advance(timedelta(days=8))
    ask(room)
    room.replay()
    assert told(room) == [("refused", "stale")]


def test_a_kill_before_the_commit_repeats_and_one_after_it_does_not(
    room: Room, registry: Registry
) -> None:
    room.say(NEW, floor=2)
    room.settle()
    registry.enrol()
    ask(room)
    room.store.failures_before = 1
    with pytest.raises(OSError, match="full"):
        room.replay()
    again = Room(room.folder, clock=room.clock, registry=registry)
    again.replay()
    assert len(again.points()) == 1
    third = Room(room.folder, clock=room.clock, registry=registry)
    third.replay()
    assert len(third.points()) == 1
    assert inbox.waiting(room.folder, replay.SOURCE) == 0
    again.close()
    third.close()


def test_a_day_later_the_answer_is_still_known(room: Room, registry: Registry) -> None:
    room.say(NEW, floor=2)
    room.settle()
    registry.enrol()
    room.clock.advance(timedelta(days=1))
    ask(room)
    room.replay()
    assert told(room) == [("stored", "")]
    room.clock.advance(timedelta(days=1))
    room.say(floor=3)
    room.settle()  # a new day's file takes over how far it was
    again = Room(room.folder, clock=room.clock, registry=registry)
    again.replay()
    assert len(again.points()) == 2
    again.close()


def test_a_file_of_questions_made_anew_never_repeats_a_number(
    room: Room, registry: Registry
) -> None:
    room.say(NEW, floor=2)
    room.settle()
    ask(room)
    room.replay()
    for file in inbox.file_of(room.folder, replay.SOURCE).parent.iterdir():
        file.unlink()
    registry.enrol()
    ask(room)
    room.replay()
    assert told(room) == [("stored", "")]


def test_dropped_is_gone_and_asked_twice_says_so(room: Room) -> None:
    room.say(NEW, floor=2)
    room.settle()
    ask(room, Verb.DROP)
    ask(room, Verb.DROP)
    ask(room)
    room.replay()
    assert room.refused() == []
    with closing(sqlite3.connect(next(room.folder.glob("*.db")))) as connection:
        rows = connection.execute("SELECT outcome FROM answer ORDER BY row").fetchall()
    assert rows == [("dropped",), ("gone",), ("gone",)]


def test_what_was_cut_off_is_refused_with_words(room: Room) -> None:
    room.broker.put(STATUS, b"x" * 5000)
    room.settle()
    (kept,) = room.refused()
    no = hindrance(kept)
    assert no is not None
    assert no.reason == "cut_off"
    ask(room)
    room.replay()
    assert told(room) == [("refused", "cut_off")]
    of_history = hindrance(replace(kept, raw=b'{"lift":"1000', reason="history_refused"))
    assert of_history is not None
    assert of_history.reason == "cut_off"


def test_a_point_that_the_history_store_refused_goes_there_again_once(room: Room) -> None:
    point = Point("100001", START, START, {"load_kg": 9999}, gateway="G1", seq=7, boot="b")
    raw = msgspec.json.encode(point)
    refused = Quarantined("history/status/100001", START, "history_refused", "", "too heavy", raw)
    room.store.commit(Batch(START, quarantined=[refused]))
    ask(room)
    ask(room)
    room.replay()
    assert room.points() == [point]
    assert told(room) == [("refused", "replayed_already")]


def test_the_oldest_go_when_a_day_has_no_room_and_are_counted(tmp_path: Path) -> None:
    clock = ManualClock(START)
    store = EmbeddedStore(tmp_path, clock, quarantine=Budget(rows=10, bytes=1000))
    refused = Quarantined("t", clock.now(), "bad_json", "", "", b"x" * 10)
    for number in range(15):
        store.commit(Batch(clock.now(), quarantined=[replace(refused, detail=str(number))]))
    reader = QuarantineReader(tmp_path)
    assert [kept.detail for kept in reader.list(20)] == [str(n) for n in range(14, 4, -1)]
    assert reader.crowded_out() == 5
    store.commit(Batch(clock.now(), quarantined=[replace(refused, raw=b"y" * 995)]))
    assert [len(kept.raw) for kept in reader.list(20)] == [995]
    gone = reader.crowded_out()
    store.close()
    with closing(EmbeddedStore(tmp_path, clock, quarantine=Budget(rows=1))) as again:
        again.commit(Batch(clock.now(), quarantined=[refused]))
        assert reader.crowded_out() == gone + 1


def test_the_quarantine_is_narrowed_by_gateway_and_time(room: Room) -> None:
    for topic in (NEW, STATUS):
        room.say(topic, floor=99)
        room.settle()
        room.clock.advance(timedelta(hours=1))
    reader = QuarantineReader(room.folder)

    def found(**told: object) -> list[str]:
        keys, _ = reader.keys(QuarantineFilter(**told), limit=10)  # type: ignore[arg-type]
        return [kept.reason for kept in reader.fetch(keys)]

    assert found(gateway="G9") == ["device_not_enrolled"]
    assert found(since=START + timedelta(minutes=1)) == ["floor_out_of_range"]
    assert found(until=START + timedelta(minutes=1)) == ["device_not_enrolled"]
