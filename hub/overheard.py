"""What a message on the broker says, line by line: pure, by the codec that telemetry reads with."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from core.errors import InvalidMessage
from devices.protocol import codec, topics

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


def read(topic: str, payload: bytes, at: datetime) -> Iterator[Overheard]:
    """Every object of a message."""
    try:
        parsed = topics.parse(topic)
    except InvalidMessage as no:
        yield Overheard(at=at, topic=topic, refused=no.reason, detail=no.detail, raw=payload)
        return
    decoded = codec.decode(parsed, payload)
    for message in decoded.messages:
        fields = msgspec.json.decode(codec.encode(message), type=dict[str, object])
        yield Overheard(
            at=at,
            topic=topic,
            area=parsed.area,
            gateway=parsed.device,
            kind=str(parsed.kind),
            lift=str(fields.get("lift", "")),
            told=fields,
        )
    for each in decoded.refusals:
        yield Overheard(
            at=at,
            topic=topic,
            area=parsed.area,
            gateway=parsed.device,
            kind=str(parsed.kind),
            refused=each.reason,
            detail=f"{each.field}: {each.detail}" if each.field else each.detail,
            raw=each.raw,
        )


def words(one: Overheard) -> str:
    """Its fields in one line, without what stands elsewhere in the line."""
    if one.refused:
        return f"{one.refused}  {one.detail}"
    return " ".join(
        f"{name}={value if isinstance(value, str) else msgspec.json.encode(value).decode()}"
        for name, value in one.told.items()
        if name not in _HEAD
    )
