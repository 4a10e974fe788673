"""`hub quarantine`: what could not be taken, looked at, sent through again or dropped.

It works beside a running hub: it reads the day files, and leaves what it asks for the telemetry
process, which answers within seconds while it runs, else at its next start.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from core import journal
from core.clock import SystemClock
from core.errors import HubError, InvalidMessage
from hub.cli_ground import Data, console, operator, plain, registry, say, sound
from hub.folder import DataFolder
from ingest import replay
from ingest.quarantine import Kept, QuarantineFilter
from ingest.quarantine_shards import QuarantineShards
from ingest.replay import Verb, hindrance
from ingest.timeseries.port import Answer

app = typer.Typer(no_args_is_help=True, help="What could not be taken, with the reason.")

SHOWN = 50
PIPED = 400  # columns where no terminal is: a line stays a line
MOST = 10_000
TAKEN = {"stored", "duplicate", "partly"}  # what a replay was good for
ANSWERED_WITHIN = timedelta(seconds=20)
_LOOK = timedelta(milliseconds=200)

Reason = Annotated[str, typer.Option(help="Only this reason.")]
Gateway = Annotated[str, typer.Option(help="Only what this gateway sent.")]
Area = Annotated[str, typer.Option(help="Only this city (6-digit division code).")]
Since = Annotated[str, typer.Option(help="Received from then on: 2h, 3d, or an ISO 8601 instant.")]
Until = Annotated[str, typer.Option(help="Received before then, told likewise.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Ids = Annotated[list[str] | None, typer.Argument(help="As `hub quarantine list` names them.")]
All = Annotated[bool, typer.Option("--all", help="Everything that the options let through.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command("list")
def listed(
    *,
    reason: Reason = "",
    gateway: Gateway = "",
    area: Area = "",
    since: Since = "",
    until: Until = "",
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="How many at most.")] = SHOWN,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Show what is kept, newest first, and what became of replays."""
    reader = _reader(data)
    keys, total = reader.keys(_wanted(reason, gateway, area, since, until), limit=limit)
    found = reader.fetch(keys)
    if as_json:
        for kept in found:
            say(json.dumps(_told(kept), ensure_ascii=False))
        return
    table = Table("id", "received (UTC)", "topic", "reason", "field", "detail", "replay", box=None)
    for kept in found:
        received = f"{kept.received_at:%Y-%m-%d %H:%M:%S}"
        words = [kept.id, received, kept.topic, kept.reason, kept.field, kept.detail, _answer(kept)]
        table.add_row(*map(plain, words))
    wide = console if console.is_terminal else Console(width=PIPED, highlight=False)
    wide.print(table)
    say(f"{len(found)} of {total} shown")
    if gone := reader.crowded_out():
        say(f"{gone} older ones are not kept any more: a day's budget was used up")


