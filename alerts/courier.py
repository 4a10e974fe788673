"""Carries notices out of the outbox: at least once, each attempt with the same key.

Theory of operation. A claim moves `next_at` past the longest attempt and counts the attempt, in a
short transaction; then the sender works outside of any transaction; then the outcome is kept. What
a courier that was killed had claimed is sent by the next one at its start, with the same
Idempotency-Key; a claim that is left for another reason runs out. Failures wait longer each time,
with jitter.
"""

import random
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, select, update

from alerts import store
from alerts.enact import record
from alerts.model import Notice, NoticeState
from alerts.notify.port import FailedSend, Outgoing, Sender, Sent
from alerts.rounds import Told, go_round
from alerts.tables import notice
from alerts.verbs import Verb
from core.backoff import delay
from core.clock import Clock
from core.db import Database
from core.journal import Actor
from core.metrics import NOTICES
from core.pulse import Pulse

COURIER = Actor("engine", "courier")
BATCH = 20
AT_ONCE = 8
PAUSE = timedelta(milliseconds=250)
CLAIM = timedelta(seconds=60)  # longer than the slowest batch: 40 notices, 8 at once, 5 s each
BASE, CAP = timedelta(seconds=1), timedelta(minutes=2)
GIVE_UP_AFTER = 20


class Courier:
    """Sends due notices by the sender that each names."""

    def __init__(
        self,
        database: Database,
        senders: Mapping[str, Sender],
        clock: Clock,
        pulse: Pulse | None = None,
    ) -> None:
        self._pulse = pulse or Pulse()
        self._database = database
        self._senders = senders
        self._clock = clock
        self._broken = {name: Told("courier", sender=name) for name in senders}
        self._picked_up = False
        self._jitter = random.Random()  # noqa: S311  (spreads retries, guards nothing)

    def run(self, stop: threading.Event) -> None:
        """Carry until `stop` is set."""
        go_round("courier", self.run_once, stop, self._clock, rest=PAUSE, pulse=self._pulse)

    def run_once(self) -> int:
        """Try up to 20 due notices of each sender once; answers how many were tried."""
        now = self._clock.now()
        if not self._picked_up:
            self._database.write(partial(pick_up, now=now))
            self._picked_up = True
        if not self._database.read(partial(store.any_notice_due, now=now)):
            return 0  # looking costs no write: other processes wait for the file, too
        claimed = [
            each
            for sender in self._senders
            for each in self._database.write(partial(claim, sender=sender, now=now))
        ]
        if claimed:
            with ThreadPoolExecutor(AT_ONCE, "courier") as pool:  # a dead address delays nobody
                list(pool.map(self._carry, claimed))
        return len(claimed)

    def _carry(self, each: Notice) -> None:
        outgoing = Outgoing(each.key, each.recipient, each.destination, each.body)
        outcome: Sent | FailedSend
        try:
            outcome = self._senders[each.sender].send(outgoing)
        except Exception as error:  # noqa: BLE001  (a sender that breaks is one that failed)
            self._broken[each.sender].trouble(error)
            outcome = FailedSend(type(error).__name__, retry=True)
        now = self._clock.now()
        self._database.write(partial(self._keep, each=each, outcome=outcome, now=now))
        self._pulse.beat()  # a batch of dead addresses takes long, and is no silence

    def _keep(
        self, connection: Connection, each: Notice, outcome: Sent | FailedSend, now: datetime
    ) -> None:
        changes: dict[str, object]
        match outcome:
            case Sent():
                changes = {"state": NoticeState.SENT, "sent_at": now, "next_at": None}
                NOTICES.labels(each.sender, "sent").inc()
            case FailedSend(reason, retry) if retry and each.attempts < GIVE_UP_AFTER:
                pause = delay(each.attempts, base=BASE, cap=CAP, jitter=self._jitter.random())
                changes = {"next_at": now + pause, "last_error": reason[:500]}
                NOTICES.labels(each.sender, "retry").inc()
            case FailedSend(reason):
                changes = {
                    "state": NoticeState.FAILED,
                    "next_at": None,
                    "last_error": reason[:500],
                }
                NOTICES.labels(each.sender, "failed").inc()
                record(
                    connection,
                    each.incident_id,
                    Verb.NOTICE_FAILED,
                    now,
                    COURIER,
                    notice=each.key,
                    recipient=each.recipient,
                    error=reason[:200],
                )
        connection.execute(update(notice).where(notice.c.id == each.id).values(**changes))


def pick_up(connection: Connection, now: datetime) -> None:
    """Make due what a courier before us had claimed when it was killed, or would try later."""
    c = notice.c
    waiting = (c.state == NoticeState.PENDING) & (c.next_at > now)
    connection.execute(update(notice).where(waiting).values(next_at=now))


def claim(connection: Connection, sender: str, now: datetime) -> list[Notice]:
    """Take due notices of one sender for one attempt each."""
    c = notice.c
    rows = connection.execute(
        select(notice)
        .where(c.next_at <= now, c.state == NoticeState.PENDING, c.sender == sender)
        .order_by(c.next_at)
        .limit(BATCH)
    ).all()
    ids = [row.id for row in rows]
    if ids:
        connection.execute(
            update(notice).where(c.id.in_(ids)).values(attempts=c.attempts + 1, next_at=now + CLAIM)
        )
    again = connection.execute(select(notice).where(c.id.in_(ids)).order_by(c.id))
    return [store.to_notice(row) for row in again]
