"""Which gateways and kitchen points have fallen silent, told once each and cleared by their word.

The rules stand in devices.silence and devices.kitchen_points; here is who was heard when. A message
costs one attribute (`GatewayTrack.heard_us`): once a second a slice of all gateways is looked at,
so that everybody has had a look within ROUND. What is told is kept in the memories of telemetry,
under `gateway/<id>` and `area/<code>`, in its finding's commit, so a restart tells nothing twice.
"""

from collections import defaultdict, deque
from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec.structs import replace

from devices import kitchen_points, silence
from devices.directory import Directory
from devices.findings import ConditionCleared, ConditionRaised, Severity
from devices.judging import LiftMemory, OpenCondition
from devices.protocol import messages as m
from devices.silence import Share, Silence
from ingest.draft import Draft
from ingest.timeseries.steps import instant, micros
from ingest.track import GatewayTrack, Track

GATEWAY, AREA = "gateway/", "area/"
OFFLINE, AREA_OFFLINE = "device.offline", "area.offline"
_US = timedelta(microseconds=1)
ROUND_US = timedelta(seconds=20) // _US
_LOOK_US = timedelta(seconds=1) // _US
_DEAF_US = timedelta(minutes=1) // _US  # a lane that took so long was away, whatever the reason
_POINT_US = kitchen_points.SILENT_AFTER // _US
OUT_OF_SERVICE = "taken out of service"
_READINGS = (b'"temperature_c"', b'"humidity_pct"')

Remember = Callable[[Draft, Track, LiftMemory], None]


