"""The HTTP door's queue: what firms' platforms push waits here until telemetry has taken it.

Theory of operation. The web process keeps a batch in `asked/door.db`, one row an object, in one
commit with the sender's idempotency key: from then on it is safe. The telemetry lane takes the rows
as it takes packets, through the same pipeline, and answers each in the commit that did it. A batch
sent again finds its key and is answered from what is known by then; nothing of it is taken twice.
What the web process refuses itself (codec, registry, not this sender's) is never handed over.
"""

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import msgspec

from core import log, metrics
from core.errors import Conflict, Unavailable
from ingest import inbox
from ingest.draft import Draft
from ingest.lane import Delivery
from ingest.pipeline import Pipeline
from ingest.timeseries.dayfiles import answered_up_to, open_reader, suppress_missing_table
from ingest.timeseries.port import Answer
from ingest.timeseries.steps import instant, micros

SOURCE = "door"
AT_ONCE = 500
MOST_WAITING = 50_000
REMEMBERED = timedelta(days=2)  # how long the same key finds its batch
PRUNED = 2_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS request (
    account TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, at_us INTEGER NOT NULL,
    items BLOB NOT NULL, PRIMARY KEY (account, key)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asked (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL, topic TEXT NOT NULL,
    payload BLOB NOT NULL) STRICT
"""
_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Offered:
    """One object that may go through."""

    topic: str
    payload: bytes


class Verdict(msgspec.Struct, frozen=True):
    """What became of one object: `taken` (safe, not yet judged) until the pipeline has answered."""

    outcome: str
    reason: str = ""
    field: str = ""
    detail: str = ""
    row: int = 0
    shard: str = ""  # where it waits, if not here


_items = msgspec.msgpack.Decoder(list[Verdict])


class Door:
    """The web process' side."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def known(self, account: str, key: str, body: bytes) -> list[Verdict] | None:
        """What became of the batch of that key so far; None when there is none.

        Raises Conflict when the key was used for another body.
        """
        file = inbox.file_of(self._folder, SOURCE)
        if not file.exists():
            return None
        with closing(open_reader(file)) as connection, suppress_missing_table():
            found = connection.execute(
                "SELECT digest, items FROM request WHERE account = ? AND key = ?", (account, key)
            ).fetchone()
            return None if found is None else self._judged(found[0], found[1], body)
        return None

    def keep(
        self, account: str, key: str, body: bytes, items: Sequence[Offered | Verdict], now: datetime
    ) -> list[Verdict]:
        """Make a batch safe; what becomes of its objects, in order, as known now.

        Raises Unavailable when it cannot be kept, or too much waits; Conflict as `known` does.
        """
        waiting = inbox.waiting(self._folder, SOURCE)
        metrics.DOOR_WAITING.labels(self._folder.name).set(waiting)
        if waiting + len(items) > MOST_WAITING:
            raise Unavailable(
                f"more than {MOST_WAITING} objects would wait for telemetry: send them later"
            )
        with inbox.writing(self._folder, SOURCE, _SCHEMA) as connection:
            found = connection.execute(
                "SELECT digest, items FROM request WHERE account = ? AND key = ?", (account, key)
            ).fetchone()
            if found is not None:  # the same batch on two connections at once
                return self._judged(found[0], found[1], body)
            kept = [self._keep(connection, item, now) for item in items]
            connection.execute(
                "INSERT INTO request VALUES (?,?,?,?,?)",
                (account, key, _digest(body), micros(now), msgspec.msgpack.encode(kept)),
            )
            self._prune(connection, now)
        return kept

    @staticmethod
    def _keep(connection: sqlite3.Connection, item: Offered | Verdict, now: datetime) -> Verdict:
        if isinstance(item, Verdict):
            return item
        row: int = connection.execute(
            "INSERT INTO asked (at_us, topic, payload) VALUES (?,?,?) RETURNING id",
            (micros(now), item.topic, item.payload),
        ).fetchone()[0]
        return Verdict("taken", row=row)

    def _prune(self, connection: sqlite3.Connection, now: datetime) -> None:
        """Forget what telemetry has answered, and keys that are old."""
        connection.execute(
            "DELETE FROM asked WHERE id IN"
            " (SELECT id FROM asked WHERE id <= ? ORDER BY id LIMIT ?)",
            (answered_up_to(self._folder, SOURCE), PRUNED),
        )
        connection.execute("DELETE FROM request WHERE at_us < ?", (micros(now - REMEMBERED),))

    def _judged(self, digest: str, items: bytes, body: bytes) -> list[Verdict]:
        if digest != _digest(body):
            raise Conflict(
                "key_used", "this Idempotency-Key was sent with another batch: give each its own"
            )
        return self.judged(_items.decode(items))

    def judged(self, verdicts: Sequence[Verdict]) -> list[Verdict]:
        """The same, with what telemetry has answered in the meantime."""
        rows = [each.row for each in verdicts if each.outcome == "taken" and not each.shard]
        answers = {each.row: each for each in inbox.answers(self._folder, SOURCE, rows)}
        return [
            each
            if each.shard or (told := answers.get(each.row)) is None
            else Verdict(told.outcome, told.reason, told.field, told.detail, each.row)
            for each in verdicts
        ]


class DoorQueue:
    """Telemetry's side. Every method is for the lane's one thread."""

    lane = SOURCE

    def __init__(self, folder: Path) -> None:
        self._shard = folder.name
        self._inbox = inbox.Inbox(folder, SOURCE, "at_us, topic, payload")

    def read(self, pipeline: Pipeline, now: datetime, *, shed: bool) -> Draft | None:
        """What the next objects change; None when there are none.

        The pipeline moves on as it reads: commit exactly this draft. What goes wrong before
        anything was read is raised; what goes wrong later leaves the rest for the next time.
        """
        rows = cast("list[tuple[int, int, str, bytes]]", self._inbox.next(AT_ONCE))
        if not rows:
            return None
        draft = Draft(now)
        for row, at_us, topic, payload in rows:
            delivery = Delivery(topic, payload, instant(at_us), row, 1, 0)
            try:
                told = pipeline.read([delivery], now, shed=shed, caught_up=False)
            except Exception as error:
                if not draft.answers:
                    raise
                _log.warning("door_goes_on_later", error=str(error))
                break
            draft.take_over(told)
            draft.answers.append(_answer(row, told))
        return draft

    def done(self, draft: Draft) -> None:
        """The draft is safe."""
        self._inbox.answered = max(answer.row for answer in draft.answers)
        metrics.DOOR_WAITING.labels(self._shard).set(self._inbox.waiting())
        for answer in draft.answers:
            metrics.DOOR_OBJECTS.labels(answer.outcome).inc()


def _answer(row: int, told: Draft) -> Answer:
    if told.quarantined:
        no = told.quarantined[0]
        return Answer(SOURCE, row, "refused", no.reason, no.field, no.detail)
    became = {outcome for (_, outcome), number in told.outcomes.items() if number}
    order = ("stored", "shed", "unchanged", "duplicate")
    return Answer(SOURCE, row, next((each for each in order if each in became), "duplicate"))


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
