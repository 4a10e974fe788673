"""Carries notices out of the outbox: at least once, each attempt with the same key.

Theory of operation. Every destination has lanes of its own. A round claims due notices for
destinations that have a lane free, and hands each to a lane; a lane sends outside of any
transaction, keeps the outcome, and goes on with the next notice of the same destination, so a
round waits for nobody and a slow or dead address delays no other. Destinations that are in trouble
have one lane each and share a part of the pool, so that many dead ones leave room for the living.

Whatever a courier that was killed had claimed is sent by the next one at its start, with the same
Idempotency-Key; a claim that is left for another reason runs out. Failures wait longer each time,
with jitter. When told to stop, the courier claims nothing more and waits for what is under way,
which is no longer than the slowest sender may take.
"""

import random
import threading
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, update

from alerts import outbox
from alerts.enact import record
from alerts.model import Notice, NoticeState
from alerts.notify.port import FailedSend, Outgoing, Sender, Sent
from alerts.outbox import CLAIM, Destination, destination_of
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
LANES = 32  # in all
EACH = 4  # of one destination
IN_TROUBLE = 8  # of all destinations that are in trouble, one each
TURN = 20  # notices that a lane carries before the next round decides whose turn it is
PAUSE = timedelta(milliseconds=250)
BASE, CAP = timedelta(seconds=1), timedelta(minutes=2)
GIVE_UP_AFTER = 20


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which destinations get a further lane. `busy` counts the lanes of each."""

    busy: Counter[Destination]
    in_trouble: frozenset[Destination]

    @property
    def free(self) -> int:
        return LANES - self.busy.total()

    @property
    def room_for_trouble(self) -> int:
        return IN_TROUBLE - sum(self.busy[each] for each in self.in_trouble)

    def full(self) -> set[Destination]:
        """Destinations that get no further lane."""
        full = {each for each, lanes in self.busy.items() if lanes >= self._most(each)}
        return full if self.room_for_trouble > 0 else full | self.in_trouble

    def lane(self, where: Destination) -> bool:
        """Count one more lane for `where`; False when there is none left for it."""
        if not self.free or self.busy[where] >= self._most(where):
            return False
        if where in self.in_trouble and self.room_for_trouble <= 0:
            return False
        self.busy[where] += 1
        return True

    def _most(self, where: Destination) -> int:
        return 1 if where in self.in_trouble else EACH


class Courier:
    """Sends due notices by the sender that each names.

    Raises ValueError for a sender that may take half a claim or longer.
    """

    def __init__(
        self,
        database: Database,
        senders: Mapping[str, Sender],
        clock: Clock,
        pulse: Pulse | None = None,
    ) -> None:
        for name, sender in senders.items():
            if sender.longest * 2 >= CLAIM:
                raise ValueError(f"sender {name} may take {sender.longest}, too near to {CLAIM}")
        self._pulse = pulse or Pulse()
        self._database = database
        self._senders = senders
        self._clock = clock
        self._broken = {name: Told("courier", sender=name) for name in senders}
        self._keeping = Told("courier", step="keep")
        self._picked_up = False
        self._jitter = random.Random()  # noqa: S311  (spreads retries, guards nothing)
        self._door = threading.Lock()  # around the three below, which lanes and rounds share
        self._busy: Counter[Destination] = Counter()
        self._in_trouble: set[Destination] = set()
        self._tried = 0

    def run(self, stop: threading.Event) -> None:
        """Carry until `stop` is set."""
        with ThreadPoolExecutor(LANES, "courier") as pool:

            def work() -> int:
                return len(self._round(pool, stop))

            go_round("courier", work, stop, self._clock, rest=PAUSE, pulse=self._pulse)

    def run_once(self) -> int:
        """Try everything that is due, and wait for the outcome; answers how many were tried."""
        before, never = self._tried, threading.Event()
        with ThreadPoolExecutor(LANES, "courier") as pool:
            while started := self._round(pool, never):
                wait(started)
        return self._tried - before

    def _round(self, pool: Executor, stop: threading.Event) -> list[Future[None]]:
        """Give every destination that has something due a free lane; waits for none of them."""
        now = self._clock.now()
        if not self._picked_up:
            self._database.write(partial(outbox.pick_up, now=now))
            self._picked_up = True
        with self._door:
            plan = _Plan(self._busy.copy(), frozenset(self._in_trouble))
        due = partial(outbox.any_due, senders=self._senders, now=now, but=plan.full())
        if not plan.free or not self._database.read(due):
            return []  # looking costs no write: other processes wait for the file, too

        def take(connection: Connection) -> list[Notice]:
            found = outbox.candidates(
                connection, self._senders, now, each=EACH, limit=LANES * EACH, but=plan.full()
            )
            return outbox.claim(connection, [one for one, where in found if plan.lane(where)], now)

        started = []
        for each in self._database.write(take):
            with self._door:
                self._busy[destination_of(each)] += 1
            started.append(pool.submit(self._lane, each, stop))
        return started

    def _lane(self, first: Notice, stop: threading.Event) -> None:
        """Carry a notice and what waits behind it; ends with a failure or when its turn is over."""
        where = destination_of(first)
        each: Notice | None = first
        try:
            for turn in range(1, TURN + 1):
                if each is None:
                    break
                outcome = self._send(each)
                last = turn == TURN or stop.is_set() or not isinstance(outcome, Sent)
                done = partial(self._keep, each=each, outcome=outcome, last=last)
                each = self._database.write(partial(done, now=self._clock.now()))
                self._keeping.well()
        except Exception as error:  # noqa: BLE001  (the claim runs out, then it is tried again)
            self._keeping.trouble(error)
        finally:
            with self._door:
                self._busy[where] -= 1
                if not self._busy[where]:
                    del self._busy[where]

    def _send(self, each: Notice) -> Sent | FailedSend:
        outgoing = Outgoing(each.key, each.recipient, each.destination, each.body)
        outcome: Sent | FailedSend
        try:
            outcome = self._senders[each.sender].send(outgoing)
        except Exception as error:  # noqa: BLE001  (a sender that breaks is one that failed)
            self._broken[each.sender].trouble(error)
            outcome = FailedSend(type(error).__name__, retry=True)
        with self._door:
            self._tried += 1
            if isinstance(outcome, Sent):
                self._in_trouble.discard(destination_of(each))
            else:
                self._in_trouble.add(destination_of(each))
        return outcome

    def _keep(
        self,
        connection: Connection,
        each: Notice,
        outcome: Sent | FailedSend,
        now: datetime,
        *,
        last: bool,
    ) -> Notice | None:
        """Write what became of `each`; answers the next of its destination unless it was `last`."""
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
        return None if last else outbox.claim_next(connection, destination_of(each), now)
