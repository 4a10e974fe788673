"""`hub top`: what a running hub takes in, second by second; `q` ends it."""

import os
import select
import sys
import termios
import tty
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Column, Table
from rich.text import Text

from core import metrics
from core.clock import SystemClock
from core.errors import Unavailable
from hub import gauges
from hub.cli_ground import Data, console, sound
from hub.folder import DataFolder
from hub.gauges import Reading

CITIES = 15
REASONS = 8


def top(
    *,
    url: Annotated[
        str, typer.Option("--from", help="A hub's /metrics; else the one on this data folder.")
    ] = "",
    every: Annotated[float, typer.Option(min=0.2, max=60, help="Seconds between looks.")] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Look twice, print, end.")] = False,
    data: Data = None,
) -> None:
    """Show lanes, rates, lag, what waits and what is refused, live; q ends it."""
    look = _source(url, DataFolder(sound(data).data_dir.resolve()))
    clock = SystemClock()
    before, at = look(), clock.monotonic()
    with _keys() as pressed:
        if once:
            pressed(every)
            console.print(_screen(before, look(), clock.monotonic() - at, console.width))
            return
        with Live(console=console, screen=console.is_terminal, auto_refresh=False) as live:
            live.update(_screen(before, before, every, console.width), refresh=True)
            while pressed(every) not in {"q", "Q", "\x03"}:
                now, then = look(), clock.monotonic()
                screen = _screen(before, now, max(then - at, 0.001), console.width)
                live.update(screen, refresh=True)
                before, at = now, then


def _source(url: str, folder: DataFolder) -> Callable[[], Reading]:
    """Where the figures come from; raises Unavailable when a look tells nothing."""

    def fetched() -> Reading:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  (as the user says)
                return gauges.read(answer.read().decode())
        except (urllib.error.URLError, OSError, ValueError) as error:
            raise Unavailable(f"{url} tells no figures: {error}") from error

    def summed() -> Reading:
        if not folder.metrics.is_dir() or not any(folder.metrics.iterdir()):
            raise Unavailable(f"no hub has counted anything in {folder.metrics}: does it run?")
        return gauges.read(metrics.exposition(str(folder.metrics)).decode())

    return fetched if url else summed


@contextmanager
def _keys() -> Iterator[Callable[[float], str]]:
    """A function that waits for a key, at most so many seconds; empty when none came."""
    if not sys.stdin.isatty():
        never = select.poll()

        def waited(seconds: float) -> str:
            never.poll(seconds * 1000)
            return ""

        yield waited
        return
    handle = sys.stdin.fileno()
    kept = termios.tcgetattr(handle)
    tty.setcbreak(handle)

    def pressed(seconds: float) -> str:
        ready, _, _ = select.select([handle], [], [], seconds)
        return os.read(handle, 1).decode("latin-1") if ready else ""

    try:
        yield pressed
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, kept)


def _screen(before: Reading, now: Reading, seconds: float, width: int) -> Group:
    """The picture for a terminal of so many columns; a narrow one is told less."""
    heads = _heads(width)
    lanes, cities = _table("lane", heads), _table("city", heads)
    took = _table("lane", _SHORT_LAGS) if width < WIDE else lanes
    if took is lanes:
        for each in _LAGS:
            lanes.add_column(each, justify="right", no_wrap=True)
    for row in gauges.rows("lane", before, now, seconds):
        lag = gauges.lag(row.name, before, now)
        spans = [_span(lag.road), _span(lag.commit)]
        if took is lanes:
            lanes.add_row(row.name, *_figures(row, heads), *spans)
        else:
            lanes.add_row(row.name, *_figures(row, heads))
            took.add_row(row.name, *spans)
    by_rate = sorted(gauges.rows("area", before, now, seconds), key=lambda each: -each.received)
    for row in by_rate[:CITIES]:
        cities.add_row(row.name, *_figures(row, heads))
    return Group(
        Panel(lanes, title="lanes, a second"),
        *([] if took is lanes else [Panel(took, title="how long it took")]),
        Panel(cities, title=f"cities, a second ({len(by_rate)} in all)"),
        Panel(_refused(before, now), title="refused since the start, by reason"),
        Panel(_waits(now), title="what waits"),
        Text("q ends", style="dim"),
    )


WIDE, NARROW = 144, 76  # columns: from where on all is told in full, and below which least
_LAGS = ("device → received", "received → stored")
_SHORT_LAGS = ("to the hub", "to the store")
_SHORT = {
    "received": "recv",
    "unchanged": "same",
    "duplicate": "again",
    "quarantined": "quar",
    "in flight": "flight",
    "unaccounted": "open",
}
_HEADS = ("received", *gauges.OUTCOMES, "in flight", "unaccounted")
_LEAST = ("received", "stored", "quarantined", "unaccounted")


def _heads(width: int) -> Mapping[str, str]:
    """The figures that a terminal has room for, each with its heading."""
    if width >= WIDE:
        return {each: each for each in _HEADS}
    return {each: _SHORT.get(each, each) for each in (_HEADS if width >= NARROW else _LEAST)}


def _table(first: str, heads: Mapping[str, str] | Sequence[str]) -> Table:
    told = heads.values() if isinstance(heads, Mapping) else heads
    columns = (Column(each, justify="right", no_wrap=True) for each in told)
    return Table(Column(first, no_wrap=True), *columns, box=None, expand=True, padding=(0, 1, 0, 0))


def _figures(row: gauges.Row, heads: Iterable[str]) -> list[Text]:
    odd = "red" if row.balance else "green"
    told = {
        "received": _number(row.received),
        **{each: _number(row.outcomes[each]) for each in gauges.OUTCOMES},
        "in flight": _number(row.in_flight),
        "unaccounted": Text(f"{row.balance:.0f}", style=odd, justify="right"),
    }
    return [told[each] for each in heads]


def _refused(before: Reading, now: Reading) -> Table:
    table = Table.grid(padding=(0, 3))
    earlier = before.by("hub_ingest_refused_total", "reason")
    for reason, number in now.by("hub_ingest_refused_total", "reason").most_common(REASONS):
        grown = number - earlier[reason]
        style = "red" if grown > 0 else ""
        table.add_row(Text(reason, style=style), f"{number:.0f}", f"+{grown:.0f}" if grown else "")
    return table


def _waits(now: Reading) -> Table:
    table = Table.grid(padding=(0, 3))
    spool = now.total("hub_spool_points")
    size, age = now.total("hub_spool_bytes") / 1e6, now.total("hub_spool_age_seconds")
    table.add_row("spool", f"{spool:.0f} points", f"{size:.1f} MB, oldest {age:.0f} s")
    asked = now.total("hub_quarantine_asked")
    kept = now.total("hub_quarantine_rows")
    table.add_row("quarantine", f"{kept:.0f} kept of the day", f"{asked:.0f} replays wait")
    for lane, up in sorted(now.by("hub_mqtt_connected", "lane").items()):
        table.add_row(f"broker, {lane}", Text("connected", "green") if up else Text("away", "red"))
    return table


def _number(value: float) -> Text:
    return Text(f"{value:,.0f}" if value >= 10 or not value else f"{value:.1f}", justify="right")  # noqa: PLR2004


def _span(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
