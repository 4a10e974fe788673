"""The topic grammar: built and parsed here and nowhere else.

`lift/v1/{area}/{device}/{kind}` and `kitchen/v1/{area}/{device}/{kind}`; area is the city's
6-digit division code, device the gateway's id.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from sys import intern

from core.errors import InvalidMessage
from devices.protocol.messages import Kind

AREA = re.compile(r"^[0-9]{6}$")
DEVICE = re.compile(r"^[A-Za-z0-9_-]{1,32}$")


class Realm(StrEnum):
    """The first level of a topic."""

    LIFT = "lift"
    KITCHEN = "kitchen"


KINDS = {
    Realm.LIFT: frozenset(
        {
            Kind.CALL,
            Kind.RECEIPT,
            Kind.EVENT,
            Kind.STATUS,
            Kind.STATS,
            Kind.HEARTBEAT,
            Kind.CMD,
            Kind.CMD_ACK,
        }
    ),
    Realm.KITCHEN: frozenset({Kind.SENSOR, Kind.FINDING, Kind.STATUS, Kind.HEARTBEAT}),
}

_TO_DEVICES = frozenset({Kind.RECEIPT, Kind.CMD})

EMERGENCY_FILTERS = ("lift/v1/+/+/call",)
TELEMETRY_FILTERS = (
    *(f"lift/v1/+/+/{k}" for k in ("event", "status", "stats", "heartbeat", "cmd-ack")),
    *(f"kitchen/v1/+/+/{k}" for k in ("sensor", "finding", "status", "heartbeat")),
)


def said_by(device: str, area: str = "+") -> tuple[str, ...]:
    """The topics, or filters, on which a gateway speaks."""
    kinds = ((realm, kind) for realm in Realm for kind in sorted(KINDS[realm] - _TO_DEVICES))
    return tuple(f"{realm}/v1/{area}/{device}/{kind}" for realm, kind in kinds)


def said_to(device: str, area: str = "+") -> tuple[str, ...]:
    """The topics, or filters, on which a gateway is spoken to."""
    lift = (f"{Realm.LIFT}/v1/{area}/{device}/{kind}" for kind in sorted(_TO_DEVICES))
    return (*lift, f"{Realm.KITCHEN}/v1/{area}/{device}/{Kind.CMD}")


@dataclass(frozen=True, slots=True)
class Topic:
    """A parsed topic; `str()` builds it back."""

    realm: Realm
    area: str
    device: str
    kind: Kind

    def __str__(self) -> str:
        return f"{self.realm}/v1/{self.area}/{self.device}/{self.kind}"


def parse(text: str) -> Topic:
    """Read a topic; raises InvalidMessage("bad_topic") naming the level that is wrong."""
    levels = text.split("/")
    if len(levels) != 5:  # noqa: PLR2004  (the grammar above)
        raise InvalidMessage("bad_topic", f"expected 5 levels, got {len(levels)}", field="topic")
    realm, version, area, device, kind = levels
    if realm not in set(Realm):
        raise InvalidMessage(
            "bad_topic", f"first level is lift or kitchen, not {realm[:32]!r}", field="topic"
        )
    if version != "v1":
        raise InvalidMessage("bad_topic", f"version is v1, not {version[:32]!r}", field="topic")
    if not AREA.fullmatch(area):
        raise InvalidMessage("bad_topic", "area is the city's 6-digit division code", field="area")
    if not DEVICE.fullmatch(device):
        raise InvalidMessage("bad_topic", "device is 1 to 32 of A-Z a-z 0-9 _ -", field="device")
    if kind not in {str(k) for k in KINDS[Realm(realm)]}:
        raise InvalidMessage("bad_topic", f"unknown kind {kind[:32]!r} for {realm}", field="kind")
    return Topic(Realm(realm), intern(area), intern(device), Kind(kind))
