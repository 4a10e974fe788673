"""Readers see all shards as one: history that was cut by a move, quarantine, the door."""

import json
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from core.clock import ManualClock
from ingest.door import Door, Item, Offered, Verdict
from ingest.door_shards import DoorShards
from ingest.latest_shards import LatestShards
from ingest.quarantine import QuarantineFilter
from ingest.quarantine_shards import QuarantineShards
from ingest.replay import Verb
from ingest.shard_file import ShardFile
from ingest.shards import HOME, ShardMap, Step, area_of
from ingest.timeseries.embedded import EmbeddedStore
from ingest.timeseries.port import Batch, Point, Window
from ingest.timeseries.roller import Roller
from ingest.timeseries.rollfiles import RollFiles
from ingest.timeseries.sharded import ShardedHistory
from tests.support.rescue import START
from tests.support.telemetry import LIFT, STATUS, Room

MINUTE = timedelta(minutes=1)


def points(first: int, end: int) -> list[Point]:
    """A value every twenty seconds; the trips counted by them, with a reset at 200."""
    return [
        Point(
            LIFT,
            START + n * MINUTE / 3,
            START + n * MINUTE / 3,
            {"floor": n % 17, "trips": n % 200},
        )
        for n in range(first, end)
    ]


def test_history_cut_by_a_move_reads_as_if_it_had_never_been(tmp_path: Path) -> None:
    whole, before, after = (tmp_path / name for name in ("whole", HOME, "east"))
    for folder, told in (
        (whole, points(0, 600)),
        (before, points(0, 251)),
        (after, points(251, 600)),
    ):
        clock = ManualClock(START + 220 * MINUTE)
        with closing(EmbeddedStore(folder, clock)) as store:
            store.commit(Batch(START + 220 * MINUTE, told))
        with closing(RollFiles(folder)) as files:
            Roller(folder, files, lambda: None).run_once(clock.now())
    one = EmbeddedStore.reader(whole)
    both = ShardedHistory(lambda: [before, after])
    for field in ("floor", "trips"):
        for step in (MINUTE / 2, MINUTE, 7 * MINUTE, 60 * MINUTE):
            window = Window(LIFT, field, START, START + 200 * MINUTE, step)
            assert both.window(window) == one.window(window)
    assert both.last_points(LIFT, 400) == one.last_points(LIFT, 400)
    assert both.latest([LIFT]) == one.latest([LIFT])
    day = START.date()
    assert both.counts(day, day) == one.counts(day, day)


def test_the_newest_word_counts_while_two_shards_know_a_lift(tmp_path: Path) -> None:
    clock = ManualClock(START)
    for shard, floor in ((HOME, 3), ("east", 5)):
        with Room(tmp_path / shard, clock=clock) as room:
            told = {"ts": int(clock.now().timestamp() * 1000), "seq": floor, "boot": "b"}
            room.broker.put(STATUS, json.dumps({**told, "floor": floor}).encode())
            room.lane.run_once()
            room.latest.flush(room.lane.pipeline)
        clock.advance(MINUTE)
    folders = {name: tmp_path / name / "latest" for name in (HOME, "east")}
    for order in (folders, dict(reversed(folders.items()))):
        state = LatestShards(lambda order=order: order).lift(LIFT)  # type: ignore[misc]
        assert state is not None
        assert state.fields["floor"] == 5
        counts = LatestShards(lambda order=order: order).counts(clock.now())  # type: ignore[misc]
        assert (counts.online, counts.late, counts.offline) == (1, 0, 0)


def test_quarantine_of_all_shards_is_one_list_and_each_is_asked_for_its_own(tmp_path: Path) -> None:
    clock = ManualClock(START)
    folders = {name: tmp_path / name for name in (HOME, "east")}
    for n in range(6):
        with Room(folders["east" if n % 2 else HOME], clock=clock) as room:
            room.broker.put(STATUS, b"{" * (n + 1))
            room.lane.run_once()
        clock.advance(MINUTE)
    reader = QuarantineShards(lambda: folders)
    newest, total = reader.keys(QuarantineFilter(), limit=4)
    assert total == 6
    assert [len(kept.raw) for kept in reader.fetch(newest)] == [6, 5, 4, 3]
    rest, _ = reader.keys(QuarantineFilter(), limit=4, offset=4)
    assert [len(kept.raw) for kept in reader.fetch(rest)] == [2, 1]
    assert [kept.id for kept in reader.list(4)] == list(newest)
    assert sum(reader.counts().values()) == reader.count_since(START) == 6
    asked = reader.ask(Verb.DROP, newest[:2], "cli", clock.now())
    assert reader.pending() == dict.fromkeys(newest[:2], Verb.DROP)
    for folder in folders.values():
        assert not reader.answered(asked)
        with Room(folder, clock=clock) as room:
            clock.advance(MINUTE)
            room.lane.serve_due()
    assert reader.answered(asked)
    assert {a.about: a.outcome for a in reader.answers(asked)} == dict.fromkeys(
        newest[:2], "dropped"
    )
    assert reader.keys(QuarantineFilter(), limit=9)[1] == 4


def test_the_door_keeps_each_object_at_its_owners_and_knows_the_whole_batch(tmp_path: Path) -> None:
    begun = ShardMap().begin(["410200"], "east", new=True)
    assert begun.move is not None
    adopting = begun.advanced(begun.move, Step.ADOPT)
    assert adopting.move is not None
    ShardFile(tmp_path).change(lambda _: adopting.finished(adopting.move))  # type: ignore[arg-type]
    folders = {name: tmp_path / name for name in (HOME, "east")}
    door = DoorShards(tmp_path, lambda: folders, lambda known, topic: known.owner(area_of(topic)))
    far = STATUS.replace("410100", "410200")
    items: list[Item] = [
        Offered(far, b"1"),
        Verdict("refused", "bad_field"),
        Offered(STATUS, b"2"),
    ]
    kept = door.keep("firm", "key-0001", b"body", items, START)
    assert [(each.outcome, each.shard) for each in kept] == [
        ("taken", "east"), ("refused", ""), ("taken", ""),
    ]  # fmt: skip
    assert door.known("firm", "key-0001", b"body") == kept
    assert door.keep("firm", "key-0001", b"body", items, START) == kept
    # Killed before the whole was known: what is kept already is found, and not kept twice.
    Door(folders["east"]).keep("firm", "key-0002", b"other", items[:1], START)
    door.keep("firm", "key-0002", b"other", items, START)
    with Room(folders["east"]) as room:
        room.clock.advance(MINUTE)
        assert room.lane.serve_due() == 2
    answered = door.judged(kept)
    assert answered[0].outcome == "refused"  # `1` is no object
    assert answered[2].outcome == "taken"
