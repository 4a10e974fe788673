"""What a message on the broker says, line by line, by the codec and dialects of telemetry."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec

from core.errors import InvalidMessage
from devices.protocol import codec, topics
from devices.protocol import messages as m
from devices.protocol.dialects.model import CANONICAL, UNNUMBERED, Heard, State
from devices.protocol.dialects.reading import Dialect

_HEAD = frozenset({"ts", "seq", "boot", "lift"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Overheard:
    """One object of a message, or why it cannot be read (`refused` is then the reason)."""

    at: datetime
    topic: str
    area: str = ""
    gateway: str = ""
    kind: str = ""
    lift: str = ""
    told: Mapping[str, object] = field(default_factory=dict)
    refused: str = ""
    detail: str = ""
    raw: bytes = b""

    def as_json(self) -> dict[str, object]:
        """For programs."""
        told: dict[str, object] = {"at": self.at.isoformat(), "topic": self.topic}
        if self.refused:
            raw = self.raw.decode("utf-8", "backslashreplace")
            return {**told, "refused": self.refused, "detail": self.detail, "raw": raw}
        return {**told, "message": dict(self.told)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which of them; what is empty narrows nothing. `text` is a lift, a gateway or a city."""

    text: str = ""
    area: str = ""
    kind: str = ""
    refused_only: bool = False

    def takes(self, one: Overheard) -> bool:
        """Whether it is shown."""
        if self.refused_only and not one.refused:
            return False
        if self.area and one.area != self.area:
            return False
        if self.kind and one.kind != self.kind:
            return False
        return not self.text or self.text in {one.lift, one.gateway, one.area}


class Ear:
    """Understands the hub's own contract, and the dialects that gateways speak.

    speakers: the dialect of each gateway that does not speak the hub's own. Lists of active codes
    are compared from message to message, so an ear is for one listener.
    """

    def __init__(
        self,
        dialects: Mapping[str, Dialect] | None = None,
        speakers: Mapping[str, str] | None = None,
    ) -> None:
        self._dialects = dialects or {}
        self._speakers = speakers or {}
        self._states: dict[str, State] = {}

    def filters(self) -> tuple[str, ...]:
        """The topics of the dialects that somebody speaks, beside the hub's own."""
        spoken = sorted(set(self._speakers.values()) & self._dialects.keys())
        return tuple(place.filter for name in spoken for place in self._dialects[name].topics)

    def read(self, topic: str, payload: bytes, at: datetime) -> Iterator[Overheard]:
        """Every object of a message."""
        try:
            parsed = topics.parse(topic)
        except InvalidMessage as no:
            for dialect in self._dialects.values():
                if place := dialect.place(topic):
                    one = Overheard(at=at, topic=topic, area=place.area, gateway=place.device)
                    yield from self._mapped(one, dialect, place.word, payload)
                    return
            yield Overheard(at=at, topic=topic, refused=no.reason, detail=no.detail, raw=payload)
            return
        one = Overheard(
            at=at, topic=topic, area=parsed.area, gateway=parsed.device, kind=str(parsed.kind)
        )
        spoken = self._dialects.get(self._speakers.get(parsed.device, CANONICAL))
        if spoken is None or parsed.realm is not topics.Realm.LIFT or spoken.identity:
            decoded = codec.decode(parsed, payload)
            yield from (_told(one, message) for message in decoded.messages)
            yield from (_refused(one, each) for each in decoded.refusals)
        else:
            yield from self._mapped(one, spoken, str(parsed.kind), payload)

    def _mapped(
        self, one: Overheard, dialect: Dialect, word: str, payload: bytes
    ) -> Iterator[Overheard]:
        heard = Heard(one.gateway, word)
        state = self._states.get(one.gateway, State())
        arrived_ms = int(one.at.timestamp() * 1000)
        mapped = dialect.read(heard, payload, state, arrived_ms=arrived_ms)
        self._states[one.gateway] = mapped.state
        for message in mapped.messages:
            yield _told(replace(one, kind=type(message).__name__.lower()), message)
        yield from (_refused(one, each) for each in mapped.refusals)
        if not mapped.messages and not mapped.refusals:
            yield replace(one, kind=dialect.name)  # it tells nothing of ours, but it was heard


def _told(one: Overheard, message: m.Message) -> Overheard:
    fields = msgspec.json.decode(codec.encode(message), type=dict[str, object])
    if fields.get("boot") == UNNUMBERED:  # the number is a print of ours, and says nothing
        fields = {name: value for name, value in fields.items() if name not in ("seq", "boot")}
    return replace(one, lift=str(fields.get("lift", "")), told=fields)


def _refused(one: Overheard, no: codec.Refusal) -> Overheard:
    detail = f"{no.field}: {no.detail}" if no.field else no.detail
    return replace(one, refused=no.reason, detail=detail, raw=no.raw)


def words(one: Overheard) -> str:
    """Its fields in one line, without what stands elsewhere in the line."""
    if one.refused:
        return f"{one.refused}  {one.detail}"
    return " ".join(
        f"{name}={value if isinstance(value, str) else msgspec.json.encode(value).decode()}"
        for name, value in one.told.items()
        if name not in _HEAD
    )
