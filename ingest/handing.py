"""What one shard knows of gateways, handed to another: newest states, numbering, memories.

Theory of operation. The source writes it into one file, durable before anybody is told of it. The
target takes it over before its lane runs, so that what both were sent is seen as a duplicate and a
condition that is open goes on under its event id. Beginnings of open conditions go along as
hand-off rows: the end, which the target will tell, then never overtakes the beginning on its way to
the rescue process, which knows either by its event id. Doing any of it twice changes nothing.
History stays where it was written.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from devices import findings, judging
from devices.judging import LiftMemory
from ingest.shard_file import sync
from ingest.timeseries.dayfiles import DayFiles, day_files
from ingest.timeseries.port import Batch
from ingest.timeseries.reading import open_reader, reading
from ingest.timeseries.turns import last_written

_READ_LATEST = "SELECT lift, received_at_us, event_at_us, state FROM latest"
_READ_GATEWAY = "SELECT id, area, kept FROM gateway"
_KEEP_LATEST = """
INSERT OR REPLACE INTO latest (lift, received_at_us, event_at_us, state) VALUES (?,?,?,?)
"""
_KEEP_GATEWAY = "INSERT OR REPLACE INTO gateway (id, area, kept) VALUES (?,?,?)"
_SCHEMA = """
CREATE TABLE latest (lift TEXT PRIMARY KEY, received_at_us INTEGER NOT NULL,
    event_at_us INTEGER NOT NULL, state BLOB NOT NULL) STRICT;
CREATE TABLE gateway (id TEXT PRIMARY KEY, area TEXT NOT NULL, kept BLOB NOT NULL) STRICT;
CREATE TABLE memory (lift TEXT PRIMARY KEY, kept BLOB NOT NULL) STRICT;
CREATE TABLE finding (payload BLOB NOT NULL) STRICT
"""
SETTLED = LiftMemory(settled=True)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is meant: gateways, by id and the area that they last spoke in; and whole areas."""

    gateway: Callable[[str, str], bool]
    area: Callable[[str], bool]


class _Who(msgspec.Struct, frozen=True):
    """Of a newest state: who told it."""

    gateway: str


_who = msgspec.json.Decoder(_Who).decode


def write_word(folder: Path, latest: Path, file: Path, chosen: Chosen) -> None:
    """Write what the shard of `folder` knows of the chosen gateways into `file`, durably."""
    fresh = file.with_suffix(".new")
    fresh.parent.mkdir(parents=True, exist_ok=True)
    fresh.unlink(missing_ok=True)
    with closing(sqlite3.connect(fresh)) as out:
        for statement in _SCHEMA.split(";"):
            out.execute(statement)
        with closing(open_reader(latest)) as source:
            gateways, keys = _of(folder, source, chosen)
            out.executemany(
                "INSERT INTO latest VALUES (?,?,?,?)",
                _rows(source, _READ_LATEST, keys),
            )
            out.executemany(
                "INSERT INTO gateway VALUES (?,?,?)",
                _rows(source, _READ_GATEWAY, gateways),
            )
        memories = _memories(folder, keys)
        out.executemany("INSERT INTO memory VALUES (?,?)", memories.items())
        out.executemany(
            "INSERT INTO finding VALUES (?)",
            [(payload,) for payload in _beginnings(folder, memories)],
        )
        out.commit()
    with fresh.open("rb") as written:
        os.fsync(written.fileno())
    fresh.replace(file)
    sync(file.parent)


def take_over(file: Path, latest: Path, store: DayFiles, now: datetime) -> None:
    """Make that word a part of what another shard knows; its lane does not run yet."""
    with closing(open_reader(file)) as word:
        told = [payload for (payload,) in word.execute("SELECT payload FROM finding")]
        memories = dict(word.execute("SELECT lift, kept FROM memory").fetchall())
        with closing(sqlite3.connect(latest, isolation_level=None, timeout=5)) as ours:
            ours.execute("BEGIN IMMEDIATE")
            ours.executemany(
                _KEEP_LATEST,
                word.execute(_READ_LATEST),
            )
            ours.executemany(
                _KEEP_GATEWAY,
                word.execute(_READ_GATEWAY),
            )
            ours.execute("COMMIT")
    decoded = [findings.decode(payload) for payload in told]
    kept = {lift: judging.decode(memory) for lift, memory in memories.items()}
    if decoded or kept:
        store.commit(Batch(now, findings=decoded, memories=kept))


def let_go(folder: Path, latest: Path, store: DayFiles, now: datetime, chosen: Chosen) -> int:
    """Forget what is known of the chosen gateways; how many subjects that were."""
    with closing(sqlite3.connect(latest, isolation_level=None, timeout=5)) as ours:
        gateways, keys = _of(folder, ours, chosen)
        known = _memories(folder, keys)
        open_ones = [key for key, kept in known.items() if judging.decode(kept) != SETTLED]
        if open_ones:
            store.commit(Batch(now, memories=dict.fromkeys(open_ones, SETTLED)))
        ours.execute("BEGIN IMMEDIATE")
        ours.executemany("DELETE FROM latest WHERE lift = ?", [(key,) for key in keys])
        ours.executemany("DELETE FROM gateway WHERE id = ?", [(each,) for each in gateways])
        ours.execute("COMMIT")
    return len(keys)


def _of(folder: Path, connection: sqlite3.Connection, chosen: Chosen) -> tuple[set[str], set[str]]:
    """The chosen gateways, and the subjects that they told of last or that are they themselves."""
    areas = dict(connection.execute("SELECT id, area FROM gateway").fetchall())
    gateways = {each for each, area in areas.items() if chosen.gateway(each, area)}
    keys: set[str] = set()
    for key, state in connection.execute("SELECT lift, state FROM latest"):
        gateway = _who(state).gateway
        if chosen.gateway(gateway, areas.get(gateway, "")):
            keys.add(key)
    for key in _memories(folder):
        kind, _, name = key.partition("/")
        if (kind == "gateway" and chosen.gateway(name, areas.get(name, ""))) or (
            kind == "area" and chosen.area(name)
        ):
            keys.add(key)
    return gateways, keys


def _rows(
    connection: sqlite3.Connection, statement: str, wanted: set[str]
) -> Iterator[tuple[object, ...]]:
    return (row for row in connection.execute(statement) if row[0] in wanted)


def _memories(folder: Path, keys: set[str] | None = None) -> dict[str, bytes]:
    """What is remembered of these, or of all."""
    file = last_written(day_files(folder))
    if file is not None:
        with reading(file) as connection:
            rows = connection.execute("SELECT lift, kept FROM memory").fetchall()
            return {lift: kept for lift, kept in rows if keys is None or lift in keys}
    return {}


def _beginnings(folder: Path, memories: dict[str, bytes]) -> list[bytes]:
    """The hand-off rows that raised what is open."""
    ids = [
        condition.event_id
        for kept in memories.values()
        for condition in judging.decode(kept).open
        if not condition.suppressed
    ]
    wanted = msgspec.json.encode(ids).decode()
    found: list[bytes] = []
    for file in day_files(folder):
        with reading(file) as connection:
            found += [
                payload
                for (payload,) in connection.execute(
                    "SELECT payload FROM handoff WHERE event_id IN"
                    " (SELECT value FROM json_each(?)) ORDER BY id",
                    (wanted,),
                )
            ]
    return found
