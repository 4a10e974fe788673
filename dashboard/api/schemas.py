"""What the JSON interface takes and gives. Pydantic stays here, at the edge."""

from datetime import datetime
from typing import Annotated, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from alerts.assignment import Proof
from alerts.ladder import Kind, Next
from alerts.model import Assignment
from alerts.queries import IncidentDetail
from alerts.views import IncidentRow
from core.journal import Recorded
from dashboard.bounds import MOST, Version
from devices.model import Camera, Kitchen, Lift
from devices.presence import Presence

T = TypeVar("T")
Text = Annotated[str, Field(max_length=500)]


class Taken(BaseModel):
    """A request body: unknown members are refused by name."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Listed(BaseModel, Generic[T]):
    """A part of a list, and how long the whole is."""

    items: list[T]
    total: int


class AssignmentOut(BaseModel):
    """One target asked to help with one incident."""

    id: int = Field(examples=[41])
    incident: str = Field(examples=["20261123-0007"])
    level: int = Field(examples=[1])
    target_kind: str = Field(examples=["firm"])
    target_name: str
    target_phone: str
    state: str = Field(examples=["offered"])
    responder: str
    proof: str
    offered_at: datetime
    acknowledged_at: datetime | None
    en_route_at: datetime | None
    on_scene_at: datetime | None
    ended_at: datetime | None
    version: int

    @classmethod
    def of(cls, found: Assignment) -> Self:
        """The outside of `found`."""
        return cls(
            id=found.id,
            incident=found.incident_id,
            level=found.level,
            target_kind=found.target_kind.value,
            target_name=found.target_name,
            target_phone=found.target_phone,
            state=found.state.value,
            responder=found.responder,
            proof=found.proof,
            offered_at=found.offered_at,
            acknowledged_at=found.acknowledged_at,
            en_route_at=found.en_route_at,
            on_scene_at=found.on_scene_at,
            ended_at=found.ended_at,
            version=found.version,
        )


class AssignmentIn(Taken):
    """What a crew tells with a step. `proof` belongs to an arrival."""

    responder: Annotated[str, Field(max_length=64)] = ""
    proof: Proof | None = None
    reason: Text = ""
    version: Version = None


class NextRung(BaseModel):
    """What the hub does next by itself, and when."""

    rung: str = Field(examples=["level2"])
    due_at: datetime

    @classmethod
    def of(cls, found: Next | None) -> Self | None:
        """The outside of `found`."""
        return None if found is None else cls(rung=found.rung.value, due_at=found.due_at)


class IncidentOut(BaseModel):
    """An incident as a list shows it."""

    id: str = Field(examples=["20261123-0007"])
    lift_code: str = Field(examples=["235274"])
    area: str = Field(examples=["410100"])
    district: str
    place: str
    kind: str = Field(examples=["trapped"])
    source: str = Field(examples=["button"])
    state: str = Field(examples=["dispatched"])
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
    version: int
    next: NextRung | None = None
    assignments: list[AssignmentOut] = []

    @classmethod
    def of(cls, row: IncidentRow | IncidentDetail) -> Self:
        """The outside of `row`."""
        return cls.model_validate(_incident_fields(row))


def _incident_fields(row: IncidentRow | IncidentDetail) -> dict[str, object]:
    told: dict[str, object] = {
        name: getattr(row.incident, name)
        for name in IncidentOut.model_fields
        if name not in {"next", "assignments"}
    }
    told["next"] = NextRung.of(row.next)
    told["assignments"] = [AssignmentOut.of(each) for each in row.assignments]
    return told


class Happening(BaseModel):
    """One entry of the timeline."""

    at: datetime
    verb: str = Field(examples=["accepted"])
    actor_kind: str
    actor: str
    facts: dict[str, object]
    reason: str

    @classmethod
    def of(cls, found: Recorded) -> Self:
        """The outside of `found`; digests of personal data stay inside."""
        facts = {k: v for k, v in found.entry.facts.items() if k != "personal_digests"}
        return cls(
            at=found.entry.at,
            verb=found.entry.verb,
            actor_kind=found.entry.actor.kind,
            actor=found.entry.actor.id,
            facts=facts,
            reason=found.entry.reason,
        )


class IncidentFull(IncidentOut):
    """An incident with its timeline and with what may be done now."""

    actions: list[str]
    levels: list[int]
    timeline: list[Happening]

    @classmethod
    def of(cls, row: IncidentRow | IncidentDetail) -> Self:
        """The outside of a detail."""
        if not isinstance(row, IncidentDetail):
            raise TypeError("a row has no timeline")
        more = {
            "actions": [each.value for each in row.actions],
            "levels": list(row.levels),
            "timeline": [Happening.of(each) for each in row.timeline],
        }
        return cls.model_validate(_incident_fields(row) | more)


class IntakeIn(Taken):
    """A call that a dispatcher takes. Tell the lift's code, or the place where nobody knows it."""

    kind: Kind = Kind.TRAPPED
    lift_code: Annotated[str, Field(pattern=r"^([0-9]{6}|[0-9]{20})?$", examples=["235274"])] = ""
    area: Annotated[str, Field(pattern=r"^([0-9]{6})?$")] = ""
    district: Annotated[str, Field(pattern=r"^([0-9]{6})?$")] = ""
    place: Annotated[str, Field(max_length=400)] = ""
    people: Annotated[int | None, Field(ge=0, le=99)] = None
    injured: bool = False
    vulnerable: Annotated[str, Field(max_length=200)] = ""
    floor: Annotated[int | None, Field(ge=-9, le=199)] = None
    note: Text = ""
    reporter_name: Annotated[str, Field(max_length=64)] = ""
    reporter_phone: Annotated[str, Field(max_length=32)] = ""


