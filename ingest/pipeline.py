"""From packets to what must be kept of them: decode, admit, judge, draft - one straight function.

Theory of operation. `read` turns a batch of deliveries into a `Draft`: points, findings, refused
bytes and changed memories, to be made durable in one commit. What the pipeline itself knows (newest
values, numbering, memories) moves on as it reads; the lane therefore commits exactly the draft it
was given, again and again until it is safe, and a draft that was begun is gone on with, never begun
again. The registry is asked once, before anything has moved, and nobody asks it later: after that
nothing raises. One object that cannot be taken harms none of its neighbours, not even by an error
of ours, nor do time and the passing of it.

Whose message it is stands in `subjects`, what is kept of it in `recording`.

The balance, counted in objects: received = stored + unchanged + duplicate + quarantined + shed.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from core import log
from core.errors import InvalidMessage
from devices.directory import Directory
from devices.judging import Elapse, Judge, LiftMemory, Limits
from devices.model import Lift
from devices.protocol import codec
from devices.protocol import messages as m
from devices.protocol.dialects.model import UNNUMBERED
from ingest import admission
from ingest.admission import Refused
from ingest.deadband import DeadBands
from ingest.device_clock import happened
from ingest.draft import UNKNOWN_AREA, Draft, Reading
from ingest.interpreter import NONE, Interpreter
from ingest.lane import Delivery
from ingest.recording import Recorder
from ingest.subjects import Subjects
from ingest.timeseries.steps import micros
from ingest.track import GatewayTrack, Said, Track, Way
from ingest.watch import Watch

INTERNAL = "internal_error"
_TIMELESS = frozenset({m.CommandAck, m.Command, m.Receipt, m.Call})  # no number to admit it by

_log = log.get(__name__)


class Pipeline:
    """One shard's telemetry. Every method is for the lane's one thread."""

    def __init__(
        self,
        directory: Callable[[], Directory],
        judge: Judge,
        elapse: Elapse,
        limits: Callable[[Lift, str], Limits],
        bands: DeadBands,
        memories: Mapping[str, LiftMemory],
        interpreter: Interpreter | None = None,
    ) -> None:
        self._interpreter = interpreter or Interpreter(NONE)
        self._subjects = Subjects(directory, limits, self._interpreter)
        self.gateways, self.tracks = self._subjects.gateways, self._subjects.tracks
        self.gateway, self.track = self._subjects.gateway, self._subjects.track
        self.touched: set[Track] = set()  # newest words changed since the last flush
        self.uncounted: list[GatewayTrack] = []  # whose numbering moved since it was written down
        known = self._subjects.known  # asks nobody: silences are looked at after numbering moved
        self.watch = Watch(judge, elapse, self.touched, self.gateways, self.tracks, known)
        self._recorder = Recorder(bands, self._subjects, self.watch, self.touched)
        self.heard = self._recorder.heard  # nothing new but that they were heard
        self._late = False
        for key, memory in memories.items():
            self.watch.resume(self.track(key), memory)

    def read(
        self,
        deliveries: Sequence[Delivery],
        now: datetime,
        *,
        shed: bool = False,
        caught_up: bool = True,
        late: bool = False,
    ) -> Draft:
        """Everything that these deliveries and the passing of time until `now` change.

        With `shed` no point is kept (a full disk): conditions are judged all the same. While not
        `caught_up`, words that wait may yet tell that a suspicion is over: no time passes. What is
        `late` (out of quarantine) becomes history alone: judged, numbered and shown it is not.
        Raises what the registry raises, before anything has moved.
        """
        reading = Reading.of(deliveries, now)
        return self.read_on(reading, now, shed=shed, caught_up=caught_up, late=late)

    def read_on(
        self,
        reading: Reading,
        now: datetime,
        *,
        shed: bool = False,
        caught_up: bool = True,
        late: bool = False,
    ) -> Draft:
        """The same for what is left of a reading; whatever it raises, it can be gone on with."""
        self._subjects.reload()
        self._late = late
        draft = reading.draft
        draft.at = now
        while not self._read_rest(reading, now):
            pass
        if caught_up:
            self._pass_time(draft, now)
        if shed:
            draft.shed_points()
        return draft

    def _read_rest(self, reading: Reading, now: datetime) -> bool:
        """Read on; False when an error of ours broke it off in the midst of a delivery."""
        self._set_aside(reading)
        try:
            self._read_all(reading, now)
        except Exception as error:
            if reading.current is None:
                raise
            topic = reading.current.topic
            _log.exception("message_set_aside", topic=topic, error=type(error).__name__)
            return False
        return True

    def _read_all(self, reading: Reading, now: datetime) -> None:
        draft, speaker = reading.draft, self._subjects.speaker
        moment, moment_us = now, micros(now)
        for delivery in reading.rest:
            reading.current = delivery
            if delivery.received_at is not moment:
                moment, moment_us = delivery.received_at, micros(delivery.received_at)
            payload = delivery.payload
            try:
                gateway, way = speaker(delivery.topic)
            except InvalidMessage as no:
                draft.refuse(delivery, UNKNOWN_AREA, no.reason, no.field, no.detail, payload)
                continue
            try:
                message = way.read(payload) if len(payload) <= codec.MAX_PAYLOAD else None
            except codec.INEXACT:
                message = None
            if message is None:
                self._read_closely(draft, gateway, way, delivery, moment_us)
            else:
                self._take(draft, gateway, way, delivery, message, moment_us)
        reading.current = None

    def _set_aside(self, reading: Reading) -> None:
        """Keep what could not be read to its end, by an error of ours; its neighbours go on."""
        delivery, area = reading.current, UNKNOWN_AREA
        if delivery is None:
            return
        with suppress(Exception):  # the error may lie there
            gateway, _ = self._subjects.speaker(delivery.topic)
            area, at_us = gateway.area, micros(delivery.received_at)
            gateway.heard_us = max(gateway.heard_us, at_us)
        detail = "set aside by an error"
        reading.draft.refuse(delivery, area, INTERNAL, "", detail, delivery.payload)
        reading.current = None

    def _pass_time(self, draft: Draft, now: datetime) -> None:
        try:
            self.watch.pass_time(draft, now, self._subjects.overdue)
        except Exception as error:  # noqa: BLE001  (of ours; it comes at the next turn)
            _log.exception("time_not_passed", error=type(error).__name__)

    def _read_closely(
        self, draft: Draft, gateway: GatewayTrack, way: Way, delivery: Delivery, at_us: int
    ) -> None:
        """An array, something in which not everything is right, or a foreign tongue."""
        if way.spoken is not None:
            if self._interpreter.read(
                draft, gateway, way, delivery, at_us, self._take, late=self._late
            ):
                self.count(gateway)
            return
        decoded = codec.decode(way.topic(gateway), delivery.payload)
        draft.unknown_fields += decoded.unknown_fields
        for no in decoded.refusals:
            draft.refuse(delivery, gateway.area, no.reason, no.field, no.detail, no.raw)
        for message in decoded.messages:
            self._take(draft, gateway, way, delivery, message, at_us)

    def _take(
        self,
        draft: Draft,
        gateway: GatewayTrack,
        way: Way,
        delivery: Delivery,
        message: m.Message,
        at_us: int,
    ) -> None:
        area = gateway.area
        try:
            answer = self._admit(draft, gateway, way, message, at_us)
        except InvalidMessage as error:
            no = error.reason, error.field, error.detail
        except Exception as error:  # noqa: BLE001  (of ours; its neighbours go on)
            _log.exception("message_set_aside", topic=delivery.topic, error=type(error).__name__)
            no = INTERNAL, "", str(error)
        else:
            if isinstance(answer, str):
                draft.outcomes[area, answer] += 1
                return
            no = answer.reason, answer.field, answer.detail
        gateway.heard_us = max(gateway.heard_us, at_us)
        raw = codec.encode(message) if way.spoken is None else delivery.payload
        draft.refuse(delivery, area, *no, raw)

    def _admit(  # noqa: PLR0911  (one return a case)
        self, draft: Draft, gateway: GatewayTrack, way: Way, message: m.Message, at_us: int
    ) -> str | Refused:
        """What became of the message: an outcome, or why it is refused.

        Its number is taken first: what is refused and comes again is a duplicate.
        """
        kind = type(message)
        if kind in _TIMELESS:
            track = self._subjects.subject(gateway, way, message)
            self.count(gateway)
            said = Said(gateway, way, track, message, at_us, at_us)
            return self._recorder.record_untimed(draft, said, late=self._late)
        if kind is m.Heartbeat and message.offline and not self._late:  # type: ignore[union-attr]
            track = self._subjects.subject(gateway, way, message)
            self.count(gateway)
            will = Said(gateway, way, track, message, at_us, at_us)
            return self._recorder.record_will(draft, will, message)  # type: ignore[arg-type]
        boot = message.boot  # type: ignore[union-attr]
        if boot is not None and boot is not UNNUMBERED and not self._late:
            answer = admission.admit(gateway.seen, boot, message.seq)  # type: ignore[union-attr]
            if isinstance(answer, Refused):
                return "duplicate"
            gateway.seen = answer.seen
            draft.lost += answer.lost
        if not gateway.uncounted:
            self.count(gateway)
        track = self._subjects.subject(gateway, way, message)
        limits = track.limits
        if limits is not None and (kind is m.Status or kind is m.Event):
            floors = limits.min_floor, limits.max_floor
            speed = message.speed_m_s if kind is m.Status else None  # type: ignore[union-attr]
            odd = admission.plausible(message.floor, speed, floors, limits.rated_speed_m_per_s)  # type: ignore[union-attr]
            if odd is not None:
                return odd
        told = happened(gateway.clock, message.ts, at_us // 1000)  # type: ignore[union-attr]
        if told.event_ms is None:
            return Refused(
                admission.Reason.STALE, "ts", "older than 7 days by a clock that is right"
            )
        said = Said(gateway, way, track, message, at_us, told.event_ms * 1000)
        if self._late:
            return self._recorder.record_late(draft, said)
        gateway.clock = told.clock
        return self._recorder.record(draft, said)

    def placed(self, topic: str) -> str:
        """The topic on which its gateway says what was refused under another."""
        self._subjects.reload()
        return self._subjects.known().placed(topic)

    def count(self, gateway: GatewayTrack) -> None:
        """Its numbering has moved and is to be written down."""
        if not gateway.uncounted:
            gateway.uncounted = True
            self.uncounted.append(gateway)
