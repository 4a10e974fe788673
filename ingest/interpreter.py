"""Which gateway speaks which dialect where, and what is kept of what its mapping loses.

Theory of operation. The registry names each gateway's dialect. One that speaks the canonical one is
read by the codec and never comes here. Of any other, what arrives on the hub's own topics or on the
topics of its dialect is mapped; messages are counted one by one as if they had come so, a refusal
counts as quarantined, and an object that tells nothing of ours as unchanged. What was taken with a
loss is counted by what became of it, and its bytes are kept beside the quarantine under the reason
MAPPED_WITH_LOSS: the same losses of a gateway once in REPEATED, and within a day's budget of bytes.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import NoReturn

import msgspec

from core.errors import InvalidMessage
from devices.directory import Directory
from devices.protocol import messages as m
from devices.protocol import topics
from devices.protocol.dialects.gathering import untaken
from devices.protocol.dialects.model import CANONICAL, UNNUMBERED, Heard, Mapped, State
from devices.protocol.dialects.reading import Dialect
from devices.protocol.topics import Realm, Topic
from ingest.draft import Draft
from ingest.lane import Delivery
from ingest.track import WAYS, GatewayTrack, Spoken, Way, remembered

MAPPED_WITH_LOSS = "mapped_with_loss"
KEPT_A_DAY = 16 * 1024 * 1024  # bytes of what was mapped with loss
REPEATED = timedelta(minutes=10)
REMEMBERED_PRINTS = 256
_REPEATED_US = REPEATED // timedelta(microseconds=1)
_DAY_US = timedelta(days=1) // timedelta(microseconds=1)
_MANY = 100_000

Dialects = Mapping[str, Dialect]
Take = Callable[[Draft, GatewayTrack, Way, Delivery, m.Message, int], None]
NONE: Dialects = MappingProxyType({})


@dataclass(slots=True)
class Budget:
    """How much of what was mapped with loss is kept. The day is of receipt, UTC."""

    bytes_a_day: int = KEPT_A_DAY
    _day: int = 0
    _spent: int = 0
    _kept: dict[tuple[str, ...], int] = field(default_factory=dict)

    def allows(self, about: tuple[str, ...], size: int, at_us: int) -> bool:
        """Whether to keep `size` bytes about these losses of a gateway; if so they are spent."""
        if at_us // _DAY_US != self._day or len(self._kept) > _MANY:
            self._day = at_us // _DAY_US
            self._spent = 0
            self._kept.clear()
        kept_us = self._kept.get(about)
        if kept_us is not None and at_us - kept_us < _REPEATED_US:
            return False
        if self._spent + size > self.bytes_a_day:
            return False
        self._spent += size
        self._kept[about] = at_us
        return True


@dataclass(frozen=True, slots=True)
class Interpreted:
    """One message of a mapped payload, as if it had come on the topic of its kind."""

    message: m.Message
    gateway: GatewayTrack
    way: Way
    rule: str

    def settle(self, *, taken: bool) -> None:
        """Remember what was taken; a code whose begin or end was refused is told again."""
        gateway, message = self.gateway, self.message
        if taken:
            if getattr(message, "boot", None) is UNNUMBERED:
                remember_print(gateway, message.seq)  # type: ignore[union-attr]
        elif isinstance(message, m.Event) and gateway.active is not None:
            gateway.active = untaken(gateway.active, message, self.rule)


class Interpreter:
    """Owned by the pipeline; for its one thread."""

    def __init__(self, dialects: Dialects, budget: Budget | None = None) -> None:
        self._dialects = dialects
        self._budget = budget or Budget()

    def way(
        self, text: str, registry: Directory, gateway: Callable[[str, str], GatewayTrack]
    ) -> tuple[GatewayTrack, Way]:
        """Who speaks on a topic, and how to read it.

        Raises InvalidMessage: bad_topic, device_not_enrolled, area_mismatch, dialect_unknown,
        dialect_mismatch.
        """
        try:
            topic, foreign = topics.parse(text), None
            word = str(topic.kind)
        except InvalidMessage:
            found = self._placed(text)
            if found is None:
                raise
            foreign, device, area, word = found
            known = registry.gateway(device)
            topic = Topic(Realm.LIFT, area or (known.area if known else ""), device, m.Kind.STATUS)
        admitted = registry.admitted(topic)
        if foreign is not None and admitted.dialect != foreign:
            raise InvalidMessage(
                "dialect_mismatch",
                f"gateway {topic.device} speaks {admitted.dialect}; this is a topic of {foreign}",
                field="dialect",
            )
        track = gateway(topic.device, admitted.area)
        track.area = admitted.area
        if admitted.dialect == CANONICAL or topic.realm is not Realm.LIFT:
            return track, WAYS[topic.realm][topic.kind]
        dialect = self._dialects.get(admitted.dialect)
        if dialect is None:
            raise InvalidMessage(
                "dialect_unknown",
                f"gateway {topic.device} speaks {admitted.dialect}, of which no mapping is loaded",
                field="dialect",
            )
        spoken = Spoken(dialect, Heard(topic.device, word))
        return track, Way(topic.realm, topic.kind, _unread, spoken)

    def _placed(self, text: str) -> tuple[str, str, str, str] | None:
        for name, dialect in self._dialects.items():
            if (place := dialect.place(text)) is not None:
                return name, place.device, place.area, place.word
        return None

    def read(
        self,
        draft: Draft,
        gateway: GatewayTrack,
        way: Way,
        delivery: Delivery,
        at_us: int,
        take: Take,
        *,
        late: bool,
    ) -> bool:
        """Map a delivery and take what it tells; whether its lists of active codes moved.

        What is `late` (out of quarantine) moves none.
        """
        before = gateway.active
        for mapped in self._map(draft, gateway, way, delivery, at_us, late=late):
            refused = len(draft.quarantined)
            take(draft, gateway, mapped.way, delivery, mapped.message, at_us)
            if not late:
                mapped.settle(taken=len(draft.quarantined) == refused)
        return gateway.active is not before

    def _map(
        self,
        draft: Draft,
        gateway: GatewayTrack,
        way: Way,
        delivery: Delivery,
        at_us: int,
        *,
        late: bool,
    ) -> Iterator[Interpreted]:
        """What a delivery tells and was not taken before; all else about it is noted at once."""
        spoken = way.spoken
        if spoken is None:  # cannot be: only a foreign tongue comes here
            return
        state = State() if late or gateway.active is None else gateway.active
        mapped = spoken.dialect.read(
            spoken.heard,
            delivery.payload,
            state,
            arrived_ms=at_us // 1000,
            again=delivery.dup,
        )
        if not late:
            gateway.active = mapped.state
        draft.unknown_fields += len(mapped.unknown_fields)
        for no in mapped.refusals:
            draft.refuse(delivery, gateway.area, no.reason, no.field, no.detail, no.raw)
        if not mapped.messages and not mapped.refusals:
            draft.outcomes[gateway.area, "duplicate" if late else "unchanged"] += 1
        if mapped.losses:
            self._note(draft, spoken.dialect.name, gateway, delivery, mapped, at_us)
        for message, rule in zip(mapped.messages, mapped.rules, strict=True):
            if message.seq in gateway.prints:  # type: ignore[union-attr]
                draft.outcomes[gateway.area, "duplicate"] += 1
            else:
                yield Interpreted(message, gateway, _way_of(way, spoken, message), rule)

    def _note(
        self,
        draft: Draft,
        dialect: str,
        gateway: GatewayTrack,
        delivery: Delivery,
        mapped: Mapped,
        at_us: int,
    ) -> None:
        draft.losses[dialect] += len(mapped.losses)
        names = tuple(sorted({loss.name for loss in mapped.losses}))
        raw = mapped.losses[0].raw
        if self._budget.allows((gateway.id, *names), len(raw), at_us):
            places = ", ".join(sorted({loss.field for loss in mapped.losses}))
            draft.keep_lossy(delivery, MAPPED_WITH_LOSS, places, ", ".join(names), raw)


def remember_print(gateway: GatewayTrack, seq: int) -> None:
    """Know it when it comes again."""
    gateway.prints = remembered(gateway.prints, seq, REMEMBERED_PRINTS)


def _way_of(way: Way, spoken: Spoken, message: m.Message) -> Way:
    kind = type(message)
    found = spoken.ways.get(kind)
    if found is None:
        found = spoken.ways[kind] = Way(way.realm, _KINDS[kind], _unread, spoken)
    return found


def _unread(payload: bytes) -> NoReturn:
    """A foreign tongue: look closer."""
    del payload
    raise msgspec.DecodeError


_KINDS: Mapping[type[msgspec.Struct], m.Kind] = {
    m.Status: m.Kind.STATUS,
    m.Event: m.Kind.EVENT,
    m.Stats: m.Kind.STATS,
    m.Heartbeat: m.Kind.HEARTBEAT,
}
