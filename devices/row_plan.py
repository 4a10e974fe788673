"""One row of a file against the registry: what it would change, and what writes it."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection

from core.errors import NotFound
from core.journal import Actor
from devices.sheet import Change, Outcome, Problem, RowResult, SheetRow

_SECRET = frozenset({"source_url", "webhook_url"})
_HIDDEN = "(not shown)"

T = TypeVar("T")
Given = dict[str, Any]  # a row's cells as the fields of the model, whose types the sheet keeps
Write = Callable[[Connection, datetime, Actor], object]


@dataclass(frozen=True, slots=True)
class Planned:
    """A row's answer and, where something would change, what writes it."""

    result: RowResult
    write: Write | None = None


Plan = Callable[[Connection, SheetRow], Planned]


class Refused(Exception):  # noqa: N818  (named as the outcome is)
    """The row cannot be taken, for these reasons."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*(each.field for each in problems))
        self.problems = problems


def compared(
    row: SheetRow,
    before: T | None,
    after: T,
    keep: Callable[[Connection, T, datetime, Actor], object],
) -> Planned:
    """A row that names `before` (None: nothing yet) and means `after`, which `keep` writes."""

    def write(connection: Connection, now: datetime, actor: Actor) -> object:
        return keep(connection, after, now, actor)

    if before is None:
        return Planned(RowResult(row.line, row.code, Outcome.INSERTED), write)
    changes = tuple(
        Change(name, *(_HIDDEN, _HIDDEN) if name in _SECRET else (was, becomes))
        for name in (each.name for each in fields(after))  # type: ignore[arg-type]  # dataclasses all
        if (was := getattr(before, name)) != (becomes := getattr(after, name))
    )
    if not changes:
        return Planned(RowResult(row.line, row.code, Outcome.UNCHANGED))
    return Planned(RowResult(row.line, row.code, Outcome.CHANGED, changes=changes), write)


def found(find: Callable[[Connection, str], T], connection: Connection, code: str) -> T | None:
    """What `find` answers for that code, or None where it stands nowhere."""
    try:
        return find(connection, code)
    except NotFound:
        return None
