"""Append-only record of who did what to which subject, when and why.

Theory of operation. Every subject (an incident, an account, a lift …) has a chain of its own:
each entry's hash covers its content and the hash before it, so a changed or missing entry in the
middle is found by `verify`. Chains are per subject because one shared head would be a hot row
that every writer waits for. Names and telephone numbers never enter the chain: they stand in
`journal_personal`, erasable, and the chain holds a digest keyed with a key that is erased too.

Entries are written in the caller's transaction: no change without its entry, no entry without
its change. Screens follow the same table by id (core.feed).
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    insert,
    select,
)

from core.chain import FIRST, link
from core.db import Instant, Json, metadata

journal_table = Table(
    "journal",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("subject_kind", String(32), nullable=False),
    Column("subject_id", String(128), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("verb", String(64), nullable=False),
    Column("actor_kind", String(16), nullable=False),
    Column("actor_id", String(64), nullable=False),
    Column("facts", Json, nullable=False),
    Column("reason", String(500), nullable=False, server_default=""),
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("subject_kind", "subject_id", "seq"),
    Index("ix_journal_at", "at"),
    sqlite_autoincrement=True,
)

personal_table = Table(
    "journal_personal",
    metadata,
    Column("journal_id", Integer, ForeignKey("journal.id"), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("value", String(500), nullable=False),
    Column("key", LargeBinary, nullable=False),
)

ADDRESS = "address"  # the personal field that says from where
DIGESTS = "personal_digests"  # the fact that ties erasable fields to the chain


@dataclass(frozen=True, slots=True)
class Subject:
    """What a chain is about: `Subject("incident", "20261123-0007")`."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it. kind: `account`, `device`, `engine`, `public`, `system`.

    address: from where, as far as it is known; kept apart from the chain, because it is personal.
    """

    kind: str
    id: str
    address: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `facts` are plain JSON values without personal data."""

    subject: Subject
    verb: str
    actor: Actor
    at: datetime
    facts: Mapping[str, object] = field(default_factory=dict)
    personal: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry as it stands in the journal; `personal` misses what has been erased."""

    id: int
    seq: int
    entry: Entry
    hash: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The first entry of a chain that does not hold, and why."""

    journal_id: int
    seq: int
    why: str


def append(connection: Connection, entry: Entry) -> int:
    """Write `entry` at the end of its subject's chain; answers the journal id."""
    seq, prev = _end(connection, entry.subject)
    row, personal = _row(entry, seq, prev)
    written: int = connection.execute(
        insert(journal_table).values(row).returning(journal_table.c.id)
    ).scalar_one()
    if personal:
        connection.execute(insert(personal_table), [p | {"journal_id": written} for p in personal])
    return written


def append_all(connection: Connection, entries: Sequence[Entry]) -> None:
    """Write entries about one subject at the end of its chain, in order."""
    if any(entry.personal or entry.actor.address for entry in entries):
        for entry in entries:  # what is kept apart needs to know the number of its entry
            append(connection, entry)
        return
    if not entries:
        return
    seq, prev = _end(connection, entries[0].subject)
    rows = []
    for entry in entries:
        row, _ = _row(entry, seq, prev)
        rows.append(row)
        seq, prev = seq + 1, row["hash"]
    connection.execute(insert(journal_table), rows)


def _end(connection: Connection, subject: Subject) -> tuple[int, str]:
    """The number of the next entry of a chain, and the hash before it."""
    t = journal_table.c
    last = connection.execute(
        select(t.seq, t.hash)
        .where(t.subject_kind == subject.kind, t.subject_id == subject.id)
        .order_by(t.seq.desc())
        .limit(1)
    ).one_or_none()
    return (last.seq + 1, last.hash) if last else (1, FIRST)


def _row(entry: Entry, seq: int, prev: str) -> tuple[dict[str, Any], list[dict[str, object]]]:
    """An entry as its row (Any: what its columns take), and what of it is kept erasable."""
    personal = dict(entry.personal)
    if entry.actor.address:
        personal[ADDRESS] = entry.actor.address[:64]
    keys = {name: secrets.token_bytes(16) for name in sorted(personal)}
    facts = dict(entry.facts)
    if keys:
        facts[DIGESTS] = {name: _digest(key, personal[name]) for name, key in keys.items()}
    row = {
        "at": entry.at,
        "subject_kind": entry.subject.kind,
        "subject_id": entry.subject.id,
        "seq": seq,
        "verb": entry.verb,
        "actor_kind": entry.actor.kind,
        "actor_id": entry.actor.id,
        "facts": facts,
        "reason": entry.reason,
        "prev_hash": prev,
        "hash": _hash(prev, seq, entry, facts),
    }
    return row, [{"name": n, "value": personal[n], "key": key} for n, key in keys.items()]


def history(connection: Connection, subject: Subject) -> list[Recorded]:
    """The whole chain of `subject`, oldest first."""
    t = journal_table.c
    rows = connection.execute(
        select(journal_table)
        .where(t.subject_kind == subject.kind, t.subject_id == subject.id)
        .order_by(t.seq)
    ).all()
    p = personal_table.c
    personal: dict[int, dict[str, str]] = {}
    for row in connection.execute(
        select(p.journal_id, p.name, p.value)
        .join(journal_table, t.id == p.journal_id)
        .where(t.subject_kind == subject.kind, t.subject_id == subject.id)
    ):
        personal.setdefault(row.journal_id, {})[row.name] = row.value
    return [
        Recorded(
            id=row.id,
            seq=row.seq,
            hash=row.hash,
            entry=Entry(
                subject=subject,
                verb=row.verb,
                actor=Actor(row.actor_kind, row.actor_id),
                at=row.at,
                facts={name: fact for name, fact in row.facts.items() if name != DIGESTS},
                personal=personal.get(row.id, {}),
                reason=row.reason,
            ),
        )
        for row in rows
    ]


def verify(connection: Connection, subject: Subject) -> Broken | None:
    """Walk the chain of `subject`; None when it holds, else its first broken entry."""
    t, p = journal_table.c, personal_table.c
    prev, expected = FIRST, 1
    for row in connection.execute(
        select(journal_table)
        .where(t.subject_kind == subject.kind, t.subject_id == subject.id)
        .order_by(t.seq)
    ).all():
        if row.seq != expected:
            return Broken(row.id, row.seq, f"entry {expected} is missing")
        entry = Entry(
            subject, row.verb, Actor(row.actor_kind, row.actor_id), row.at, reason=row.reason
        )
        if row.prev_hash != prev or row.hash != _hash(prev, row.seq, entry, row.facts):
            return Broken(row.id, row.seq, "content does not match its hash")
        digests = row.facts.get(DIGESTS, {})
        for kept in connection.execute(select(personal_table).where(p.journal_id == row.id)):
            if digests.get(kept.name) != _digest(kept.key, kept.value):
                return Broken(row.id, row.seq, f"personal field {kept.name} was changed")
        prev, expected = row.hash, row.seq + 1
    return None


def _digest(key: bytes, value: str) -> str:
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()


def _hash(prev: str, seq: int, entry: Entry, facts: Mapping[str, object]) -> str:
    return link(
        prev,
        seq,
        [
            entry.subject.kind,
            entry.subject.id,
            entry.verb,
            entry.actor.kind,
            entry.actor.id,
            entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
            facts,
            entry.reason,
        ],
    )
