"""The words of escalation: what the rules of alerts.sla see and what they answer. Data only."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from alerts.assignment import AssignmentState, TargetKind
from alerts.incident import IncidentState


class Kind(StrEnum):
    """What an incident is about."""

    TRAPPED = "trapped"
    FAULT = "fault"


class Rung(StrEnum):
    """The rungs of the ladder; a step is `rung/n`."""

    ANSWER = "answer"
    LEVEL2 = "level2"
    TARGET_ARRIVAL = "target_arrival"
    STATUTORY_ARRIVAL = "statutory_arrival"
    LEVEL3 = "level3"
    LEVEL3_URGED = "level3_urged"
    NOT_FREED = "not_freed"
    CALLBACK = "callback"
    CAUSE = "cause"
    DISPATCH = "dispatch"


class Audience(StrEnum):
    """Whom a notice addresses."""

    TARGET = "target"
    SEAT = "seat"
    SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody who can be asked. `id` is firm.id or station.id; None for public rescue."""

    kind: TargetKind
    id: int | None
    name: str
    phone: str
    webhook_url: str = ""
    reasons: tuple[str, ...] = ()
    shortfalls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """An assignment as the rules see it, in the order of offering."""

    id: int
    level: int
    target: Target
    state: AssignmentState
    offered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    """All that the ladder depends on. `stations` are ranked, best first.

    located: the lift is known, so that `firm` is None only where none is registered.
    """

    kind: Kind
    state: IncidentState
    level: int
    injured: bool
    opened_at: datetime
    on_scene_at: datetime | None = None
    freed_at: datetime | None = None
    confirmed_at: datetime | None = None
    cause_reported_at: datetime | None = None
    taken: frozenset[str] = frozenset()
    asked: tuple[Asked, ...] = ()
    located: bool = True
    firm: Target | None = None
    stations: tuple[Target, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A rung taken: its key, when it was due, and why it was taken."""

    key: str
    rung: Rung
    due_at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Offer:
    """An assignment to write. `answer_by` is when its silence will have a consequence."""

    level: int
    target: Target
    why: str
    answer_by: datetime


@dataclass(frozen=True, slots=True)
class Skipped:
    """A level that nobody was asked at, and why."""

    level: int
    why: str


@dataclass(frozen=True, slots=True)
class NoticeOrder:
    """A notice to write, keyed by its step; `target` only where the audience is a target."""

    step: str
    rung: Rung
    audience: Audience
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class Next:
    """The rung that comes next, and when it is due."""

    rung: Rung
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything that must change; `lapsed` are ids of assignments that nobody answered."""

    level: int
    steps: tuple[Step, ...] = ()
    offers: tuple[Offer, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    lapsed: tuple[int, ...] = ()
    notices: tuple[NoticeOrder, ...] = ()
    target_missed: bool = False
    statutory_missed: bool = False
    next: Next | None = None
    wake_at: datetime | None = None
