"""The emergency lane: a call is answered once it is safe, and a refused one is told why.

Theory of operation. Own session, own topic. For each call: decode, find the lift that its gateway
may speak for, hand it to `open_call`, which commits; only then acknowledge and publish the receipt.
A device repeats its call until it sees a receipt of its event id, so a lost receipt costs a repeat
and a repeat changes nothing: the same bytes on the same topic get the same receipt from memory, so
that in a storm those who wait do not keep the next caller waiting. While the hub cannot commit, the
lane keeps the call and tries again; it acknowledges nothing meanwhile.
"""

import hashlib
import random
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from core import backoff, log, metrics
from core.clock import Clock
from core.errors import HubError, InvalidMessage, Unavailable
from core.pulse import Pulse
from devices.calls import CallArrived, RefusedCall
from devices.model import Lift
from devices.protocol import codec, topics
from devices.protocol.messages import Call, Kind, Receipt
from devices.protocol.topics import Topic
from ingest.draft import UNKNOWN_AREA
from ingest.lane import Delivery

LANE = "emergency"
BATCH = 50
WAIT = timedelta(milliseconds=500)
RETRY_BASE = timedelta(milliseconds=20)
RETRY_CAP = timedelta(milliseconds=500)
REMEMBERED = 10_000  # calls whose receipt is given again without asking the database
ATTEMPTS = 6  # then a call that alone fails is set aside, so that the next one is heard

_log = log.get(__name__)


class Wire(Protocol):
    """What a lane needs of its session (ingest.mqtt.Session)."""

    def take(self, limit: int, timeout: timedelta) -> list[Delivery]:
        """Whatever is queued, oldest first."""
        ...

    def acknowledge(self, deliveries: list[Delivery]) -> None:
        """Tell the broker that these are safe."""
        ...

    def publish(self, topic: str, payload: bytes, qos: int) -> bool:
        """Send to the broker."""
        ...