@app.command()
def show(
    *,
    kept_id: Annotated[str, typer.Argument(metavar="ID", help="As the list names it.")],
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Show one kept object with its bytes."""
    kept = _reader(data).show(kept_id)
    if as_json:
        say(json.dumps(_told(kept), ensure_ascii=False))
        return
    stands = hindrance(kept)
    for name, value in (
        ("id", kept.id),
        ("received", kept.received_at.isoformat()),
        ("topic", kept.topic),
        ("reason", kept.reason),
        ("field", kept.field),
        ("detail", kept.detail),
        ("replay", _answer(kept) or (f"cannot be: {stands.detail}" if stands else "possible")),
        ("bytes", str(len(kept.raw))),
    ):
        say(f"{name:<9} {plain(value)}")
    say(plain(kept.raw.decode("utf-8", "backslashreplace")))


@app.command("replay")
def replay_them(
    *,
    ids: Ids = None,
    everything: All = False,
    reason: Reason = "",
    gateway: Gateway = "",
    area: Area = "",
    since: Since = "",
    until: Until = "",
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Send kept objects through the pipeline again, after the registry or the device was mended.

    They become history alone: nothing is judged by them, and nobody is called. Ends with 1 where
    nothing of what was meant could be taken.
    """
    wanted = _wanted(reason, gateway, area, since, until)
    found = _chosen(_reader(data), ids, wanted, everything=everything)
    able = []
    for kept in found:
        if no := hindrance(kept):
            _aside(as_json)(f"{kept.id}  left out: {plain(no.detail)}")
        else:
            able.append(kept)
    answers = _ask(Verb.REPLAY, able, data, as_json=as_json)
    if not found:
        return
    became = Counter(answer.outcome for answer in answers)
    became["left out"] += len(found) - len(able)
    counts = ", ".join(f"{number} {outcome}" for outcome, number in became.items() if number)
    _aside(as_json)(f"of {len(found)}: {counts}")
    if not TAKEN & became.keys():
        raise typer.Exit(1)


@app.command()
def drop(
    *,
    ids: Ids = None,
    everything: All = False,
    reason: Reason = "",
    gateway: Gateway = "",
    area: Area = "",
    since: Since = "",
    until: Until = "",
    yes: Yes = False,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Forget kept objects for good; the journal keeps who did it."""
    wanted = _wanted(reason, gateway, area, since, until)
    found = _chosen(_reader(data), ids, wanted, everything=everything)
    if found and not yes:
        typer.confirm(f"Forget {len(found)} kept objects for good?", abort=True)
    _ask(Verb.DROP, found, data, as_json=as_json)


def _ask(
    verb: Verb, found: Sequence[Kept], data: Path | None, *, as_json: bool
) -> Sequence[Answer]:
    if not found:
        _aside(as_json)("nothing to do")
        return ()
    reader, clock = _reader(data), SystemClock()
    now = clock.now()
    names = [kept.id for kept in found]
    entry = replay.entry(verb, names, operator(), now)
    with registry(data) as database:
        database.write(partial(journal.append, entry=entry))
    requests = reader.ask(verb, names, operator().id, now)
    if not as_json:
        say(f"asked telemetry to {verb} {len(names)}")
    never, deadline = threading.Event(), clock.monotonic() + ANSWERED_WITHIN.total_seconds()
    while not reader.answered(requests):
        if clock.monotonic() > deadline:
            raise HubError(
                "telemetry has not answered yet: it will as soon as it runs;"
                " `hub quarantine list` shows what became of them"
            )
        clock.wait(never, _LOOK)
    answers = reader.answers(requests)
    for answer in answers:
        told = {"id": answer.about, "outcome": answer.outcome, "reason": answer.reason}
        if as_json:
            say(json.dumps({**told, "field": answer.field, "detail": answer.detail}))
        else:
            say(f"{answer.about}  {answer.outcome} {answer.reason} {plain(answer.detail)}".rstrip())
    return answers


def _aside(as_json: bool) -> Callable[[str], None]:  # noqa: FBT001  (a choice of two places)
    # Words that are no answer go beside the objects, if a program reads those.
    return partial(typer.echo, err=True) if as_json else say


def _chosen(
    reader: QuarantineShards,
    ids: Sequence[str] | None,
    wanted: QuarantineFilter,
    *,
    everything: bool,
) -> Sequence[Kept]:
    if ids:
        return [reader.show(each) for each in ids]
    if not everything and wanted == QuarantineFilter():
        raise HubError("name what is meant: ids, options such as --reason, or --all")
    keys, total = reader.keys(wanted, descending=False, limit=MOST)
    if total > MOST:
        say(f"{total} match; these are the oldest {MOST}: run it again for the others")
    return reader.fetch(keys)


def _reader(data: Path | None) -> QuarantineShards:
    settings = sound(data)
    if not settings.data_dir.is_dir():
        raise HubError(f"{settings.data_dir} is no data folder: name it with --data")
    return QuarantineShards(DataFolder(settings.data_dir.resolve()).shards)


def _wanted(reason: str, gateway: str, area: str, since: str, until: str) -> QuarantineFilter:
    now = SystemClock().now()
    return QuarantineFilter(
        reason=reason,
        gateway=gateway,
        area=area,
        since=when(since, now) if since else None,
        until=when(until, now) if until else None,
    )


def when(text: str, now: datetime) -> datetime:
    """`2h` (ago), or an ISO 8601 instant, in UTC where it names no zone; raises InvalidMessage."""
    units = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
    try:
        if text[-1:] in units and text[:-1].isdecimal():
            return now - int(text[:-1]) * units[text[-1]]
        told = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        detail = f"{text!r} is no time: say 30m, 2h, 3d or 2026-11-23T08:00"
        raise InvalidMessage("bad_time", detail) from error
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def _answer(kept: Kept) -> str:
    if kept.answer is None:
        return ""
    return f"{kept.answer.outcome} {kept.answer.reason}".strip()


def _told(kept: Kept) -> dict[str, object]:
    return {
        "id": kept.id,
        "received_at": kept.received_at.isoformat(),
        "topic": kept.topic,
        "reason": kept.reason,
        "field": kept.field,
        "detail": kept.detail,
        "raw": kept.raw.decode("utf-8", "backslashreplace"),
        "replay": None
        if kept.answer is None
        else {
            "outcome": kept.answer.outcome,
            "reason": kept.answer.reason,
            "field": kept.answer.field,
            "detail": kept.answer.detail,
        },
    }
