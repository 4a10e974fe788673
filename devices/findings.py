"""What one process finds and another acts on: the payloads of hand-off rows.

Telemetry raises and clears conditions, video tells of cameras gone dark and back, the public pages
take reports. Each is a struct of one tagged union, so a row decodes into exactly one of them.
`event_id` names the fact: raised and cleared carry the same one, and applying a row twice changes
nothing.
"""

from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec import Struct


class Severity(StrEnum):
    """How bad a condition is (table of canonical events)."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    INFO = "info"


class ConditionRaised(Struct, frozen=True, kw_only=True, tag="condition_raised"):
    """A lift, gateway or kitchen point is in a condition that somebody must know.

    subject_kind: `lift` (subject is its rescue code), `gateway` or `kitchen` (subject is a gateway
    id or `kitchen-code/point`). code: a canonical key of devices.codes. `since` is when it began by
    the hub's clock, `device_at` by the device's where it said so.
    """

    event_id: str
    subject_kind: str
    subject: str
    code: str
    severity: Severity
    since: datetime
    device_at: datetime | None = None
    floor: int | None = None
    occupied: bool | None = None
    detail: str = ""


class ConditionCleared(Struct, frozen=True, kw_only=True, tag="condition_cleared"):
    """The condition of that event id has ended; `reason` where it is not simply over."""

    event_id: str
    subject_kind: str
    subject: str
    code: str
    at: datetime
    reason: str = ""


class CameraDark(Struct, frozen=True, kw_only=True, tag="camera_dark"):
    """A camera no longer delivers pictures; `state` is stalled or offline."""

    event_id: str
    camera: str
    state: str
    since: datetime
    reason: str


class CameraBack(Struct, frozen=True, kw_only=True, tag="camera_back"):
    """The camera of that event id delivers again."""

    event_id: str
    camera: str
    at: datetime


class PublicReport(Struct, frozen=True, kw_only=True, tag="public_report"):
    """Somebody reported a lift through its QR page. Phone number and name are personal data."""

    event_id: str
    lift: str
    at: datetime
    trapped: bool
    people: int | None = None
    injured: bool = False
    note: str = ""
    reporter_name: str = ""
    reporter_phone: str = ""


Finding = ConditionRaised | ConditionCleared | CameraDark | CameraBack | PublicReport

_decoder: msgspec.json.Decoder[Finding] = msgspec.json.Decoder(Finding)


def encode(finding: Finding) -> bytes:
    """A finding as the payload of a hand-off row."""
    return msgspec.json.encode(finding)


def decode(payload: bytes) -> Finding:
    """Read a hand-off payload; raises msgspec.DecodeError on what none of us wrote."""
    return _decoder.decode(payload)


def row_id(finding: Finding) -> str:
    """The unique key of a finding's hand-off row: begin and end are two rows of one event."""
    match finding:
        case ConditionCleared() | CameraBack():
            return f"{finding.event_id}/end"
        case ConditionRaised() | CameraDark() | PublicReport():
            return finding.event_id