class EmergencyLane:
    """Answers calls one by one, each in a commit of its own.

    `resolve` names the lift or raises InvalidMessage; `open_call` commits and returns the receipt;
    `journal_refused` commits what could not be taken, for the dispatcher's screen.
    """

    def __init__(
        self,
        session: Wire,
        resolve: Callable[[Topic, str | None], Lift],
        open_call: Callable[[CallArrived], Receipt],
        clock: Clock,
        journal_refused: Callable[[RefusedCall], object],
        pulse: Pulse | None = None,
    ) -> None:
        self._pulse = pulse or Pulse()
        self._session = session
        self._resolve = resolve
        self._open_call = open_call
        self._clock = clock
        self._journal_refused = journal_refused
        self._given: dict[bytes, list[tuple[str, Receipt]]] = {}  # by what was said, oldest first

    def run(self, stop: threading.Event) -> None:
        """Answer calls until `stop` is set."""
        while not stop.is_set():
            self.run_once(stop)
            self._pulse.beat()

    def run_once(self, stop: threading.Event, *, wait: timedelta = WAIT) -> int:
        """Answer whatever is queued; the number of deliveries acknowledged."""
        done = 0
        for delivery in self._session.take(BATCH, wait):
            receipts = self._until_safe(delivery, stop)
            if receipts is None:
                return done
            self._session.acknowledge([delivery])
            self._pulse.beat()
            for topic, receipt in receipts:
                self._session.publish(topic, codec.encode(receipt), 1)
                metrics.RECEIPTS.labels("yes" if receipt.accepted else "no").inc()
            seconds = (self._clock.now() - delivery.received_at).total_seconds()
            metrics.INGEST_LAG.labels(LANE).observe(max(seconds, 0))
            done += 1
        return done

    def _until_safe(
        self, delivery: Delivery, stop: threading.Event
    ) -> list[tuple[str, Receipt]] | None:
        """Try until everything in the delivery is committed; None when stopped before."""
        attempt = 0
        while not stop.is_set():
            attempt += 1
            try:
                receipts = self._answer(delivery, give_up=attempt > ATTEMPTS)
            except Exception as error:  # noqa: BLE001  (whatever it is, the call is not lost)
                self._pulse.turned()
                _log.exception("call_not_yet_safe", attempt=attempt, error=type(error).__name__)
            else:
                return receipts
            jitter = random.random()  # noqa: S311  (spreads retries, guards nothing)
            self._clock.wait(
                stop, backoff.delay(attempt, base=RETRY_BASE, cap=RETRY_CAP, jitter=jitter)
            )
        return None

    def _answer(self, delivery: Delivery, *, give_up: bool) -> list[tuple[str, Receipt]]:
        key = _print(delivery)
        if given := self._given.get(key):
            self._count(topics.parse(delivery.topic).area, duplicates=len(given))
            return given
        try:
            topic = topics.parse(delivery.topic)
        except InvalidMessage as error:
            self._refuse(delivery, error.reason, error.field, error.detail)
            self._count(UNKNOWN_AREA, quarantined=1)
            return []
        decoded = codec.decode(topic, delivery.payload)
        calls = [each for each in decoded.messages if isinstance(each, Call)]  # the topic's kind
        taken = [self._take(delivery, topic, each, give_up=give_up) for each in calls]
        answers = [each for each in taken if each is not None]
        for refusal in decoded.refusals:
            self._refuse(delivery, refusal.reason, refusal.field, refusal.detail, refusal.event_id)
            if refusal.event_id is not None:
                answers.append(
                    _refused(refusal.event_id, refusal.reason, refusal.field, refusal.detail)
                )
        kept = sum(each is not None and each.accepted for each in taken)
        area = topic.area if kept else UNKNOWN_AREA  # a label is never a sender's invention
        self._count(area, stored=kept, quarantined=decoded.objects - kept)
        back = str(Topic(topic.realm, topic.area, topic.device, Kind.RECEIPT))
        receipts = [(back, answer) for answer in answers]
        if kept == decoded.objects:  # else somebody is still to be heard
            self._remember(key, receipts)
        return receipts

    def _take(
        self, delivery: Delivery, topic: Topic, call: Call, *, give_up: bool
    ) -> Receipt | None:
        """The receipt of one call; None when it is set aside, so that its device repeats it."""
        try:
            lift = self._resolve(topic, call.lift)
            return self._open_call(CallArrived(call, lift, topic.device, delivery.received_at))
        except InvalidMessage as error:
            reason, field, detail = error.reason, error.field, error.detail
        except Unavailable:
            raise
        except HubError as error:
            reason, field, detail = getattr(error, "reason", "refused"), "", str(error)
        except Exception as error:
            if not give_up:
                raise
            _log.exception("call_set_aside", error=type(error).__name__)
            self._refuse(delivery, "internal_error", "", str(error), call.event_id, call.lift)
            return None
        self._refuse(delivery, reason, field, detail, call.event_id, call.lift)
        return _refused(call.event_id, reason, field, detail)

    def _refuse(
        self,
        delivery: Delivery,
        reason: str,
        field: str,
        detail: str,
        event_id: str | None = None,
        lift_code: str | None = None,
    ) -> None:
        at = delivery.received_at
        self._journal_refused(
            RefusedCall(delivery.topic, reason, field, detail, at, event_id, lift_code)
        )
        metrics.INGEST_REFUSED.labels(LANE, reason).inc()

    def _remember(self, key: bytes, receipts: list[tuple[str, Receipt]]) -> None:
        self._given[key] = receipts
        if len(self._given) > REMEMBERED:
            del self._given[next(iter(self._given))]

    @staticmethod
    def _count(area: str, *, stored: int = 0, quarantined: int = 0, duplicates: int = 0) -> None:
        outcomes = {"stored": stored, "quarantined": quarantined, "duplicate": duplicates}
        metrics.INGEST_RECEIVED.labels(LANE, area).inc(sum(outcomes.values()))
        for outcome, number in outcomes.items():
            metrics.INGEST_OUTCOME.labels(LANE, area, outcome).inc(number)


def _print(delivery: Delivery) -> bytes:
    """What was said, in few bytes."""
    return hashlib.sha256(delivery.topic.encode() + b"\0" + delivery.payload).digest()


def _refused(event_id: str, reason: str, field: str, detail: str) -> Receipt:
    told = f"{field}: {detail}" if field else detail
    return Receipt(event_id=event_id, accepted=False, reason=reason, detail=told[:500])
