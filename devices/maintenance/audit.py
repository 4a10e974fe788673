"""Whether the records of every lift are as they were written.

Theory of operation. A chain is walked by its own rule (record.py) up to the head that the journal
keeps of it, so a changed byte, a row cut out of the middle and a row cut off the end are found. A
row that cannot even be read is read alone, so that it can be named. A chain whose rows are all gone
is known by the journal still.
"""

from sqlalchemy import Connection, select, union
from sqlalchemy.exc import DBAPIError

from core.journal import journal_table
from devices.maintenance import store, tables
from devices.maintenance.record import Broken, Head, Record, verify
from devices.maintenance.store import APPENDED, CHAIN


def lifts(connection: Connection) -> list[str]:
    """The rescue codes of every lift that has, or had, a record."""
    t = journal_table.c
    kept = select(tables.record.c.lift_code.label("code"))
    noted = select(t.subject_id.label("code")).where(t.subject_kind == CHAIN, t.verb == APPENDED)
    both = union(kept, noted).subquery()
    return list(connection.execute(select(both.c.code).order_by(both.c.code)).scalars())


def walked(connection: Connection, lift_code: str) -> Broken | None:
    """The first record of a lift that does not hold; None when all do."""
    c = tables.record.c
    seqs = connection.execute(
        select(c.seq).where(c.lift_code == lift_code).order_by(c.seq)
    ).scalars()
    records: list[Record] = []
    for seq in list(seqs):
        try:
            row = connection.execute(
                select(tables.record).where(c.lift_code == lift_code, c.seq == seq)
            ).one()
            records.append(store.to_record(row))
        except (ValueError, TypeError, DBAPIError):
            # What stands before it may be broken already: the first is what is asked for.
            return verify(records) or Broken(seq, "", "cannot be read")
    return verify(records, _noted_head(connection, lift_code))


def _noted_head(connection: Connection, lift_code: str) -> Head | None:
    """The head as the journal keeps it; records that it never heard of are beyond the head."""
    t = journal_table.c
    facts = connection.execute(
        select(t.facts)
        .where(t.subject_kind == CHAIN, t.subject_id == lift_code, t.verb == APPENDED)
        .order_by(t.seq.desc())
        .limit(1)
    ).scalar_one_or_none()
    return Head(0, "") if facts is None else Head(facts["seq"], facts["digest"])
