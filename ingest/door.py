"""The HTTP door's queue: what firms' platforms push waits here until telemetry has taken it.

Theory of operation. The web process keeps a batch in `asked/door.db`, one row an object, in one
commit with the sender's idempotency key: from then on it is safe. The telemetry lane takes the rows
as it takes packets, through the same pipeline, and answers each in the commit that did it. A batch
sent again finds its key and is answered from what is known by then; nothing of it is taken twice.
What the web process refuses itself (codec, registry, not this sender's) is answered at once and is
a row all the same, with its reason: telemetry keeps it in quarantine, and counts it, as if it had
refused it. Whatever is refused names the account that pushed it.
"""

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import msgspec

from core import log, metrics
from core.errors import Conflict, Unavailable
from ingest import inbox
from ingest.draft import KEPT_BYTES, UNKNOWN_AREA, Draft
from ingest.lane import Delivery
from ingest.pipeline import Pipeline
from ingest.timeseries.dayfiles import answered_up_to
from ingest.timeseries.port import Answer, Quarantined
from ingest.timeseries.reading import reading
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
    payload BLOB NOT NULL, about BLOB) STRICT
"""
NOT_THE_SENDERS = "not_the_senders"
NOT_BY_THIS_DOOR = "not_by_this_door"
TURNED_AWAY = "door"  # the first level of the topic of what was refused here
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


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """One object that is refused at once: what its sender is told, and what stands in quarantine.

    Its topic is no device's own, so that its number is free: `door_topic` makes it.
    """

    topic: str
    payload: bytes
    verdict: Verdict
    reason: str
    detail: str


def door_topic(area: str, gateway: str, kind: str) -> str:
    """Where something that is refused at the door stands; no area: nobody knows the gateway."""
    return f"{TURNED_AWAY}/v1/{area or UNKNOWN_AREA}/{gateway}/{kind}"


class _About(msgspec.Struct, frozen=True):
    """Who pushed a row, and why it is refused if it is."""

    account: str
    reason: str = ""
    field: str = ""
    detail: str = ""


Item = Offered | TurnedAway | Verdict  # a verdict: it waits, or is refused, in another shard
_about = msgspec.msgpack.Decoder(_About).decode
_NOBODY = _About("")
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
        with reading(file) as connection:
            found = connection.execute(
                "SELECT digest, items FROM request WHERE account = ? AND key = ?", (account, key)
            ).fetchone()
            return None if found is None else self._judged(found[0], found[1], body)
        return None

    def keep(
        self, account: str, key: str, body: bytes, items: Sequence[Item], now: datetime
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
            if "about" not in inbox.columns_of(connection):  # of a version before
                connection.execute("ALTER TABLE asked ADD COLUMN about BLOB")
            kept = [self._keep(connection, account, item, now) for item in items]
            connection.execute(
                "INSERT INTO request VALUES (?,?,?,?,?)",
                (account, key, _digest(body), micros(now), msgspec.msgpack.encode(kept)),
            )
            self._prune(connection, now)
        return kept

    @staticmethod
    def _keep(connection: sqlite3.Connection, account: str, item: Item, now: datetime) -> Verdict:
        if isinstance(item, Verdict):
            return item
        about, payload = _About(account), item.payload
        if isinstance(item, TurnedAway):
            about = _About(account, item.reason, item.verdict.field, item.detail)
            payload = payload[:KEPT_BYTES]
        row: int = connection.execute(
            "INSERT INTO asked (at_us, topic, payload, about) VALUES (?,?,?,?) RETURNING id",
            (micros(now), item.topic, payload, msgspec.msgpack.encode(about)),
        ).fetchone()[0]
        return item.verdict if isinstance(item, TurnedAway) else Verdict("taken", row=row)

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
        self._inbox = inbox.Inbox(folder, SOURCE, "at_us, topic, payload", later="about")

    def read(self, pipeline: Pipeline, now: datetime, *, shed: bool) -> Draft | None:
        """What the next objects change; None when there are none.

        The pipeline moves on as it reads: commit exactly this draft. What goes wrong before
        anything was read is raised; what goes wrong later leaves the rest for the next time.
        """
        rows = cast("list[tuple[int, int, str, bytes, bytes | None]]", self._inbox.next(AT_ONCE))
        if not rows:
            return None
        draft = Draft(now)
        for row, at_us, topic, payload, said in rows:
            delivery = Delivery(topic, payload, instant(at_us), row, 1, 0)
            about = _NOBODY if said is None else _about(said)
            try:
                told = _turned_away(delivery, about, now) or pipeline.read(
                    [delivery], now, shed=shed, caught_up=False
                )
            except Exception as error:
                if not draft.answers:
                    raise
                _log.warning("door_goes_on_later", error=str(error))
                break
            draft.answers.append(_answer(row, told))
            told.quarantined = [_signed(each, about) for each in told.quarantined]
            draft.take_over(told)
        return draft

    def done(self, draft: Draft) -> None:
        """The draft is safe."""
        self._inbox.answered = max(answer.row for answer in draft.answers)
        metrics.DOOR_WAITING.labels(self._shard).set(self._inbox.waiting())
        for answer in draft.answers:
            metrics.DOOR_OBJECTS.labels(answer.outcome).inc()


def _turned_away(delivery: Delivery, about: _About, now: datetime) -> Draft | None:
    """What keeps an object that was refused at the door; None for one that was not."""
    if not about.reason:
        return None
    draft = Draft(now)
    area = delivery.topic.split("/")[2]
    draft.refuse(delivery, area, about.reason, about.field, about.detail, delivery.payload)
    return draft


def _signed(refused: Quarantined, about: _About) -> Quarantined:
    if not about.account:
        return refused
    return replace(refused, detail=f"{refused.detail} (pushed by {about.account})")


def _answer(row: int, told: Draft) -> Answer:
    if told.quarantined:
        no = told.quarantined[0]
        return Answer(SOURCE, row, "refused", no.reason, no.field, no.detail)
    became = {outcome for (_, outcome), number in told.outcomes.items() if number}
    order = ("stored", "shed", "unchanged", "duplicate")
    return Answer(SOURCE, row, next((each for each in order if each in became), "duplicate"))


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
