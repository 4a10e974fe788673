"""`hub shards`: which telemetry worker takes which city, and moving cities between them.

The map is changed here and nowhere else; the workers of the running hub see it and do the rest, so
it can be watched, interrupted and looked at again at any time. Nothing is stopped but, for seconds,
the two workers of the areas that move.
"""

import json
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from core.clock import SystemClock
from core.errors import Conflict, HubError, InvalidMessage
from devices import queries
from devices.protocol.topics import AREA
from hub import lifeline, mosquitto
from hub.cli_ground import Data, console, registry, say, sound
from hub.folder import DataFolder
from hub.settings import Settings
from ingest.shard_file import ShardFile
from ingest.shards import HOME, Move, ShardMap, Step

app = typer.Typer(no_args_is_help=True, help="Several telemetry workers, by city.")

DONE_WITHIN = timedelta(minutes=2)
_SHOWN = 12  # areas in an answer
_LOOK = timedelta(milliseconds=200)
_STEPS = {
    Step.GATHER: "shard {target} tells the broker to keep what comes for it",
    Step.DRAIN: "shard {source} takes what was said before",
    Step.ADOPT: "shard {target} takes over what {source} knew",
    Step.UNDO: "shard {target} lets go; {source} goes on",
}
_STUCK = {
    Step.GATHER: "does the hub run, and is its broker there? `hub doctor` tells",
    Step.DRAIN: "does the worker of shard {source} keep up? The broker of a hub keeps {queue}"
    " messages meanwhile; `hub shards cancel` is the way back",
    Step.ADOPT: "the worker of shard {target} must run: look at the hub's log",
    Step.UNDO: "the worker of shard {target} must run: look at the hub's log",
}
Areas = Annotated[list[str], typer.Argument(metavar="AREA…", help="6-digit division codes.")]
Force = Annotated[bool, typer.Option("--force", help="Also areas that nobody is registered in.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Stay until it is done.")]


@app.command("list")
def listed(
    *, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    data: Data = None,
) -> None:  # fmt: skip
    """Show every shard with its cities, and what is being moved."""
    _, _, file = _place(data)
    known = file.read()
    if as_json:
        say(json.dumps(_told(known), ensure_ascii=False))
        return
    table = Table("shard", "cities", "worker", box=None)
    for name in known.names():
        areas = ", ".join(sorted(known.areas(name)))
        if name == HOME:
            areas = "every other city" if known.elsewhere() else "every city"
        works = "works" if name in known.running() else "none: it was emptied"
        table.add_row(name, areas or "–", works)
    console.print(table)
    if known.move:
        say(f"moving {_words(known.move)}")


@app.command()
def add(
    *, name: str, areas: Areas, force: Force = False, wait: Wait = True, data: Data = None
) -> None:
    """Add a shard that takes these cities over; everything else goes on."""
    known_ones = _anything if force else _registered(data)
    _begin(data, lambda known: known_ones(known, areas).begin(areas, name, new=True), wait=wait)


@app.command()
def move(
    *,
    areas: Areas,
    to: Annotated[str, typer.Option("--to", help="The shard that takes them; 0: the first.")],
    force: Force = False,
    wait: Wait = True,
    data: Data = None,
) -> None:
    """Move cities to another shard; one that has none left ends, and its history stays."""
    known_ones = _anything if force else _registered(data)
    _begin(data, lambda known: known_ones(known, areas).begin(areas, to, new=False), wait=wait)


@app.command()
def remove(*, name: str, data: Data = None) -> None:
    """Give a shard's cities back to the first, wait until that is done, then take its name away.

    Its history stays where it is, is shown as ever, and goes when its time is over.
    """
    settings, folder, file = _place(data)
    known = file.read()
    if name in known.shards and name != HOME and (areas := sorted(known.areas(name))):
        _refuse_what_loses(settings, folder)
        if not lifeline.is_held(folder.root):
            raise Conflict(
                "hub_away",
                f"shard {name} has {', '.join(areas)}: start the hub (`hub serve`), which moves"
                " them, then run this again",
            )
        told = file.change(lambda now: now.begin(areas, HOME, new=False))
        _follow(settings, folder, file, told.move, wait=True)
    clock, never = SystemClock(), threading.Event()
    deadline = clock.monotonic() + DONE_WITHIN.total_seconds()
    while name in file.read().leaving and lifeline.is_held(folder.root):
        if clock.monotonic() > deadline:
            raise HubError(f"the worker of shard {name} has not ended yet: look at the hub's log")
        clock.wait(never, _LOOK)
    file.change(lambda now: now.removed(name))
    say(f"shard {name} is removed; its history stays")


