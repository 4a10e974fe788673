"""Bring a CSV file of lifts into the registry, or tell first what that would do.

A file may hold a whole city, and no write may keep a rescue waiting: rows go in by steps of at
most `STEP`, each its own transaction, judged against the registry as it stands in that
transaction. What one step kept stays when a later one fails; the same file can simply be
imported again, since rows that stand already are unchanged.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection

from core.db import Database
from core.journal import Actor
from devices import commands, store
from devices.lift_csv import LIFTS, parse
from devices.lift_plan import plan
from devices.sheet import Report, RowResult, SheetRow

STEP = 200  # rows; a step of 500 took up to 90 ms on two cores, one of 200 mostly 20 to 35 ms


def dry_run(database: Database, content: bytes) -> Report:
    """What importing `content` would do, row by row with its differences; writes nothing."""
    parsed = parse(content)

    def judge(connection: Connection) -> list[RowResult]:
        return [
            planned.result
            for step in _steps(parsed.rows)
            for planned in plan(step, store.known(connection, step))
        ]

    return _report(database.read(judge), parsed.refused, dry=True)


def apply(database: Database, content: bytes, now: datetime, actor: Actor) -> Report:
    """Import `content`: good rows are kept, wrong rows refused with their reasons."""
    parsed = parse(content)
    done: list[RowResult] = []
    for step in _steps(parsed.rows):

        def write(connection: Connection, rows: Sequence[SheetRow] = step) -> list[RowResult]:
            return commands.import_lifts(connection, rows, now, actor)

        done += database.write(write)
    return _report(done, parsed.refused, dry=False)


def _steps(rows: Sequence[SheetRow]) -> Iterator[Sequence[SheetRow]]:
    for begin in range(0, len(rows), STEP):
        yield rows[begin : begin + STEP]


def _report(done: Sequence[RowResult], refused: Sequence[RowResult], *, dry: bool) -> Report:
    return Report(tuple(sorted((*done, *refused), key=lambda row: row.line)), dry, LIFTS.keys[0])
