"""The shard map: what may be said in it, and how a move goes its way."""

import json
from pathlib import Path

import pytest

from core.errors import Conflict, InvalidMessage, NotFound
from ingest import shards
from ingest.shard_file import ShardFile
from ingest.shards import HOME, Move, ShardMap, Step, area_of, filters_of

EAST = ShardMap({"east": ("410200",)}, None, 1)


def moved(known: ShardMap, *steps: Step) -> ShardMap:
    for step in steps:
        assert known.move is not None
        known = known.advanced(known.move, step)
    assert known.move is not None
    return known.finished(known.move)


def test_everything_is_the_first_shards_unless_the_map_says_otherwise() -> None:
    assert ShardMap().owner("410100") == HOME
    assert (EAST.owner("410200"), EAST.owner("410100")) == ("east", HOME)
    assert EAST.elsewhere() == {"410200"}
    assert EAST.running() == (HOME, "east")


def test_a_city_changes_hands_when_its_source_is_drained_and_not_before() -> None:
    begun = ShardMap().begin(["410100"], "east", new=True)
    assert begun.move == Move(1, ("410100",), HOME, "east")
    assert begun.running() == (HOME, "east")
    drained = begun.advanced(begun.move, Step.DRAIN)
    assert (begun.owner("410100"), drained.owner("410100")) == (HOME, HOME)
    assert drained.move is not None
    adopting = drained.advanced(drained.move, Step.ADOPT)
    assert adopting.owner("410100") == "east"
    assert moved(adopting) == ShardMap({"east": ("410100",)}, None, 1)


def test_a_shard_that_is_emptied_works_until_its_session_is_taken_back() -> None:
    back = moved(EAST.begin(["410200"], HOME, new=False), Step.DRAIN, Step.ADOPT)
    assert back == ShardMap({"east": ()}, None, 2, ("east",))
    assert back.running() == (HOME, "east")
    assert back.left("east").running() == (HOME,)
    assert back.left("east").names() == (HOME, "east")
    assert back.begin(["410200"], "east", new=True).leaving == ()


def test_a_shard_is_removed_when_it_is_emptied_and_not_before() -> None:
    with pytest.raises(Conflict, match="in use yet"):
        EAST.removed("east")
    back = moved(EAST.begin(["410200"], HOME, new=False), Step.DRAIN, Step.ADOPT)
    with pytest.raises(Conflict, match="in use yet"):
        back.removed("east")
    assert back.left("east").removed("east") == ShardMap({}, None, 2)
    with pytest.raises(NotFound, match="no shard 'west': `hub shards list`"):
        EAST.removed("west")
    with pytest.raises(Conflict, match="stays"):
        EAST.removed(HOME)


def test_a_move_undone_leaves_everything_as_it_was() -> None:
    begun = EAST.begin(["410300"], "west", new=True)
    undone = begun.cancelled()
    assert undone.owner("410300") == HOME
    assert moved(undone).shards == {"east": ("410200",), "west": ()}
    adopting = begun.advanced(begun.move, Step.ADOPT)  # type: ignore[arg-type]
    with pytest.raises(Conflict, match="move them back"):
        adopting.cancelled()
    with pytest.raises(Conflict, match="nothing is being moved"):
        EAST.cancelled()


def test_who_has_looked_at_an_older_map_changes_nothing() -> None:
    begun = ShardMap().begin(["410100"], "east", new=True)
    assert begun.move is not None
    later = begun.advanced(begun.move, Step.DRAIN)
    with pytest.raises(Conflict):
        later.advanced(begun.move, Step.DRAIN)
    with pytest.raises(Conflict):
        later.finished(begun.move)


@pytest.mark.parametrize(
    ("areas", "target", "new", "wrong", "words"),
    [
        (["Zhengzhou"], "west", True, InvalidMessage, "area: 'Zhengzhou' is no city: .* 410100"),
        (["410300"], "West 1", True, InvalidMessage, "shard: 'West 1': a shard's name"),
        ([], "west", True, InvalidMessage, "area: name at least one"),
        (["410200"], "east", False, Conflict, "410200: in shard east already"),
        (["410300"], "east", True, Conflict, "hub shards move AREA --to east"),
        (["410300"], HOME, True, Conflict, "shard 0 exists"),
        (["410300"], "west", False, NotFound, "no shard 'west': `hub shards add west AREA` makes"),
        (["410300", "410200"], "west", True, Conflict, "410200 in east: move the areas of one"),
    ],
)
def test_what_cannot_be_begun_says_why_and_what_to_do(
    *, areas: list[str], target: str, new: bool, wrong: type[Exception], words: str
) -> None:
    with pytest.raises(wrong, match=words):
        EAST.begin(areas, target, new=new)


def test_one_move_at_a_time() -> None:
    begun = EAST.begin(["410300"], "east", new=False)
    with pytest.raises(Conflict, match="410300 are being moved to east: wait"):
        begun.begin(["410400"], "west", new=True)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"shards": {"east": ["1"], "west": []}}, "area: '1' is no city"),
        (
            {"shards": {"east": ["410200"], "west": ["410200"]}},
            "shards.west: 410200 is in east and in west: leave it in one",
        ),
        ({"shards": {"East": []}}, "shard: 'East'"),
        ({"shard": {}}, "shards: .*unknown field `shard`"),
        ({"shards": []}, "shards: Expected `object`"),
        (
            {"move": {"number": 1, "areas": [], "source": "0", "target": "east"}},
            "move: no shard east",
        ),
    ],
)
def test_a_map_that_is_spoiled_names_the_field(told: object, words: str) -> None:
    with pytest.raises(InvalidMessage, match=words):
        shards.decode(json.dumps(told).encode())


def test_the_file_keeps_what_was_said_and_a_refused_change_keeps_it_too(tmp_path: Path) -> None:
    ours, theirs = ShardFile(tmp_path), ShardFile(tmp_path)
    assert theirs.read() == ShardMap()
    begun = ours.change(lambda known: known.begin(["410100"], "east", new=True))
    assert theirs.read() == begun
    with pytest.raises(Conflict):
        theirs.change(lambda known: known.begin(["410200"], "west", new=True))
    assert ours.read() == begun
    with ours.together() as known, theirs.together() as too:
        assert known == too == begun


def test_a_city_has_its_own_topics() -> None:
    assert area_of("lift/v1/410100/G1/status") == "410100"
    assert area_of("kitchen/v1/410100/K1/sensor") == "410100"
    assert area_of("camerabox/410100/C1/up") == area_of("hub/v1/shard/0/mark") == ""
    assert "lift/v1/410100/+/status" in filters_of(["410100"])
    assert not any("call" in each for each in filters_of(["410100"]))
