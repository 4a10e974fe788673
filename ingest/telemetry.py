"""The telemetry lane: decode, admit, judge, commit, acknowledge, show - in that order.

Theory of operation. A batch is whatever is queued. All that it causes - points, findings,
quarantine, what the rules remember - is one commit; what the lane itself remembers moves on only
after it, so a failed commit is simply tried again. Received = stored + unchanged + duplicate +
quarantined + shed + in flight, counted in objects. Only points are ever shed, by a store without
room; a full queue stalls the session.
"""

import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from core import backoff, log, metrics
from core.clock import Clock
from core.errors import InvalidMessage
from devices.directory import Directory
from devices.findings import ConditionCleared, ConditionRaised, Finding, Severity
from devices.judging import Elapse, Judge, LiftMemory, Limits
from devices.model import Lift
from devices.protocol import codec, topics
from devices.protocol import messages as m
from devices.protocol.topics import Realm, Topic
from ingest.admission import Reason, Refused, Seen, admit, device_instant
from ingest.lane import Delivery, Subscriber
from ingest.latest import LatestStates
from ingest.timeseries.dayfiles import DayFiles
from ingest.timeseries.port import Batch, Point, Quarantined, Value

LANE = "telemetry"
BATCH = 500
WAIT = timedelta(milliseconds=500)
UNCHANGED_FOR = timedelta(seconds=60)
RETRY_BASE = timedelta(milliseconds=100)
RETRY_CAP = timedelta(seconds=5)
_NOT_FIELDS = frozenset({"ts", "seq", "boot", "lift", "point", "event_id", "cameras"})

_log = log.get(__name__)


def limits_of(lift: Lift, gateway: str) -> Limits:
    """What is normal for a lift, by its registry entry."""
    return Limits(
        min_floor=lift.min_floor,
        max_floor=lift.max_floor,
        rated_speed_m_per_s=lift.rated_speed_m_per_s,
        building=lift.building,
        gateway=gateway,
    )


