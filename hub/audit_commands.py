"""`hub audit`: whether the journal is as it was written."""

from functools import partial

import typer
from sqlalchemy import Connection, func, select, text

from core import journal
from core.journal import Broken, Subject, journal_table
from hub.cli_ground import Data, registry, say

app = typer.Typer(no_args_is_help=True, help="The journal: who did what.")
PART = 2_000  # subjects in one question
SHOWN = 20


@app.command("verify")
def verify(data: Data = None) -> None:
    """Walk every chain of the journal; names the first broken entry of each, and rows cut out."""
    with registry(data) as database:
        subjects = database.read(_subjects)
        broken: list[tuple[Subject, Broken]] = []
        for start in range(0, len(subjects), PART):
            broken += database.read(partial(_walked, subjects=subjects[start : start + PART]))
        missing = database.read(_missing)
        entries = database.read(
            lambda c: c.execute(select(func.count()).select_from(journal_table)).scalar_one()
        )
    for subject, each in broken[:SHOWN]:
        say(f"{subject.kind} {subject.id}: entry {each.seq} (row {each.journal_id}): {each.why}")
    for first, last in missing[:SHOWN]:
        say(f"rows {first} to {last} are gone" if last > first else f"row {first} is gone")
    if broken or missing:
        say(f"the journal is not as it was written: {len(broken)} chains, {len(missing)} gaps")
        raise typer.Exit(1)
    say(f"{entries} entries in {len(subjects)} chains: as they were written")


def _subjects(connection: Connection) -> list[Subject]:
    t = journal_table.c
    rows = connection.execute(
        select(t.subject_kind, t.subject_id).distinct().order_by(t.subject_kind, t.subject_id)
    )
    return [Subject(*row) for row in rows]


def _walked(connection: Connection, subjects: list[Subject]) -> list[tuple[Subject, Broken]]:
    walked = ((each, journal.verify(connection, each)) for each in subjects)
    return [(subject, broken) for subject, broken in walked if broken is not None]


def _missing(connection: Connection) -> list[tuple[int, int]]:
    """Ranges of row ids that were given and are no more: a chain cut off at its end shows here.

    SQLite gives ids without a gap and remembers the last; what was rolled back gave none. Elsewhere
    ids have gaps by nature, and nothing can be said.
    """
    if connection.dialect.name != "sqlite":
        return []
    t = journal_table.c
    gaps, expected = [], 1
    for found in connection.execute(select(t.id).order_by(t.id)).scalars():
        if found != expected:
            gaps.append((expected, found - 1))
        expected = found + 1
    given = connection.execute(
        text("SELECT seq FROM sqlite_sequence WHERE name = 'journal'")
    ).scalar_one_or_none()
    if given is not None and given >= expected:
        gaps.append((expected, given))
    return gaps
