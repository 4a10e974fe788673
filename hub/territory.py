"""What of the broker's topics and of the registry is one shard's: pure.

A whole HOME listens by wildcards, as ever. As soon as another shard has an area, every shard
subscribes to its areas by name - HOME to those that gateways are registered in and nobody else has
- so that the broker sends nothing twice. Topics of dialects that name no area stay with HOME, and
so do the gateways that speak on them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from devices.directory import Directory
from devices.model import Gateway
from devices.protocol.dialects.model import CANONICAL
from devices.protocol.dialects.places import Pattern
from devices.protocol.dialects.reading import Dialect
from devices.protocol.topics import TELEMETRY_FILTERS
from ingest.shards import HOME, ShardMap, area_of, filters_of

_AREA = "{area}"


class Territory:
    """One shard's part, by a map and the dialects that are loaded."""

    def __init__(self, known: ShardMap, shard: str, dialects: Mapping[str, Dialect]) -> None:
        self._known = known
        self.shard = shard
        self._dialects = dialects
        self._patterns = [each for dialect in dialects.values() for each in dialect.topics]

    @property
    def whole(self) -> bool:
        """Whether nothing is anybody else's."""
        return self.shard == HOME and not self._known.elsewhere()

    def shows(self, topic: str) -> bool:
        """Whether what comes on a topic is this shard's."""
        return self._owner(area_of(topic) or self._foreign_area(topic)) == self.shard

    def has(self, gateway: Gateway) -> bool:
        """Whether a gateway is this shard's."""
        return self.owner(gateway) == self.shard

    def owner(self, gateway: Gateway) -> str:
        """The shard that a gateway belongs to."""
        dialect = None if gateway.dialect == CANONICAL else self._dialects.get(gateway.dialect)
        silent = dialect is not None and any(not _named(each) for each in dialect.topics)
        return self._owner("" if silent else gateway.area)

    def filters(self, registry: Directory) -> tuple[str, ...]:
        """What to subscribe to."""
        spoken = registry.dialects()
        patterns = [
            each
            for name in sorted(spoken & self._dialects.keys())
            for each in self._dialects[name].topics
        ]
        if self.whole:
            return (*TELEMETRY_FILTERS, *(each.filter for each in patterns))
        areas = self._areas(registry)
        silent = [p.filter for p in patterns if not _named(p)] if self.shard == HOME else []
        return (*filters_of(areas), *silent, *_by_area(patterns, areas))

    def named(self, registry: Directory) -> frozenset[str]:
        """The areas that some shard subscribes to by name."""
        return registry.areas() | self._known.elsewhere() | self._known.areas(HOME)

    def unwanted(self, registry: Directory) -> Sequence[str]:
        """What this shard may have subscribed to at another time."""
        areas = self.named(registry)
        named = [each for each in self._patterns if _named(each)]
        once = [
            *TELEMETRY_FILTERS,
            *(each.filter for each in named),
            *filters_of(areas),
            *_by_area(named, areas),
        ]
        wanted = set(self.filters(registry))
        return [each for each in dict.fromkeys(once) if each not in wanted]

    def _areas(self, registry: Directory) -> frozenset[str]:
        if self.shard != HOME:
            return self._known.areas(self.shard)
        return registry.areas() - self._known.elsewhere()

    def _owner(self, area: str) -> str:
        return self._known.owner(area) if area else HOME

    def _foreign_area(self, topic: str) -> str:
        places = (each.place(topic) for each in self._patterns)
        return next((found.area for found in places if found is not None), "")


def _named(pattern: Pattern) -> bool:
    return _AREA in pattern.text.split("/")


def _by_area(patterns: Iterable[Pattern], areas: Iterable[str]) -> Iterator[str]:
    wanted = sorted(areas)
    for each in patterns:
        if _named(each):
            for area in wanted:
                yield Pattern(each.text.replace(_AREA, area)).filter