class _Draft:
    """What a batch will change once it is committed."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.findings: list[Finding] = []
        self.quarantined: list[Quarantined] = []
        self.memories: dict[str, LiftMemory] = {}
        self.seen: dict[str, Seen] = {}
        self.stored: dict[tuple[str, str], Point] = {}
        self.newest: list[Point] = []
        self.outcomes: Counter[str] = Counter()
        self.lost = 0

    def refuse(self, delivery: Delivery, reason: str, field: str, detail: str, raw: bytes) -> None:
        """Keep what cannot be taken."""
        kept = Quarantined(delivery.topic, delivery.received_at, reason, field, detail, raw)
        self.quarantined.append(kept)
        self.outcomes["quarantined"] += 1


class TelemetryLane:
    """Takes telemetry for one shard. `directory_loader` answers the registry as it now stands."""

    def __init__(
        self,
        session: Subscriber,
        directory_loader: Callable[[], Directory],
        judge: Judge,
        elapse: Elapse,
        store: DayFiles,
        clock: Clock,
        latest: LatestStates,
        limits: Callable[[Lift, str], Limits] = limits_of,
    ) -> None:
        self._session = session
        self._directory = directory_loader
        self._judge = judge
        self._elapse = elapse
        self._store = store
        self._clock = clock
        self._latest = latest
        self._limits = limits
        self._memories = store.memories()
        self._seen: dict[str, Seen] = {}
        self._stored: dict[tuple[str, str], Point] = {}
        self._recall()

    def _recall(self) -> None:
        """Know the numbers of the last hour again, so that a restart doubles no row."""
        for point in self._store.points_since(self._clock.now() - timedelta(hours=1)):
            self._stored[point.lift, point.kind] = point
            if point.seq is None or not point.boot:
                continue
            seen = self._seen.get(point.gateway)
            if seen is None or seen.boot != point.boot or seen.highest < point.seq:
                self._seen[point.gateway] = Seen(point.boot, point.seq)

    def run(self, stop: threading.Event) -> None:
        """Take telemetry until `stop` is set, then flush the newest states."""
        attempt = 0
        batch: list[Delivery] = []
        while not stop.is_set():
            try:
                batch = batch or self._session.take(BATCH, WAIT)
                self._settle(batch)
                batch, attempt = [], 0
            except Exception as error:  # noqa: BLE001  (a full disk passes; the batch is kept)
                attempt += 1
                _log.exception("telemetry_not_yet_safe", error=type(error).__name__)
                jitter = random.random()  # noqa: S311  (spreads retries, guards nothing)
                pause = backoff.delay(attempt, base=RETRY_BASE, cap=RETRY_CAP, jitter=jitter)
                self._clock.wait(stop, pause)
        self._latest.flush()

    def run_once(self, wait: timedelta = WAIT) -> int:
        """Take whatever is queued; the number of deliveries made safe."""
        batch = self._session.take(BATCH, wait)
        self._settle(batch)
        return len(batch)

    def _settle(self, batch: list[Delivery]) -> None:
        now = self._clock.now()
        draft = _Draft()
        directory = self._directory()
        metrics.INGEST_IN_FLIGHT.labels(LANE).set(len(batch))
        for delivery in batch:
            self._read(draft, directory, delivery)
        self._sweep(draft, directory, now)
        if draft.points or draft.findings or draft.quarantined or draft.memories:
            shed = self._store.commit(
                Batch(now, draft.points, draft.findings, draft.quarantined, draft.memories)
            )
            draft.outcomes.update(stored=-shed, shed=shed)
        self._session.acknowledge(batch)
        self._remember(draft)
        self._latest.flush_due(now)
        self._count(draft, batch)

    def _read(self, draft: _Draft, directory: Directory, delivery: Delivery) -> None:
        try:
            topic = topics.parse(delivery.topic)
            directory.admitted(topic)
        except InvalidMessage as error:
            raw = delivery.payload[: codec.MAX_CALL]
            draft.refuse(delivery, error.reason, error.field, error.detail, raw)
            return
        decoded = codec.decode(topic, delivery.payload)
        for no in decoded.refusals:
            draft.refuse(delivery, no.reason, no.field, no.detail, no.raw)
        for message in decoded.messages:
            try:
                self._take(draft, directory, delivery, topic, message)
            except InvalidMessage as error:
                raw = codec.encode(message)[: codec.MAX_CALL]
                draft.refuse(delivery, error.reason, error.field, error.detail, raw)

    def _take(
        self,
        draft: _Draft,
        directory: Directory,
        delivery: Delivery,
        topic: Topic,
        message: m.Message,
    ) -> None:
        at = delivery.received_at
        lifts = self._lifts(directory, topic, message)
        subject = self._subject(directory, topic, message, lifts)
        device_at, seq, boot = at, None, ""
        if not isinstance(message, m.CommandAck | m.Call | m.Receipt | m.Command):
            floor = getattr(message, "floor", None)
            floors = (lifts[0].min_floor, lifts[0].max_floor) if lifts else None
            answer = admit(
                draft.seen.get(topic.device, self._seen.get(topic.device)),
                ts=message.ts,
                boot=message.boot,
                seq=message.seq,
                now=at,
                floor=floor,
                floors=floors,
            )
            if isinstance(answer, Refused):
                if answer.reason is Reason.DUPLICATE:
                    draft.outcomes["duplicate"] += 1
                    return
                raise InvalidMessage(answer.reason, answer.detail, field=answer.field)
            if answer.seen is not None:
                draft.seen[topic.device] = answer.seen
            draft.lost += answer.lost
            device_at = device_instant(message.ts) or at
            seq, boot = message.seq, message.boot or ""
        fields = _fields(message)
        point = Point(subject, at, device_at, fields, topic.kind, topic.device, seq, boot)
        draft.newest.append(point)
        key = (subject, str(topic.kind))
        before = draft.stored.get(key, self._stored.get(key))
        if isinstance(message, m.Status) and before and _same(before, point):
            draft.outcomes["unchanged"] += 1
        else:
            draft.outcomes["stored"] += 1
            draft.points.append(point)
            draft.stored[key] = point
        if isinstance(message, m.CameraFinding):
            draft.findings.append(_kitchen_finding(message, subject, at, device_at))
        elif isinstance(message, m.Event | m.Status | m.Heartbeat):
            for lift in lifts:
                self._judge_one(draft, lift, topic.device, message, at)

    @staticmethod
    def _lifts(directory: Directory, topic: Topic, message: m.Message) -> tuple[Lift, ...]:
        if topic.realm is Realm.KITCHEN:
            return ()
        if isinstance(message, m.Heartbeat | m.CommandAck):  # these speak for the whole gateway
            return directory.lifts_of(topic.device)
        return (directory.resolve(topic, getattr(message, "lift", None)),)

    @staticmethod
    def _subject(
        directory: Directory, topic: Topic, message: m.Message, lifts: tuple[Lift, ...]
    ) -> str:
        if topic.realm is Realm.KITCHEN:
            kitchen = directory.resolve_kitchen(topic)
            return f"{kitchen}/{getattr(message, 'point', getattr(message, 'camera', topic.kind))}"
        whole = isinstance(message, m.Heartbeat | m.CommandAck)
        return f"gateway/{topic.device}" if whole else lifts[0].rescue_code

    def _judge_one(
        self,
        draft: _Draft,
        lift: Lift,
        gateway: str,
        message: m.Event | m.Status | m.Heartbeat,
        at: datetime,
    ) -> None:
        code = lift.rescue_code
        old = draft.memories.get(code, self._memories.get(code))
        judged = self._judge(old, message, code, self._limits(lift, gateway), at)
        draft.findings += judged.findings
        if judged.memory != old:
            draft.memories[code] = judged.memory

    def _sweep(self, draft: _Draft, directory: Directory, now: datetime) -> None:
        """Let time pass for the lifts whose rules asked for it."""
        for code in [*self._memories, *(draft.memories.keys() - self._memories.keys())]:
            memory = draft.memories.get(code) or self._memories[code]
            if memory.wake_at is None or memory.wake_at > now:
                continue
            lift = directory.lift(code)
            if lift is None:  # taken out of the registry meanwhile
                draft.memories[code] = msgspec.structs.replace(memory, wake_at=None)
                continue
            judged = self._elapse(memory, code, self._limits(lift, ""), now)
            draft.findings += judged.findings
            draft.memories[code] = judged.memory

    def _remember(self, draft: _Draft) -> None:
        self._memories.update(draft.memories)
        self._seen.update(draft.seen)
        self._stored.update(draft.stored)
        for point in draft.newest:
            self._latest.put(point)
        for code, memory in draft.memories.items():
            shown = tuple(each.code for each in memory.open if not each.suppressed)
            self._latest.conditions(code, shown)

    def _count(self, draft: _Draft, batch: list[Delivery]) -> None:
        metrics.INGEST_RECEIVED.labels(LANE).inc(draft.outcomes.total())
        for outcome, number in draft.outcomes.items():
            metrics.INGEST_OUTCOME.labels(LANE, outcome).inc(number)
        for reason, number in Counter(each.reason for each in draft.quarantined).items():
            metrics.INGEST_REFUSED.labels(LANE, reason).inc(number)
        if draft.lost:
            metrics.INGEST_LOST_BEFORE_HUB.inc(draft.lost)
        metrics.INGEST_IN_FLIGHT.labels(LANE).set(0)
        if batch:
            seconds = (self._clock.now() - batch[0].received_at).total_seconds()
            metrics.INGEST_LAG.labels(LANE).observe(max(seconds, 0))


def _fields(message: m.Message) -> Mapping[str, Value]:
    named = msgspec.structs.asdict(message)
    fields: dict[str, Value] = {
        name: value
        for name, value in named.items()
        if name not in _NOT_FIELDS and isinstance(value, float | int | str | bool)
    }
    if isinstance(message, m.CameraStatus):
        fields.update({f"camera {name}": state for name, state in message.cameras.items()})
    return fields


def _same(before: Point, point: Point) -> bool:
    return (
        before.fields == point.fields
        and point.received_at - before.received_at < UNCHANGED_FOR
        and before.boot == point.boot
    )


def _kitchen_finding(
    message: m.CameraFinding, subject: str, at: datetime, device_at: datetime
) -> Finding:
    event_id = f"{subject}/{message.event_id}"
    if message.phase is m.Phase.END:
        return ConditionCleared(
            event_id=event_id, subject_kind="kitchen", subject=subject, code=message.code, at=at
        )
    return ConditionRaised(
        event_id=event_id,
        subject_kind="kitchen",
        subject=subject,
        code=message.code,
        severity=Severity.MINOR,
        since=at,
        device_at=device_at,
    )
