"""Who speaks, and of whom: gateways and subjects, as the registry now stands.

Theory of operation. The registry is asked once for each gateway and each lift; what it said is
remembered in the gateway's and the lift's own record, and forgotten when the registry changes. So
the usual message finds its gateway by its topic and its lift by its code, and asks nobody.
"""

from collections.abc import Callable, Iterator

from core.errors import InvalidMessage
from devices.amended import News
from devices.directory import Directory
from devices.judging import Limits
from devices.model import Lift
from devices.protocol import messages as m
from devices.protocol.topics import Realm
from ingest.interpreter import Interpreter
from ingest.track import WAYS, GatewayTrack, Place, Track, Way

MAX_POINTS = 100  # sensors and cameras that one kitchen gateway may name
FOREIGN_A_GATEWAY, FOREIGN_AT_LEAST = 4, 1_000  # topics of dialects that are remembered
_OF_A_LIFT = frozenset({m.Status, m.Event, m.Stats, m.Call})
_LEVELS = 3  # of a topic: the first three together, the device, the kind


class Subjects:
    """Owned by the pipeline; for its one thread."""

    def __init__(
        self,
        directory: Callable[[], Directory],
        limits: Callable[[Lift, str], Limits],
        interpreter: Interpreter,
    ) -> None:
        self._directory = directory
        self._registry = directory()
        self._limits = limits
        self._interpreter = interpreter
        self._places: dict[tuple[Realm, str], Place] = {}
        self._foreign: dict[str, tuple[GatewayTrack, Way]] = {}  # by topic
        self._renamed: dict[str, Track] = {}  # by registration code
        self.gateways: dict[str, GatewayTrack] = {}
        self.tracks: dict[str, Track] = {}

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

    def known(self) -> Directory:
        """The registry as it stood at the last `reload`; raises nothing."""
        return self._registry

    def reload(self) -> None:
        """Ask the registry, and forget what it said if it has changed. Raises what it raises."""
        registry = self._directory()
        if registry is self._registry:
            return
        before, self._registry = self._registry, registry
        self._foreign.clear()
        self._renamed.clear()
        news = registry.news
        if news is not None and news.since == before.version:
            self._forget(before, news)
            return
        for gateway in self.gateways.values():
            gateway.place = gateway.only = None
        for track in self.tracks.values():
            track.limits = track.speaker = None

    def _forget(self, before: Directory, news: News) -> None:
        """What the registry said of these; of the others it says what it said."""
        codes = set(news.lifts)
        for name in news.gateways:
            for registry in (before, self._registry):
                codes |= {lift.rescue_code for lift in registry.lifts_of(name)}
            if (gateway := self.gateways.get(name)) is not None:
                gateway.place = gateway.only = None
        for code in codes:
            if (track := self.tracks.get(code)) is not None:
                track.limits = track.speaker = None

    def speaker(self, topic: str) -> tuple[GatewayTrack, Way]:
        """Who says what comes on a topic, and how it is read.

        Raises InvalidMessage as Interpreter.way does.
        """
        levels = topic.rsplit("/", _LEVELS - 1)
        if len(levels) == _LEVELS:
            gateway = self.gateways.get(levels[1])
            if gateway is not None:
                place = gateway.place
                if place is not None and place.levels == levels[0]:
                    way = place.ways.get(levels[2])
                    if way is not None:
                        return gateway, way
        return self._foreign.get(topic) or self._enrolled(topic)

    def _enrolled(self, topic: str) -> tuple[GatewayTrack, Way]:
        gateway, way = self._interpreter.way(topic, self._registry, self.gateway)
        if way.spoken is not None:
            if len(self._foreign) >= FOREIGN_A_GATEWAY * len(self.gateways) + FOREIGN_AT_LEAST:
                self._foreign.clear()  # a dialect's topic may hold a free word
            self._foreign[topic] = gateway, way
        else:
            where = way.realm, gateway.area
            place = self._places.get(where)
            if place is None:
                levels = f"{way.realm}/v1/{gateway.area}"
                place = self._places[where] = Place(levels, WAYS[way.realm])
            gateway.place = place
        return gateway, way

    def subject(self, gateway: GatewayTrack, way: Way, message: m.Message) -> Track:
        """Whom the message is about. Raises InvalidMessage as Directory.resolve does."""
        if type(message) in _OF_A_LIFT:
            name: str | None = message.lift  # type: ignore[union-attr]
            if name is None:
                track = gateway.only
            else:
                track = self.tracks.get(name) or self._renamed.get(name)
            if track is not None and track.speaker is gateway:
                return track
            return self._lift(gateway, way, name)
        if way.realm is Realm.KITCHEN:
            return self._point(gateway, way, message)
        if gateway.own is None:
            gateway.own = self.track(f"gateway/{gateway.id}")
        return gateway.own

    def _lift(self, gateway: GatewayTrack, way: Way, name: str | None) -> Track:
        lift = self._registry.resolve(way.topic(gateway), name)
        track = self.track(lift.rescue_code)
        track.limits = self._limits(lift, gateway.id)
        track.speaker = gateway
        if name is None:
            gateway.only = track
        elif name != track.key:
            self._renamed[name] = track
        return track

    def _point(self, gateway: GatewayTrack, way: Way, message: m.Message) -> Track:
        kitchen = self._registry.resolve_kitchen(way.topic(gateway))
        point = getattr(message, "point", None) or getattr(message, "camera", way.kind)
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

    def spoken_for(self, gateway: GatewayTrack) -> Iterator[Track]:
        """The lifts of a gateway, each with its limits."""
        for lift in self._registry.lifts_of(gateway.id):
            track = self.track(lift.rescue_code)
            if track.limits is None:
                track.limits = self._limits(lift, gateway.id)
            yield track

    def overdue(self, track: Track) -> Limits | None:
        """The limits of a lift that has not spoken since the start or the last registry change."""
        lift = self._registry.lift(track.key)
        return None if lift is None else self._limits(lift, track.gateway)
