"""`hub proof`: kill what can be killed while much is said, and count what is kept."""

import shutil
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from core import log
from core.clock import Clock, SystemClock
from core.errors import HubError, Unavailable
from hub import mosquitto
from hub.cli_ground import console, say
from hub.proof.aim import Aim
from hub.proof.influxd import Influxd
from hub.proof.ingest import Proof
from hub.proof.report import Display, summary
from hub.proof.site import History, Site, Wanted

app = typer.Typer(no_args_is_help=True, help="See on this machine what is promised.")
AREAS = ("410100", "410200", "410300")
_STORES = ("embedded", "influx")
_BROKERS = ("mosquitto", "embedded")
_SUBSCRIBERS = ("batch", "paho")


@app.command("ingest")
def ingest(  # noqa: PLR0917  (options)
    messages: Annotated[int, typer.Option(min=1, help="Telemetry messages to say.")] = 1_000_000,
    kills: Annotated[int, typer.Option(min=0, help="kill -9, at moments drawn by --seed.")] = 100,
    seed: Annotated[int, typer.Option(help="The same seed is the same story.")] = 1,
    broker: Annotated[str, typer.Option(help="mosquitto or embedded.")] = "mosquitto",
    subscriber: Annotated[str, typer.Option(help="batch or paho.")] = "batch",
    store: Annotated[str, typer.Option(help="embedded or influx.")] = "embedded",
    influxd: Annotated[str, typer.Option(help="Program of InfluxDB 2.x, to be killed too.")] = "",
    influx: Annotated[str, typer.Option(help="Address of a running one, not to be killed.")] = "",
    token: Annotated[str, typer.Option(help="Its token.", envvar="INFLUX_TOKEN")] = "",
    org: Annotated[str, typer.Option(help="Its organisation.")] = "hub",
    bucket: Annotated[str, typer.Option(help="A bucket of it for the proof alone.")] = "proof",
    lifts: Annotated[
        int,
        typer.Option(
            min=10,
            max=9999,
            help="Lifts, a gateway each: at least twice the calls and kills together, and two.",
        ),
    ] = 2_000,
    calls: Annotated[
        int, typer.Option(min=1, help="Calls for help among them, and as many conditions.")
    ] = 500,
    rate: Annotated[float, typer.Option(min=0, help="Messages a second; 0: as fast as taken.")] = 0,
    away: Annotated[
        int,
        typer.Option(
            min=0,
            help="Instead of kills InfluxDB is away for so many seconds: receipts and draining"
            " are judged. Needs --influxd and --rate.",
        ),
    ] = 0,
    minutes: Annotated[int, typer.Option(min=1, help="Give up after so many.")] = 60,
    folder: Annotated[Path | None, typer.Option(help="Where to work; kept afterwards.")] = None,
) -> None:
    """Say much, kill often, and read back that nothing is lost and nothing is there twice.

    Everything is its own: hub, broker, devices and, with --store influx, InfluxDB. Nothing of a hub
    that runs on this machine is touched. Ends with 1 where a promise was broken. In the end each
    gateway says a last word more than --messages, behind which nothing can be under way: so what is
    kept must be the messages and one a lift, less what a killed broker has lost.
    """
    _among("--broker", broker, _BROKERS)
    _among("--subscriber", subscriber, _SUBSCRIBERS)
    _among("--store", store, _STORES)
    if broker == "mosquitto" and mosquitto.find() is None:
        raise HubError("mosquitto is not on PATH; Debian: sudo apt-get install mosquitto")
    at_most = lifts // 2 - kills - 1  # a call for each kill at a moment of calls, and the first one
    if calls > at_most:
        least = 2 * (calls + kills + 1)
        raise HubError(
            f"{calls} calls and {kills} kills need at least {least:,} lifts, since each call and"
            f" each condition has a lift of its own; here are {lifts:,}: say more --lifts, or at"
            f" most {max(at_most, 0)} --calls"
        )
    if away and (store != "influx" or influx or not rate):
        raise HubError("--away needs --store influx with an --influxd of its own, and a --rate")
    root = folder or Path(tempfile.mkdtemp(prefix="hub-proof-"))
    root.mkdir(parents=True, exist_ok=True)
    if any(root.iterdir()):
        raise HubError(f"{root} is not empty: choose another --folder")
    clock = SystemClock()
    log.configure(process="proof", json=False, level="critical")
    ours = None
    history = None
    if store == "influx":
        ours = None if influx else _start(influxd, root, clock)
        history = History(influx, token, org, bucket) if ours is None else _of(ours)
    aim = Aim(
        messages,
        1 if away else kills,
        calls,
        conditions=min(calls, at_most),
        seed=seed,
        rate=rate,
        within=timedelta(minutes=minutes),
        away=timedelta(seconds=away),
    )
    if _prove(root, Wanted(lifts, AREAS, broker, subscriber, history), aim, clock, ours):
        if folder is None:
            shutil.rmtree(root)
        return
    say(f"everything of this run is kept in {root}")
    raise typer.Exit(1)


def _prove(root: Path, wanted: Wanted, aim: Aim, clock: Clock, influxd: Influxd | None) -> bool:
    """Whether the promise held; tells all about it."""
    display = Display(console, aim, wanted.lifts)
    site = Site(root, wanted, clock, influxd)
    proof = Proof(site, wanted, aim, clock)
    try:
        with display.bars:
            outcome = proof.run(display.show)
            display.show(proof.progress)
    except Unavailable as error:
        _tell(proof, [str(error)], aim)
        return False
    finally:
        site.close()
        (root / "story.txt").write_text("\n".join(proof.story), encoding="utf-8")
    console.print(summary(outcome))
    if outcome.problems:
        _tell(proof, outcome.problems, aim)
        return False
    console.print("[green]proved[/]: nothing lost by the hub, nothing twice")
    return True


def _tell(proof: Proof, problems: Sequence[str], aim: Aim) -> None:
    console.print("[red]broken[/]")
    for line in problems:
        say(f"  {line}")
    say(f"the story of seed {aim.seed}:")
    for line in proof.story:
        say(line)


def _among(option: str, told: str, known: tuple[str, ...]) -> None:
    if told not in known:
        raise typer.BadParameter(f"one of {', '.join(known)}", param_hint=option)


def _start(program: str, root: Path, clock: Clock) -> Influxd:
    found = shutil.which(program or "influxd")
    if found is None:
        raise HubError(
            f"{program or 'influxd'} is no program: name one with --influxd, or a server that runs"
            " with --influx"
        )
    server = Influxd(found, root / "influx")
    server.launch()
    deadline = clock.monotonic() + 60
    while not server.answers():
        if clock.wait(Event(), timedelta(milliseconds=100)) or clock.monotonic() > deadline:
            server.stop()
            raise Unavailable(f"{found} does not answer; see {server.folder / 'log'}")
    server.set_up()
    return server


def _of(server: Influxd) -> History:
    return History(server.url, server.token, server.org, server.bucket)
