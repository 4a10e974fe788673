"""Bring a CSV file of lifts into the registry, or tell first what that would do.

A file may hold a whole city, and no write may keep a rescue waiting: rows go in by steps of as
many as fit into some 20 ms (devices.pace), each its own transaction, judged against the registry
as it stands in that transaction. What one step kept stays when a later one fails; the same file
can simply be imported again, since rows that stand already are unchanged. A file of a province is
for devices.bulk.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from core.clock import Clock, SystemClock
from core.db import Database
from core.journal import Actor
from devices import lift_import, lift_store
from devices.lift_csv import LIFTS, parse
from devices.lift_plan import plan
from devices.sheet import Report, RowResult
from devices.steps import Steps

LEAST = 80  # rows of a step: the statements of a step cost as much as some 75 rows
LOOK = 500  # rows judged by one question to the registry


def dry_run(database: Database, content: bytes) -> Report:
    """What importing `content` would do, row by row with its differences; writes nothing."""
    parsed = parse(content)

    def judge(connection: Connection) -> list[RowResult]:
        done: list[RowResult] = []
        for begin in range(0, len(parsed.rows), LOOK):
            step = parsed.rows[begin : begin + LOOK]
            done += [each.result for each in plan(step, lift_store.known(connection, step))]
        return done

    return _report(database.read(judge), parsed.refused, dry=True)


def apply(
    database: Database, content: bytes, now: datetime, actor: Actor, clock: Clock | None = None
) -> Report:
    """Import `content`: good rows are kept, wrong rows refused with their reasons."""
    parsed = parse(content)
    steps = Steps(database, clock or SystemClock(), least=LEAST)

    done: list[RowResult] = []
    while len(done) < len(parsed.rows):
        rows = parsed.rows[len(done) : len(done) + steps.pace.rows]
        step = database.read(partial(lift_import.prepare, rows=rows, now=now))
        done += steps.write(rows, lambda c, _, step=step: step.keep(c, actor))  # type: ignore[misc]
    return _report(done, parsed.refused, dry=False)


def _report(done: Sequence[RowResult], refused: Sequence[RowResult], *, dry: bool) -> Report:
    return Report(tuple(sorted((*done, *refused), key=lambda row: row.line)), dry, LIFTS.keys[0])
