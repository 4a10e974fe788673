"""`hub audit`: whether the journal and the records of maintenance are as they were written."""

from functools import partial

import typer
from sqlalchemy import Connection, func, select, text

from core import journal
from core.journal import Broken, Subject, journal_table
from devices.maintenance import audit, record
from hub.cli_ground import Data, registry, say

app = typer.Typer(no_args_is_help=True, help="The journal: who did what.")
PART = 2_000  # subjects in one question
SHOWN = 20


@app.command("verify")
def verify(data: Data = None) -> None:
    """Walk every chain of the journal and of maintenance records.

    Names the first broken entry or record of each, and rows cut out.
    """
    with registry(data) as database:
        subjects = database.read(_subjects)
        broken: list[tuple[Subject, Broken]] = []
        for start in range(0, len(subjects), PART):
            broken += database.read(partial(_walked, subjects=subjects[start : start + PART]))
        missing = database.read(_missing)
        lifts = database.read(audit.lifts)
        wrong: list[tuple[str, record.Broken]] = []
        for start in range(0, len(lifts), PART):
            wrong += database.read(partial(_of_lifts, codes=lifts[start : start + PART]))
        entries = database.read(
            lambda c: c.execute(select(func.count()).select_from(journal_table)).scalar_one()
        )
    for subject, each in broken[:SHOWN]:
        say(f"{subject.kind} {subject.id}: entry {each.seq} (row {each.journal_id}): {each.why}")
    for first, last in missing[:SHOWN]:
        say(f"rows {first} to {last} are gone" if last > first else f"row {first} is gone")
    for code, found in wrong[:SHOWN]:
        say(f"maintenance of lift {code}: record {found.seq} {found.id}: {found.why}")
    if wrong:
        say(f"records of maintenance are not as they were written: {len(wrong)} lifts")
    if broken or missing:
        say(f"the journal is not as it was written: {len(broken)} chains, {len(missing)} gaps")
    if broken or missing or wrong:
        raise typer.Exit(1)
    say(f"{len(lifts)} lifts' records of maintenance: as they were written")
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


def _of_lifts(connection: Connection, codes: list[str]) -> list[tuple[str, record.Broken]]:
    walked = ((code, audit.walked(connection, code)) for code in codes)
    return [(code, broken) for code, broken in walked if broken is not None]


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
