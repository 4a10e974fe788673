"""Which telemetry worker takes which city: pure.

Theory of operation. A shard is a worker with a session, a folder and a hand-off of its own. Every
area (a city's division code, a level of the topic) belongs to one shard: to `HOME` unless the map
says otherwise. One move at a time takes areas from a shard to another, by steps that each have one
doer, so that whoever is killed finds in the map where to go on:

gather  the target makes sure that the broker keeps the areas' messages for it, too;
drain   the source takes all that was said before that, up to a mark that it sends itself, and
        leaves word of what it knows of the areas;
adopt   from here on the areas are the target's: it takes the word over and goes on from there;
undo    somebody thought better of it while the source still had the areas: the target lets go.
"""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from core.errors import Conflict, InvalidMessage, NotFound
from devices.protocol.topics import AREA, TELEMETRY_FILTERS

HOME = "0"
NAME = re.compile(r"^[a-z][a-z0-9-]{0,15}$")
MOST = 32  # each is a process, a session and files of its own


class Step(StrEnum):
    """How far a move is."""

    GATHER = "gather"
    DRAIN = "drain"
    ADOPT = "adopt"
    UNDO = "undo"


class Move(Struct, frozen=True, forbid_unknown_fields=True):
    """Areas on their way from one shard to another; `number` tells moves apart."""

    number: int
    areas: tuple[str, ...]
    source: str
    target: str
    step: Step = Step.GATHER


class ShardMap(Struct, frozen=True, forbid_unknown_fields=True):
    """The areas of every shard but HOME, which has the rest. One without areas was emptied."""

    shards: dict[str, tuple[str, ...]] = {}
    move: Move | None = None
    moves: int = 0  # how many were ever begun
    leaving: tuple[str, ...] = ()  # emptied, and their sessions not yet taken back

    def owner(self, area: str) -> str:
        """The shard that an area belongs to now."""
        move = self.move
        if move is not None and move.step is Step.ADOPT and area in move.areas:
            return move.target
        return next((name for name, areas in self.shards.items() if area in areas), HOME)

    def areas(self, shard: str) -> frozenset[str]:
        """The areas of a shard; of HOME those that were moved to it, for as long as it adopts."""
        named = {area for areas in self.shards.values() for area in areas}
        if self.move is not None:
            named |= set(self.move.areas)
        return frozenset(area for area in named if self.owner(area) == shard)

    def elsewhere(self) -> frozenset[str]:
        """The areas that are not HOME's."""
        return frozenset(area for name in self.shards if name != HOME for area in self.areas(name))

    def names(self) -> tuple[str, ...]:
        """Every shard, HOME first."""
        return (HOME, *sorted(self.shards))

    def running(self) -> tuple[str, ...]:
        """The shards that need a worker: an emptied one needs none."""
        busy = {self.move.source, self.move.target} if self.move else set()
        busy |= set(self.leaving)
        return tuple(n for n in self.names() if n == HOME or n in busy or self.areas(n))

    def begin(self, areas: Iterable[str], target: str, *, new: bool) -> "ShardMap":
        """The map with a move begun. Raises InvalidMessage, NotFound or Conflict with the remedy.

        new: `target` must not have areas yet.
        """
        wanted = tuple(dict.fromkeys(areas))
        for area in wanted:
            _check_area(area)
        if not wanted:
            raise InvalidMessage("no_area", "name at least one area, such as 410100", field="area")
        if target != HOME:
            _check_name(target)
        if self.move is not None:
            raise Conflict(
                "moving",
                f"{', '.join(self.move.areas)} are being moved to {self.move.target}: wait until"
                " that is done (`hub shards list`), or undo it (`hub shards cancel`)",
            )
        known = target in self.shards or target == HOME
        if new and (target == HOME or self.areas(target)):
            raise Conflict(
                "shard_exists", f"shard {target} exists: `hub shards move AREA --to {target}`"
            )
        if not new and not known:
            raise NotFound("shard", target, f"`hub shards add {target} AREA` makes it")
        if not known and len(self.shards) >= MOST:
            raise Conflict("too_many_shards", f"at most {MOST} shards beside {HOME}")
        sources = {self.owner(area) for area in wanted}
        if target in sources:
            there = [area for area in wanted if self.owner(area) == target]
            raise Conflict("there_already", f"{', '.join(there)}: in shard {target} already")
        if len(sources) > 1:
            told = ", ".join(f"{area} in {self.owner(area)}" for area in wanted)
            raise Conflict("several_sources", f"{told}: move the areas of one shard at a time")
        number = self.moves + 1
        shards = self.shards if known else {**self.shards, target: ()}
        staying = tuple(each for each in self.leaving if each != target)
        return ShardMap(shards, Move(number, wanted, sources.pop(), target), number, staying)

    def advanced(self, move: Move, step: Step) -> "ShardMap":
        """The same with that move at `step`; raises Conflict when it is not where it was."""
        if self.move != move:
            raise Conflict("moved_on", f"move {move.number} is not at {move.step} any more")
        return replace(self, move=replace(move, step=step))

    def finished(self, move: Move) -> "ShardMap":
        """The same after an adopted, or undone, move; raises Conflict as `advanced` does."""
        if self.move != move or move.step not in {Step.ADOPT, Step.UNDO}:
            raise Conflict("moved_on", f"move {move.number} is not at {move.step} any more")
        owners = {area: self.owner(area) for areas in self.shards.values() for area in areas} | {
            area: self.owner(area) for area in move.areas
        }
        shards = {
            name: tuple(sorted(area for area, owner in owners.items() if owner == name))
            for name in self.shards
        }
        emptied = move.step is Step.ADOPT and shards.get(move.source) == ()
        leaving = (*self.leaving, move.source) if emptied else self.leaving
        return ShardMap(shards, None, self.moves, leaving)

    def removed(self, shard: str) -> "ShardMap":
        """The same without an emptied shard, whose history stays. Raises NotFound or Conflict."""
        if shard == HOME:
            raise Conflict("home_stays", f"shard {HOME} has what nobody else has: it stays")
        if shard not in self.shards:
            raise NotFound("shard", shard, "`hub shards list` shows them")
        if self.areas(shard) or shard in self.running():
            raise Conflict("in_use", f"shard {shard} is in use yet: look at `hub shards list`")
        shards = {name: areas for name, areas in self.shards.items() if name != shard}
        return replace(self, shards=shards)

    def left(self, shard: str) -> "ShardMap":
        """The same once an emptied shard's session is taken back."""
        return replace(self, leaving=tuple(each for each in self.leaving if each != shard))

    def cancelled(self) -> "ShardMap":
        """The same with its move undone; raises Conflict where there is none, or no way back."""
        move = self.move
        if move is None:
            raise Conflict("no_move", "nothing is being moved")
        if move.step is Step.ADOPT:
            raise Conflict(
                "too_late",
                f"shard {move.target} has the areas already: move them back when it is done",
            )
        return replace(self, move=replace(move, step=Step.UNDO))