@app.command()
def cancel(*, wait: Wait = True, data: Data = None) -> None:
    """Undo a move that the source has not finished; its cities stay where they were."""
    settings, folder, file = _place(data)
    told = file.change(ShardMap.cancelled)
    _follow(settings, folder, file, told.move, wait=wait)


def _anything(known: ShardMap, areas: Sequence[str]) -> ShardMap:
    del areas
    return known


def _registered(data: Path | None) -> Callable[[ShardMap, Sequence[str]], ShardMap]:
    """What lets a map pass where the areas are cities that somebody is registered in."""
    _place(data)  # a folder that is none is told before one is made
    with registry(data) as database:
        there = database.read(queries.areas)

    def check(known: ShardMap, areas: Sequence[str]) -> ShardMap:
        strange = [each for each in areas if each not in there | known.elsewhere()]
        if strange and all(map(AREA.fullmatch, areas)):
            some = ", ".join(sorted(there)[:_SHOWN]) or "none yet (`hub import`)"
            more = " …" if len(there) > _SHOWN else ""
            raise InvalidMessage(
                "unknown_area",
                f"no lift, gateway or kitchen is registered in {', '.join(strange)}; there are"
                f" {some}{more}: correct it, or say --force if they are to come",
                field="area",
            )
        return known

    return check


def _begin(data: Path | None, change: Callable[[ShardMap], ShardMap], *, wait: bool) -> None:
    settings, folder, file = _place(data)
    _refuse_what_loses(settings, folder)
    told = file.change(change)
    _follow(settings, folder, file, told.move, wait=wait)


def _refuse_what_loses(settings: Settings, folder: DataFolder) -> None:
    """The embedded broker keeps no queue that could be trusted with a move."""
    if settings.mqtt.url:
        return
    if settings.mqtt.start == "embedded" or mosquitto.find() is None:
        raise Conflict(
            "embedded_broker",
            "the embedded broker overwrites what is unread, so a move could lose messages:"
            " apt-get install mosquitto, or name your own broker in HUB_MQTT__URL",
        )
    del folder


def _follow(
    settings: Settings, folder: DataFolder, file: ShardFile, move: Move | None, *, wait: bool
) -> None:
    if move is None:
        return
    if not lifeline.is_held(folder.root):
        say(f"{_words(move)}: it begins when the hub runs (`hub serve`)")
        return
    if not wait:
        say(f"{_words(move)}: `hub shards list` tells how far it is")
        return
    clock, never = SystemClock(), threading.Event()
    deadline = clock.monotonic() + DONE_WITHIN.total_seconds()
    shown: Step | None = None
    while True:
        now = file.read().move
        if now is None or now.number != move.number:
            break
        if now.step != shown:
            shown = now.step
            say(_STEPS[shown].format(source=now.source, target=now.target))
        if clock.monotonic() > deadline:
            told = _STUCK[now.step].format(
                source=now.source, target=now.target,
                queue="what it is set to keep" if settings.mqtt.url else mosquitto.MAX_QUEUED,
            )  # fmt: skip
            raise HubError(f"not done yet, and nothing is lost: {told}")
        clock.wait(never, _LOOK)
    owners = {area: file.read().owner(area) for area in move.areas}
    for area, owner in owners.items():
        say(f"{area} is in shard {owner}")


def _place(data: Path | None) -> tuple[Settings, DataFolder, ShardFile]:
    settings = sound(data)
    if not settings.data_dir.is_dir():
        raise HubError(f"{settings.data_dir} is no data folder: name it with --data")
    folder = DataFolder(settings.data_dir.resolve())
    return settings, folder, ShardFile(folder.telemetry)


def _words(move: Move) -> str:
    return f"{', '.join(move.areas)} from shard {move.source} to {move.target} ({move.step})"


def _told(known: ShardMap) -> dict[str, object]:
    move = known.move
    return {
        "shards": {name: sorted(known.areas(name)) for name in known.names() if name != HOME},
        "workers": list(known.running()),
        "move": None
        if move is None
        else {
            "areas": list(move.areas),
            "source": move.source,
            "target": move.target,
            "step": str(move.step),
        },
    }
