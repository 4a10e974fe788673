"""From packets to what must be kept of them: decode, admit, judge, draft - one straight function.

Theory of operation. `read` turns a batch of deliveries into a `Draft`: points, findings, refused
bytes and changed memories, to be made durable in one commit. What the pipeline itself knows (newest
values, numbering, memories) moves on as it reads; the lane therefore commits exactly the draft it
was given, again and again until it is safe, and never reads a batch twice. One object that cannot
be taken harms none of its neighbours, not even by an error of ours.

The balance, counted in objects: received = stored + unchanged + duplicate + quarantined + shed.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from core import log
from core.errors import InvalidMessage
from devices.directory import Directory
from devices.judging import Elapse, Judge, LiftMemory, Limits
from devices.model import Lift
from devices.protocol import codec
from devices.protocol import messages as m
from devices.protocol.dialects.model import UNNUMBERED
from devices.protocol.topics import Realm
from ingest import admission
from ingest.admission import Refused
from ingest.deadband import DeadBands, columns, merged
from ingest.device_clock import STALE, TRUSTED, happened
from ingest.draft import UNKNOWN_AREA, Draft
from ingest.interpreter import NONE, Interpreter
from ingest.lane import Delivery
from ingest.timeseries.port import Point
from ingest.timeseries.steps import instant, micros
from ingest.track import GatewayTrack, Route, Track, remembered
from ingest.watch import Watch, kitchen_finding

SHOWN = timedelta(seconds=10)  # how exact the age of a lift that says nothing new is
NUMBERED = timedelta(seconds=20)  # how often the numbering of a gateway is written down
MAX_POINTS = 100  # sensors and cameras that one kitchen gateway may name
_PLAIN_FIELDS = frozenset({"ts", "seq", "boot", "lift"})

_STALE_US = STALE // timedelta(microseconds=1)
_SHOWN_US = SHOWN // timedelta(microseconds=1)
_NUMBERED_US = NUMBERED // timedelta(microseconds=1)

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
        self._directory = directory
        self._limits = limits
        self._columns = columns(bands)
        self._heartbeat_us = bands.heartbeat.total_seconds() * 1e6
        self._registry = directory()
        self._routes: dict[str, Route] = {}
        self.gateways: dict[str, GatewayTrack] = {}
        self.tracks: dict[str, Track] = {}
        self.touched: set[Track] = set()  # newest words changed since the last flush
        self.heard: set[Track] = set()  # nothing new but that they were heard
        self.counted: set[GatewayTrack] = set()  # whose numbering is to be written down
        self._late = False
        self.watch = Watch(judge, elapse, self.touched, self.gateways, self.tracks, directory)
        for key, memory in memories.items():
            self.watch.resume(self.track(key), memory)

    def track(self, key: str) -> Track:
        """The subject of that name, new where it is unknown."""
        found = self.tracks.get(key)
        if found is None:
            found = self.tracks[key] = Track(key)
        return found

    def gateway(self, gateway_id: str, area: str) -> GatewayTrack:
        """What is known of a gateway."""
        found = self.gateways.get(gateway_id)
        if found is None:
            found = self.gateways[gateway_id] = GatewayTrack(gateway_id, area)
        return found

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
        """
        draft = Draft(now)
        self._late = late
        self._reload()
        routes = self._routes
        moment, moment_us = now, micros(now)
        for delivery in deliveries:
            if delivery.received_at is not moment:
                moment, moment_us = delivery.received_at, micros(delivery.received_at)
            route = routes.get(delivery.topic) or self._route(draft, delivery)
            if route is None:
                continue
            payload = delivery.payload
            try:
                message = route.read(payload) if len(payload) <= codec.MAX_PAYLOAD else None
            except codec.INEXACT:
                message = None
            if message is None:
                self._read_closely(draft, route, delivery, moment_us)
            else:
                self._take(draft, route, delivery, message, moment_us)
        if caught_up:
            self.watch.pass_time(draft, now, self._overdue)
        if shed:
            draft.shed_points()
        return draft

    # Whose message it is.

    def _reload(self) -> None:
        registry = self._directory()
        if registry is not self._registry:
            self._registry = registry
            self._routes.clear()
            for gateway in self.gateways.values():
                gateway.lifts.clear()
            for track in self.tracks.values():
                track.limits = None

    def _route(self, draft: Draft, delivery: Delivery) -> Route | None:
        try:
            route = self._interpreter.route(delivery.topic, self._registry, self.gateway)
        except InvalidMessage as no:
            draft.refuse(delivery, UNKNOWN_AREA, no.reason, no.field, no.detail, delivery.payload)
            return None
        self._routes[delivery.topic] = route
        return route

    def _subject(self, route: Route, message: m.Message) -> Track:
        """Whom the message is about. Raises InvalidMessage as Directory.resolve does."""
        topic, gateway = route.topic, route.gateway
        if topic.realm is Realm.KITCHEN:
            kitchen = self._registry.resolve_kitchen(topic)
            point = getattr(message, "point", None) or getattr(message, "camera", topic.kind)
            key = f"{kitchen}/{point}"
            if key not in gateway.points:
                if len(gateway.points) >= MAX_POINTS:
                    raise InvalidMessage(
                        "too_many_points",
                        f"{gateway.id} has named {MAX_POINTS} others",
                        field="point",
                    )
                gateway.points |= {key}
            return self.track(key)
        if isinstance(message, m.Heartbeat | m.CommandAck):  # for the gateway as a whole
            return self.track(f"gateway/{gateway.id}")
        lift = self._registry.resolve(topic, message.lift)  # type: ignore[union-attr]
        track = self.track(lift.rescue_code)
        track.limits = self._limits(lift, gateway.id)
        gateway.lifts[message.lift] = track  # type: ignore[union-attr]
        return track

    def _overdue(self, track: Track) -> Limits | None:
        """The limits of a lift that has not spoken since the start or the last registry change."""
        lift = self._registry.lift(track.key)
        return None if lift is None else self._limits(lift, track.gateway)

    # One message.

    def _read_closely(self, draft: Draft, route: Route, delivery: Delivery, at_us: int) -> None:
        """An array, something in which not everything is right, or a foreign tongue."""
        if route.spoken is not None:
            moved = self._interpreter.read(
                draft, route, delivery, at_us, self._take, late=self._late
            )
            if moved:
                self.counted.add(route.gateway)
            return
        decoded = codec.decode(route.topic, delivery.payload)
        draft.unknown_fields += decoded.unknown_fields
        area = route.gateway.area
        for no in decoded.refusals:
            draft.refuse(delivery, area, no.reason, no.field, no.detail, no.raw)
        for message in decoded.messages:
            self._take(draft, route, delivery, message, at_us)

    def _take(
        self, draft: Draft, route: Route, delivery: Delivery, message: m.Message, at_us: int
    ) -> None:
        area = route.gateway.area
        try:
            answer = self._admit(draft, route, message, at_us)
        except InvalidMessage as error:
            no = error.reason, error.field, error.detail
        except Exception as error:  # noqa: BLE001  (of ours; its neighbours go on)
            _log.exception("message_set_aside", topic=delivery.topic, error=type(error).__name__)
            no = "internal_error", "", str(error)
        else:
            if isinstance(answer, str):
                draft.outcomes[area, answer] += 1
                return
            no = answer.reason, answer.field, answer.detail
        gateway, boot = route.gateway, getattr(message, "boot", None)
        gateway.heard_us = max(gateway.heard_us, at_us)
        if boot is not None and boot is not UNNUMBERED and not self._late:
            gateway.seen = admission.passed_over(gateway.seen, boot, message.seq)  # type: ignore[union-attr]
        raw = codec.encode(message) if route.spoken is None else delivery.payload
        draft.refuse(delivery, area, *no, raw)

    def _admit(self, draft: Draft, route: Route, message: m.Message, at_us: int) -> str | Refused:
        """What became of the message: an outcome, or why it is refused."""
        gateway = route.gateway
        track = gateway.lifts.get(getattr(message, "lift", None)) if gateway.lifts else None
        if track is None or isinstance(message, m.Heartbeat | m.CommandAck):
            track = self._subject(route, message)
        if isinstance(message, m.Status | m.Event) and track.limits is not None:
            limits = track.limits
            floors = limits.min_floor, limits.max_floor
            speed = message.speed_m_s if isinstance(message, m.Status) else None
            odd = admission.plausible(message.floor, speed, floors, limits.rated_speed_m_per_s)
            if odd is not None:
                return odd
        if isinstance(message, m.CommandAck | m.Command | m.Receipt | m.Call):
            self._store(draft, route, track, message, at_us, at_us)
            return "stored"
        told = happened(gateway.clock, message.ts, at_us // 1000)
        if told.event_ms is None:
            return Refused(
                admission.Reason.STALE, "ts", "older than 7 days by a clock that is right"
            )
        if self._late:
            return self._keep_late(draft, route, track, message, at_us, told.event_ms * 1000)
        boot = message.boot
        if boot is not None and boot is not UNNUMBERED:
            answer = admission.admit(gateway.seen, boot, message.seq)
            if isinstance(answer, Refused):
                return "duplicate"
            gateway.seen = answer.seen
            draft.lost += answer.lost
        gateway.clock = told.clock
        if at_us - gateway.kept_us > _NUMBERED_US:
            self.counted.add(gateway)
        return self._record(draft, route, track, message, at_us, told.event_ms * 1000)

    def _record(
        self,
        draft: Draft,
        route: Route,
        track: Track,
        message: m.Message,
        at_us: int,
        event_us: int,
    ) -> str:
        kind = type(message)
        shape = self._columns.get(kind)
        track.gateway = route.gateway.id
        track.received_us = route.gateway.heard_us = at_us
        if shape is None:
            return self._record_fact(draft, route, track, message, at_us, event_us)
        told = shape.values(message)
        line = (track.status if kind is m.Status else track.others.get(kind)) or track.line(
            kind, shape
        )
        if event_us < track.event_us:  # late: history alone
            self._store(draft, route, track, message, at_us, event_us)
            return "stored"
        track.event_us = event_us
        recent = at_us - line.stored_us < self._heartbeat_us
        if told == line.told and recent:
            if at_us - track.shown_us > _SHOWN_US:
                self.heard.add(track)
            if track.memory is None or not track.memory.settled:
                self._judge_told(draft, route, track, message, at_us, event_us)
            return "unchanged"
        line.told = merged(line.told, told)
        self.touched.add(track)
        self._judge_told(draft, route, track, message, at_us, event_us)
        if recent and shape.same(line.stored, told):
            return "unchanged"
        line.stored, line.stored_us = line.told, at_us
        self._store(draft, route, track, message, at_us, event_us)
        return "stored"

    def _keep_late(
        self,
        draft: Draft,
        route: Route,
        track: Track,
        message: m.Message,
        at_us: int,
        event_us: int,
    ) -> str | Refused:
        if micros(draft.at) - event_us > _STALE_US:  # no window of history would find it
            return Refused(admission.Reason.STALE, "ts", "happened more than 7 days ago")
        if f"{getattr(message, 'event_id', '')}/{getattr(message, 'phase', '')}" in (
            route.gateway.events
        ):
            return "duplicate"
        if message.boot is not None:  # type: ignore[union-attr]
            route.gateway.seen = admission.filled(route.gateway.seen, message.boot, message.seq)  # type: ignore[union-attr]
        self._store(draft, route, track, message, at_us, event_us)
        return "stored"

    def _record_fact(
        self,
        draft: Draft,
        route: Route,
        track: Track,
        message: m.Message,
        at_us: int,
        event_us: int,
    ) -> str:
        """An event, or what a smart camera found: each is a row, once."""
        gateway = route.gateway
        if isinstance(message, m.Event | m.CameraFinding) and message.phase is not m.Phase.CHANGE:
            key = f"{message.event_id}/{message.phase}"
            if key in gateway.events:
                return "duplicate"
            gateway.events = remembered(gateway.events, key)
        self._store(draft, route, track, message, at_us, event_us)
        track.event_us = max(track.event_us, event_us)
        self.heard.add(track)
        if isinstance(message, m.Event):
            self.watch.judge(draft, track, message, at_us, event_us)
        elif isinstance(message, m.CameraFinding):
            draft.findings.append(kitchen_finding(message, track.key, at_us, event_us))
        return "stored"

    def _store(
        self,
        draft: Draft,
        route: Route,
        track: Track,
        message: m.Message,
        at_us: int,
        event_us: int,
    ) -> None:
        shape = self._columns.get(type(message))
        if shape is not None:
            fields = shape.fields(shape.values(message))
        else:
            fields = {
                name: value
                for name, value in msgspec.structs.asdict(message).items()
                if name not in _PLAIN_FIELDS and isinstance(value, float | int | str | bool)
            }
        if route.gateway.clock is not TRUSTED and route.gateway.clock.offset:
            fields["device_clock_ms"] = message.ts  # type: ignore[union-attr]
        draft.points.append(
            Point(
                track.key,
                instant(at_us),
                instant(event_us),
                fields,
                str(route.topic.kind),
                route.gateway.id,
                getattr(message, "seq", None),
                getattr(message, "boot", None) or "",
            )
        )

    def _judge_told(
        self,
        draft: Draft,
        route: Route,
        track: Track,
        message: m.Message,
        at_us: int,
        event_us: int,
    ) -> None:
        if isinstance(message, m.Status | m.Sensor):
            self.watch.judge(draft, track, message, at_us, event_us)
        elif isinstance(message, m.Heartbeat) and message.offline:
            self.watch.silences.farewell(draft, route.gateway, message, at_us)
        elif isinstance(message, m.Heartbeat):
            for lift in self._registry.lifts_of(route.gateway.id):
                spoken_for = self.track(lift.rescue_code)
                if spoken_for.limits is None:
                    spoken_for.limits = self._limits(lift, route.gateway.id)
                memory = spoken_for.memory
                if memory is not None and not memory.settled:
                    self.watch.judge(draft, spoken_for, message, at_us, event_us)