class Silences:
    """Owned by the pipeline's watch, for the lane's one thread."""

    def __init__(
        self,
        gateways: dict[str, GatewayTrack],
        tracks: dict[str, Track],
        directory: Callable[[], Directory],
        remember: Remember,
        rules: Silence | None = None,
    ) -> None:
        self._gateways = gateways
        self._tracks = tracks
        self._directory = directory
        self._remember = remember
        self.rules = rules or Silence.by()
        self._silent: dict[str, int] = {}  # told: gateway to its last word
        self._farewells: dict[str, tuple[int, str]] = {}  # held: gateway to instant, event id
        self._told_at: defaultdict[str, deque[int]] = defaultdict(
            lambda: deque(maxlen=silence.AT_ONCE)
        )
        self._areas: set[str] = set()  # told
        self._registry: Directory | None = None  # as it stood at the last look
        self._listening_us: int | None = None
        self._passed_us = self._looked_us = 0
        self._order: list[GatewayTrack] = []
        self._place = 0
        self._shares: defaultdict[str, Share] = defaultdict(Share)

    def resume(self, track: Track) -> None:
        """Go on with what was told before a restart."""
        if track.memory is None or not track.memory.open:
            return
        if track.key.startswith(GATEWAY):
            self._silent[track.key.removeprefix(GATEWAY)] = 0
        elif track.key.startswith(AREA):
            self._areas.add(track.key.removeprefix(AREA))

    def linked(self, *, up: bool) -> None:
        """Whether the broker's connection stands; time in which it does not counts for nobody."""
        if not up:
            self._listening_us = None

    def farewell(self, draft: Draft, gateway: GatewayTrack, at_us: int) -> None:
        """The last will of a gateway: no word of its own, and so no sign of life."""
        gateway.heard_us = at_us - 1  # its next word may come in the same read
        if gateway.id in self._silent:
            self._silent[gateway.id] = gateway.heard_us
        if gateway.id in self._silent or gateway.area in self._areas:
            return
        event_id = f"{gateway.id}:offline-{at_us // 1000}"
        if silence.told_at_once(self._told_at[gateway.area], at_us):
            self._told_at[gateway.area].append(at_us)
            self._tell(draft, gateway, event_id, at_us)
        else:
            self._farewells[gateway.id] = at_us, event_id

    def pass_time(self, draft: Draft, now: datetime) -> None:
        """Look around; to be called only while nothing waits at the broker."""
        now_us = micros(now)
        was_away = now_us - self._passed_us > _DEAF_US
        self._passed_us = now_us
        passed_us = now_us - self._looked_us
        if passed_us < _LOOK_US:
            return
        self._looked_us = now_us
        self._look_for_returned(draft, now_us)
        self._forget_unregistered(draft, now_us)
        if self._listening_us is None or was_away:
            if not self._order:
                self._recall_points()
            self._listening_us = now_us
            self._begin_round()
            return
        count = len(self._order) * passed_us // ROUND_US + 1
        part = self._order[self._place : self._place + count]
        self._place += count
        self._look(draft, part, now_us, self._listening_us)
        if self._place >= len(self._order):
            self._judge_areas(draft, now_us)
            self._begin_round()

    def _look_for_returned(self, draft: Draft, now_us: int) -> None:
        for gateway_id, last_us in list(self._silent.items()):
            gateway = self._gateways.get(gateway_id)
            if gateway is not None and gateway.heard_us > last_us:
                del self._silent[gateway_id]
                self._clear(draft, GATEWAY + gateway_id, now_us)

    def _forget_unregistered(self, draft: Draft, now_us: int) -> None:
        """Who was taken out of the registry will not speak again, so what is told of it ends."""
        registry = self._directory()
        if registry is self._registry:
            return
        self._registry = registry
        for name in [each for each in self._silent if registry.gateway(each) is None]:
            del self._silent[name]
            self._clear(draft, GATEWAY + name, now_us, OUT_OF_SERVICE)
        for gateway in self._gateways.values():
            if gateway.points and registry.gateway(gateway.id) is None:
                for key in gateway.points:
                    track = self._track(key)
                    if track.gateway == gateway.id and track.memory and track.memory.open:
                        self._clear(draft, key, now_us, OUT_OF_SERVICE)

    def _begin_round(self) -> None:
        self._order, self._place = list(self._gateways.values()), 0
        self._shares.clear()

    def _look(self, draft: Draft, part: list[GatewayTrack], now_us: int, listening_us: int) -> None:
        rules, shares = self.rules, self._shares
        silent, farewells = self._silent, self._farewells
        recent_us, registry = now_us - rules.late_us, self._directory()
        for gateway in part:
            name, heard_us = gateway.id, gateway.heard_us
            held = farewells.get(name)
            if held is not None and heard_us > held[0]:
                del farewells[name]
                held = None
            if heard_us > recent_us and held is None and name not in silent:  # nearly always
                share = shares[gateway.area]
                share.known += 1
                share.speaking += 1
                if gateway.points:
                    self._look_at_points(draft, gateway, now_us, listening_us)
                continue
            if registry.gateway(name) is None:  # taken out of service: nobody misses it
                continue
            told, farewell_us = name in silent, held and held[0]
            rules.count(
                shares[gateway.area],
                heard_us,
                listening_us,
                now_us,
                farewell=held is not None,
                told=told,
            )
            if told or gateway.area in self._areas:
                continue
            if rules.over(heard_us, farewell_us, listening_us, now_us):
                since_us = farewell_us or heard_us or self._last_us(gateway) or listening_us
                event_id = held[1] if held else f"{name}:silent-{now_us // 1000}"
                self._tell(draft, gateway, event_id, since_us)

    def _last_us(self, gateway: GatewayTrack) -> int:
        """When it was last heard before the restart, as far as that is kept."""
        keys = [lift.rescue_code for lift in self._directory().lifts_of(gateway.id)]
        tracks = (self._tracks.get(key) for key in (*keys, GATEWAY + gateway.id, *gateway.points))
        return max((track.received_us for track in tracks if track is not None), default=0)

    def _tell(self, draft: Draft, gateway: GatewayTrack, event_id: str, since_us: int) -> None:
        self._silent[gateway.id] = gateway.heard_us
        self._farewells.pop(gateway.id, None)
        self._raise(
            draft, GATEWAY + gateway.id, _open("gateway", gateway.id, OFFLINE, event_id, since_us)
        )

    def _judge_areas(self, draft: Draft, now_us: int) -> None:
        for area, share in self._shares.items():
            was = area in self._areas
            if not area or silence.area_silent(share, already=was) == was:
                continue
            if was:
                self._areas.discard(area)
                self._clear(draft, AREA + area, now_us)
                continue
            self._areas.add(area)
            told = _open("area", area, AREA_OFFLINE, f"{area}:silent-{now_us // 1000}", now_us)
            self._raise(draft, AREA + area, told, f"{share.quiet}/{share.known}")

    # Points of kitchens, whose gateway speaks.

    def _recall_points(self) -> None:
        """Which points sent readings before the restart."""
        for track in self._tracks.values():
            if "/" in track.key and any(name in track.recalled for name in _READINGS):
                gateway = self._gateways.get(track.gateway)
                if gateway is not None:
                    gateway.points |= {track.key}

    def _look_at_points(
        self, draft: Draft, gateway: GatewayTrack, now_us: int, listening_us: int
    ) -> None:
        for key in gateway.points:
            track = self._tracks[key]
            if now_us - max(track.received_us, listening_us) < _POINT_US:
                continue
            if not track.has_sent(m.Sensor) and not any(n in track.recalled for n in _READINGS):
                continue  # a camera: its silence is looked at by the video room
            memory = track.memory or LiftMemory()
            if any(each.code == kitchen_points.LOST for each in memory.open):
                continue
            event_id = f"{key}:lost-{track.received_us // 1000}"
            told = _open("kitchen", key, kitchen_points.LOST, event_id, track.received_us)
            kept = replace(memory, open=(*memory.open, told), candidates=(), settled=False)
            self._remember(draft, track, kept)
            draft.findings.append(_raised(told, "silent"))

    # What is kept and handed off.

    def _raise(self, draft: Draft, key: str, told: OpenCondition, detail: str = "") -> None:
        draft.memories[key] = LiftMemory(open=(told,))
        self._track(key).memory = draft.memories[key]
        draft.findings.append(_raised(told, detail))

    def _clear(self, draft: Draft, key: str, now_us: int, reason: str = "") -> None:
        track = self._track(key)
        for told in track.memory.open if track.memory else ():
            draft.findings.append(
                ConditionCleared(
                    event_id=told.event_id,
                    subject_kind=told.subject_kind,
                    subject=told.subject,
                    code=told.code,
                    at=instant(now_us),
                    reason=reason,
                )
            )
        draft.memories[key] = track.memory = LiftMemory()

    def _track(self, key: str) -> Track:
        return self._tracks.get(key) or self._tracks.setdefault(key, Track(key))


def _open(kind: str, subject: str, code: str, event_id: str, since_us: int) -> OpenCondition:
    severity = Severity.MAJOR if code == AREA_OFFLINE else Severity.MINOR
    return OpenCondition(
        event_id=event_id,
        subject_kind=kind,
        subject=subject,
        code=code,
        severity=severity,
        since=instant(since_us),
    )


def _raised(told: OpenCondition, detail: str) -> ConditionRaised:
    return ConditionRaised(
        event_id=told.event_id,
        subject_kind=told.subject_kind,
        subject=told.subject,
        code=told.code,
        severity=told.severity,
        since=told.since,
        detail=detail,
    )
