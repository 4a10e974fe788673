"""What the room keeps: incidents, their assignments, reports and notices, and alarms."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from alerts.alarm import AlarmState
from alerts.assignment import AssignmentState, TargetKind
from alerts.incident import IncidentState
from alerts.ladder import Kind
from alerts.policy import Policy
from devices.model import Lift

LOG = "log"  # the sender that writes notices into the hub's own log


class Source(StrEnum):
    """How an incident or a report reached us."""

    BUTTON = "button"
    INTERCOM = "intercom"
    INFERRED = "inferred"
    FORM = "form"
    PUBLIC = "public"


class NoticeState(StrEnum):
    """Where a notice stands. `failed` is given up: its sender said that no retry helps."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """A need for help as it was told. `event_key` names the telling: a repeat changes nothing.

    `lift` is None for a lift that the registry does not know; then `place` must say where.
    """

    event_key: str
    kind: Kind
    source: Source
    lift: Lift | None = None
    lift_code: str = ""
    area: str = ""
    district: str = ""
    place: str = ""
    people: int | None = None
    injured: bool = False
    vulnerable: str = ""
    floor: int | None = None
    note: str = ""
    reporter_name: str = ""
    reporter_phone: str = ""

    @property
    def fingerprint(self) -> str:
        """The digest of what a repeat under the same key must tell again: lift, place and kind."""
        code = self.lift.rescue_code if self.lift else self.lift_code
        told = "\n".join((self.kind, code, "" if self.lift else self.place.strip()))
        return hashlib.sha256(told.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Opened:
    """What became of an intake. A repeat answers the same incident, neither created nor merged."""

    incident_id: str
    created: bool
    merged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One need for help at one lift. Instants are the hub's; `policy` is its own snapshot."""

    id: str
    event_key: str
    lift_id: int | None
    lift_code: str
    area: str
    district: str
    place: str
    kind: Kind
    source: Source
    state: IncidentState
    level: int
    people: int | None
    injured: bool
    vulnerable: str
    floor: int | None
    note: str
    opened_at: datetime
    located_at: datetime | None
    dispatched_at: datetime | None
    acknowledged_at: datetime | None
    en_route_at: datetime | None
    on_scene_at: datetime | None
    freed_at: datetime | None
    confirmed_at: datetime | None
    cause_reported_at: datetime | None
    closed_at: datetime | None
    target_missed_at: datetime | None
    statutory_missed_at: datetime | None
    cause_code: str | None
    cause_text: str
    policy: Policy
    taken_steps: frozenset[str]
    wake_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One target asked to help with one incident."""

    id: int
    incident_id: str
    level: int
    target_kind: TargetKind
    target_id: int | None
    target_name: str
    target_phone: str
    state: AssignmentState
    responder: str
    proof: str
    offered_at: datetime
    acknowledged_at: datetime | None
    en_route_at: datetime | None
    on_scene_at: datetime | None
    ended_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One telling of an incident; name and phone are personal data.

    `fingerprint` tells whether a repeat says the same; it is empty where an older hub wrote it.
    """

    id: int
    incident_id: str
    event_key: str
    at: datetime
    source: Source
    people: int | None
    injured: bool
    note: str
    reporter_name: str
    reporter_phone: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A row of the outbox: what is to be told to whom by which sender."""

    id: int
    key: str
    incident_id: str
    sender: str
    recipient: str
    destination: str
    body: dict[str, object]
    state: NoticeState
    created_at: datetime
    next_at: datetime | None
    attempts: int
    sent_at: datetime | None
    last_error: str

    @property
    def outgoing(self) -> bool:
        """Whether it leaves the hub: what is written into the log reaches nobody by itself."""
        return self.sender != LOG

    @property
    def delivery(self) -> str:
        """Its state as people must understand it: `logged` is not `sent`."""
        return "logged" if self.state is NoticeState.SENT and not self.outgoing else self.state


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A condition that somebody should look at; `folded_into`: the alarm that tells it too.

    subject_kind: lift, building (by its first lift), gateway, area, kitchen, camera; station, firm
    or team, for their rosters.
    """

    event_id: str
    subject_kind: str
    subject: str
    code: str
    severity: str
    state: AlarmState
    detail: str
    since: datetime
    cleared_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    incident_id: str | None
    folded_into: str = ""
