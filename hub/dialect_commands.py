"""`hub dialect`: mapping files, looked at and tried without a running hub."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.markup import escape
from rich.table import Table

from core.clock import SystemClock
from core.errors import HubError
from devices.protocol import messages as m
from devices.protocol.dialects.model import (
    UNNUMBERED,
    ActiveCodes,
    Cell,
    Heard,
    Mapped,
    Source,
    State,
)
from devices.protocol.dialects.reading import Dialect
from hub import dialects
from hub.cli_ground import Data, console
from hub.folder import DataFolder
from hub.settings import load

app = typer.Typer(no_args_is_help=True, help="Formats of others, mapped onto the hub's own.")
_DEVICE = "SAMPLE"


@app.command("list")
def list_dialects(data: Data = None) -> None:
    """Every mapping that a gateway may be enrolled with; status 1 when a file cannot be read."""
    loaded = _loaded(data)
    table = Table("name", "edition", "title", "topics", "file")
    for name, dialect in sorted(loaded.dialects.items()):
        topics = "\n".join(each.text for each in dialect.topics)
        file = loaded.files[name]
        place = "shipped" if file.parent == dialects.SHIPPED else str(file)
        table.add_row(*map(escape, (name, dialect.version, dialect.title, topics, place)))
    console.print(table)
    for each in loaded.wrong:
        console.print(f"[red]cannot be read[/] {escape(each)}", soft_wrap=True)
    if loaded.wrong:
        raise typer.Exit(1)


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="A name that `list` shows, or a file.")],
    data: Data = None,
) -> None:
    """What a mapping reads, field by field, and what it loses."""
    dialect = _find(name, data)
    title = f"{dialect.name} {dialect.version}: {dialect.title}"
    console.print(escape(title), f"modelled on {escape(dialect.modelled_on)}", sep="\n")
    for each in dialect.topics:
        console.print(f"topic {each.text}", markup=False)
    if dialect.identity:
        console.print("nothing is mapped")
        return
    table = Table("message", "field", "from", "how")
    for rule in dialect.rules:
        for source in rule.sources:
            table.add_row(*map(escape, (rule.name, source.name, str(source), _how(source))))
        if rule.active is not None:
            codes = rule.active.source
            table.add_row(*map(escape, (rule.name, "events", str(codes), _how_codes(rule.active))))
    console.print(table)
    for field, loss in sorted(dialect.losses.items()):
        console.print(f"lost: {field} ({loss})", markup=False)
    if dialect.dropped:
        console.print(f"dropped: {', '.join(sorted(dialect.dropped))}", markup=False)


@app.command("try")
def try_out(
    mapping: Annotated[str, typer.Argument(help="A file, or a name that `list` shows.")],
    samples: Annotated[list[str], typer.Argument(help="Payloads, in order; - is standard input.")],
    word: Annotated[str, typer.Option(help="What the topic says it is about.")] = "",
    data: Data = None,
) -> None:
    """What samples mean, or why not, field by field; status 1 when anything is refused."""
    dialect = _find(mapping, data)
    state, refused = State(), False
    for sample in samples:
        payload = sys.stdin.buffer.read() if sample == "-" else Path(sample).read_bytes()
        now_ms = int(SystemClock().now().timestamp() * 1000)
        mapped = dialect.read(Heard(_DEVICE, word), payload, state, arrived_ms=now_ms)
        state = mapped.state
        console.print(_table(sample, dialect, mapped))
        refused = refused or bool(mapped.refusals)
    if refused:
        raise typer.Exit(1)


def _table(sample: str, dialect: Dialect, mapped: Mapped) -> Table:
    title = f"{sample} by {dialect.name} {dialect.version}"
    table = Table("message", "field", "value", "from", title=escape(title), title_justify="left")
    for message, rule in zip(mapped.messages, mapped.rules, strict=True):
        for field, value in _told(message):
            place = _places(dialect, rule).get(field, "")
            row = (type(message).__name__.lower(), field, str(value), place)
            table.add_row(*map(escape, row))
        table.add_section()
    for no in mapped.refusals:
        why = f"{no.reason}: {no.detail}"
        table.add_row("[red]refused[/]", f"#{no.index + 1}", escape(why), escape(no.field))
    for loss in mapped.losses:
        table.add_row("[yellow]loss[/]", f"#{loss.index + 1}", loss.name, escape(loss.field))
    for name in mapped.unknown_fields:
        table.add_row("ignored", "", "no rule looks at it", escape(name))
    if not table.rows:
        table.add_row("nothing", "", "the payload tells nothing of ours", "")
    return table


def _told(message: m.Message) -> Iterator[tuple[str, object]]:
    unnumbered = getattr(message, "boot", None) == UNNUMBERED
    for field, value in msgspec.to_builtins(message).items():
        if value is not None and not (unnumbered and field in ("seq", "boot")):
            yield field, value


def _places(dialect: Dialect, rule: str) -> dict[str, str]:
    for each in dialect.rules:
        if each.name == rule:
            active = {"code": str(each.active.source)} if each.active else {}
            return active | {source.name: str(source) for source in each.sources}
    return {}


def _how(source: Source) -> str:
    told = [str(source.form)]
    if source.table is not None:
        told = [f"{key} = {_meant(cell)}" for key, cell in source.table.items()]
    if source.otherwise is not None:
        told.append(f"else {_meant(source.otherwise)}")
    if (source.factor, source.shift) != (1.0, 0.0):
        told.append(f"x {source.factor:g} + {source.shift:g}")
    if source.default is not None:
        told.append(f"without it {source.default}")
    if source.arrival:
        told.append("without it the time of receipt")
    return ", ".join(told)


def _how_codes(active: ActiveCodes) -> str:
    return f"what appears begins, what disappears ends: {_how(active.source)}"


def _meant(cell: Cell) -> str:
    value = "nothing" if cell.value is None else str(cell.value)
    return f"{value} (loses {cell.loss})" if cell.loss else value


def _loaded(data: Path | None) -> dialects.Loaded:
    settings = load({} if data is None else {"HUB_DATA_DIR": str(data)})
    return dialects.load(DataFolder(settings.data_dir).dialects)


def _find(name: str, data: Path | None) -> Dialect:
    if name.endswith(".toml") or Path(name).is_file():
        return dialects.read(Path(name))
    loaded = _loaded(data)
    if name not in loaded.dialects:
        known = ", ".join(sorted(loaded.dialects))
        raise HubError(f"no dialect {name!r}: name a .toml file, or one of {known}")
    return loaded.dialects[name]