_decoder = msgspec.json.Decoder(ShardMap)


def encode(told: ShardMap) -> bytes:
    """A map as its file keeps it."""
    return msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n"


def decode(kept: bytes) -> ShardMap:
    """Read a map. Raises InvalidMessage naming the field: a name, an area, an area told twice."""
    try:
        told = _decoder.decode(kept)
    except msgspec.DecodeError as error:
        raise InvalidMessage("bad_shards", str(error), field="shards") from error
    owners: dict[str, str] = {}
    for name, areas in told.shards.items():
        _check_name(name)
        for area in areas:
            _check_area(area)
            if area in owners:
                raise InvalidMessage(
                    "area_twice",
                    f"{area} is in {owners[area]} and in {name}: leave it in one of them",
                    field=f"shards.{name}",
                )
            owners[area] = name
    if told.move is not None:
        for name in (told.move.source, told.move.target):
            if name not in told.names():
                raise InvalidMessage("no_such_shard", f"no shard {name}", field="move")
    return told


def filters_of(areas: Iterable[str]) -> tuple[str, ...]:
    """The topic filters of these areas."""
    return tuple(each.replace("+", area, 1) for area in sorted(areas) for each in TELEMETRY_FILTERS)


def area_of(topic: str) -> str:
    """The area that a topic of ours names; empty for a foreign one."""
    levels = topic.split("/", 3)
    ours = len(levels) == 4 and levels[0] in {"lift", "kitchen"} and levels[1] == "v1"  # noqa: PLR2004
    return levels[2] if ours else ""


def in_order(found: Mapping[str, object]) -> list[str]:
    """Names of shards, HOME first."""
    return sorted(found, key=lambda name: (name != HOME, name))


def _check_area(area: str) -> None:
    if not AREA.fullmatch(area):
        raise InvalidMessage(
            "bad_area",
            f"{area!r} is no city: give its 6-digit division code, such as 410100",
            field="area",
        )


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise InvalidMessage(
            "bad_name",
            f"{name!r}: a shard's name is a small letter and at most 15 of a-z 0-9 - behind it",
            field="shard",
        )