class OpenedOut(BaseModel):
    """What became of an intake: a repeat answers the same incident."""

    id: str
    created: bool
    merged: bool


class ActionIn(Taken):
    """What goes with an action: a note, a reason, the cause's code, the lift that was found."""

    text: Text = ""
    reason: Text = ""
    code: Annotated[str, Field(max_length=8)] = ""
    lift_code: Annotated[str, Field(pattern=r"^([0-9]{6}|[0-9]{20})?$")] = ""
    version: Version = None


class LevelIn(Taken):
    """Raise the level: 2 asks the next rescue station, 3 public rescue."""

    level: Annotated[int, Field(ge=2, le=3)]
    reason: Text = ""
    version: Version = None


class StandDownIn(Taken):
    """Stand one crew down."""

    assignment: Annotated[int, Field(ge=0, le=MOST)]
    reason: Text = ""


class LiftOut(BaseModel):
    """A lift of the registry."""

    rescue_code: str = Field(examples=["235274"])
    registration_code: str
    area: str
    district: str
    address: str
    building: str
    latitude: float | None
    longitude: float | None
    kind: str
    place_type: str
    min_floor: int
    max_floor: int
    rated_speed_m_per_s: float
    rated_load_kg: int

    @classmethod
    def of(cls, found: Lift) -> Self:
        """The outside of `found`."""
        return cls.model_validate(lift_fields(found))


def lift_fields(found: Lift) -> dict[str, object]:
    """What a lift shows."""
    position = found.position
    return {
        "rescue_code": found.rescue_code,
        "registration_code": found.registration_code,
        "area": found.area,
        "district": found.district,
        "address": found.address,
        "building": found.building,
        "latitude": position.latitude if position else None,
        "longitude": position.longitude if position else None,
        "kind": found.kind.value,
        "place_type": found.place_type.value,
        "min_floor": found.min_floor,
        "max_floor": found.max_floor,
        "rated_speed_m_per_s": found.rated_speed_m_per_s,
        "rated_load_kg": found.rated_load_kg,
    }


class LiftFull(LiftOut):
    """A lift with what it last said; `received_at` null: it never spoke."""

    presence: Presence = Field(description="late after 90 s without a word, offline after 5 min")
    received_at: datetime | None
    device_at: datetime | None
    gateway: str | None
    status: dict[str, object]
    open_conditions: list[str]
    open_incidents: list[str]


class PointOut(BaseModel):
    """One step of a history; several samples of a step are told by their bounds."""

    at: datetime
    mean: float | None
    min: float | None
    max: float | None
    last: float | int | str | bool | None


class SeriesOut(BaseModel):
    """The history of one field of one lift."""

    lift: str
    field: str
    points: list[PointOut]


class CameraOut(BaseModel):
    """A camera of a kitchen; where its picture comes from is secret."""

    id: str
    label: str
    published: bool
    enabled: bool
    state: str
    since: datetime | None
    last_picture_at: datetime | None
    playlist: str | None = Field(description="address that plays for an hour")


class KitchenOut(BaseModel):
    """A kitchen of the registry."""

    code: str
    name: str
    kind: str
    area: str
    district: str
    address: str
    operator: str
    licence_number: str
    grade: str
    published: bool
    opens: str = Field(examples=["07:00"])
    closes: str = Field(examples=["21:00"])

    @classmethod
    def of(cls, found: Kitchen) -> Self:
        """The outside of `found`."""
        return cls.model_validate(kitchen_fields(found))


def kitchen_fields(found: Kitchen) -> dict[str, object]:
    """What a kitchen shows."""
    return {
        "code": found.code,
        "name": found.name,
        "kind": found.kind.value,
        "area": found.area,
        "district": found.district,
        "address": found.address,
        "operator": found.operator,
        "licence_number": found.licence_number,
        "grade": found.grade,
        "published": found.published,
        "opens": f"{found.opens:%H:%M}",
        "closes": f"{found.closes:%H:%M}",
    }


class KitchenFull(KitchenOut):
    """A kitchen with its cameras."""

    cameras: list[CameraOut]


def camera_out(camera: Camera, state: str, **facts: datetime | str | None) -> CameraOut:
    """The outside of `camera`, in `state`."""
    return CameraOut.model_validate(
        {
            "id": camera.id,
            "label": camera.label,
            "published": camera.published,
            "enabled": camera.enabled,
            "state": state,
            **facts,
        }
    )
