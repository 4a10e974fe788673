"""What a proof shows: how far it is, and at the end one table, or the story of its failure."""

from collections.abc import Sequence

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as Bars
from rich.table import Table

from hub.proof.aim import Aim, Outcome, Progress


class Display:
    """Three bars, and what is being done.

    Kept is held against all that is needed: the messages, and a last word of each of `lifts`.
    """

    def __init__(self, console: Console, aim: Aim, lifts: int) -> None:
        self.bars = Bars(
            TextColumn("{task.description:<10}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[doing]}"),
            console=console,
        )
        self._said = self._bar("said", aim.messages)
        self._kept = self._bar("kept", aim.messages + lifts)
        self._killed = self._bar("killed", aim.kills)

    def _bar(self, name: str, total: int) -> TaskID:
        return self.bars.add_task(name, total=total, doing="")

    def show(self, progress: Progress) -> None:
        """Move the bars."""
        self.bars.update(self._said, completed=progress.said, doing=progress.doing)
        self.bars.update(self._kept, completed=progress.kept)
        self.bars.update(self._killed, completed=progress.killed)


def summary(outcome: Outcome) -> Table:
    """The figures."""
    told, figures = outcome.telemetry, outcome.figures
    table = Table("what", "figure", box=None, pad_edge=False)
    rate = told.published / max(outcome.said_in_s, 0.001)
    kept = told.stored / max(outcome.kept_in_s, 0.001)
    kills = ", ".join(f"{n}x {target}" for target, n in sorted(outcome.killed.items()))
    rows = [
        ("published, taken by the broker", f"{told.published:,} at {rate:,.0f} a second"),
        (
            "stored, each exactly once",
            f"{told.stored:,} of these, all within {outcome.kept_in_s:.1f} s",
        ),
        ("rate from first word to last row", f"{kept:,.0f} a second"),
        ("lost_before_hub (gaps in seq)", f"{sum(c.lost_before_hub for c in told.cities):,}"),
        ("  of these counted by the hub itself", f"{figures['lost_before_hub']:,.0f}"),
        ("delivered to the hub", f"{figures['received']:,.0f}"),
        ("  again, and told so (duplicate)", f"{figures.get('duplicate', 0):,.0f}"),
        ("  in hand when a worker was killed (cut_off)", f"{figures.get('cut_off', 0):,.0f}"),
        ("kills", f"{sum(outcome.killed.values())}: {kills}" if kills else "0"),
        ("calls, each one incident", f"{len(outcome.receipts_s):,}"),
        ("receipt of a call, kills and all", _spread(outcome.receipts_s)),
        ("device to hub, kills and all", _spread(outcome.lateness_s)),
    ]
    if outcome.drained is not None:
        went = outcome.drained
        pace = f"{went.drained_a_second:,.0f} a second while {went.arrived_a_second:,.0f} came"
        rows.append(("spool", f"{went.top:,} points at most, then drained at {pace}"))
    for name, figure in rows:
        table.add_row(name, figure)
    for city in told.cities:
        table.add_row(
            f"city {city.area}",
            f"{city.published:,} published = {city.stored:,} stored"
            f" + {city.lost_before_hub:,} lost_before_hub;"
            f" hub's books open by {outcome.balance.get(city.area, 0):,.0f}",
        )
    return table


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "-"
    p50, p99 = (values[int(len(values) * share)] for share in (0.5, 0.99))
    return f"p50 {_span(p50)}, p99 {_span(p99)}, most {_span(values[-1])}"


def _span(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
