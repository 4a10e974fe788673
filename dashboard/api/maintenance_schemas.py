"""What /api/v1/maintenance takes and gives."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field

from core.geo import Position
from dashboard.api.schemas import Taken
from dashboard.bounds import Day, Moment, Version
from devices.maintenance import content
from devices.maintenance.handing_in import HandedIn
from devices.maintenance.period import CalledForBy, Period
from devices.maintenance.queries import PlanRow, VisitRow
from devices.maintenance.record import Record
from devices.maintenance.submission import Answer, CheckIn, Hazard, Means, Submission

MOST_ITEMS = 100  # the longest list has 76
MOST_PHOTOS = 6
Code = Annotated[str, Field(pattern=r"^([0-9]{6}|[0-9]{20})$", examples=["235274"])]
Worker = Annotated[str, Field(min_length=1, max_length=32, examples=["W001"])]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Reason = Annotated[str, Field(max_length=500)]


class PlaceIn(Taken):
    """A position in WGS-84, degrees."""

    latitude: Annotated[float, Field(ge=-90, le=90, examples=[34.7])]
    longitude: Annotated[float, Field(ge=-180, le=180, examples=[113.6])]


class CheckInIn(Taken):
    """A worker at the lift, by the code that stands there or by position. The phone's time."""

    worker: Worker
    at: Moment
    means: Means = Field(examples=["code"])
    position: PlaceIn | None = None
    code: Annotated[str, Field(max_length=64, examples=["ABCDEFGH23"])] = ""

    def given(self) -> CheckIn:
        """The same as the rules know it."""
        at = self.position
        place = None if at is None else Position(at.latitude, at.longitude)
        return CheckIn(self.worker, self.at, self.means, place, self.code)


class AnswerIn(Taken):
    """One item. `photos` are digests that sending the pictures was answered with."""

    code: Annotated[str, Field(max_length=16, examples=["A-1-29"])]
    answer: Answer = Field(examples=["done"])
    reason: Reason = ""
    photos: Annotated[list[Digest], Field(max_length=MOST_PHOTOS)] = Field(default_factory=list)


class VisitIn(Taken):
    """A visit as a phone or a firm's own system hands it in; every instant by the sender's clock.

    Instants have an offset (`2026-11-23T09:30:00+08:00`), days are `2026-11-23`.
    """

    item_list: Annotated[str, Field(max_length=32, examples=["A@1"])]
    period: Period = Field(examples=["half_month"])
    called_for_by: CalledForBy = CalledForBy.CALENDAR
    workers: Annotated[list[Worker], Field(max_length=8, examples=[["W001", "W002"]])]
    check_ins: Annotated[list[CheckInIn], Field(max_length=32)]
    started_at: Moment
    finished_at: Moment
    sent_at: Moment = Field(description="now, by the sender's clock: tells its skew")
    answers: Annotated[list[AnswerIn], Field(max_length=MOST_ITEMS)]
    hazards: Annotated[list[Hazard], Field(max_length=8, examples=[["S0"]])]
    signed_by: Annotated[list[Worker], Field(max_length=8, examples=[["W001", "W002"]])]
    planned_next: Day | None = Field(default=None, examples=["2026-12-07"])

    def submission(self) -> Submission:
        """The same as the rules know it."""
        told = self.model_dump(mode="json", exclude={"lift_code", "why"})
        return content.read(told)


class RecordIn(VisitIn):
    """A visit of a lift."""

    lift_code: Code


class AmendmentIn(VisitIn):
    """The whole visit as it should have been, and why it was not."""

    why: Annotated[str, Field(min_length=1, max_length=500)]


class StartIn(Taken):
    """Who begins."""

    workers: Annotated[list[Worker], Field(max_length=8)] = Field(default_factory=list)


class MoveIn(Taken):
    """A step of a visit: why, and the version it was decided on."""

    reason: Reason = ""
    version: Version = None


class RescheduleIn(Taken):
    """Another day, or another team, for a visit that has not begun."""

    planned_on: Day
    team: Annotated[str, Field(max_length=32)] = ""
    reason: Reason


class RecordedOut(BaseModel):
    """What became of a visit. The same key is answered the same, with `again` true."""

    record_id: str = Field(examples=["01KAQJ6ZP4M2YB6X3C9T0RW5EN"])
    visit_id: str
    lift: str = Field(examples=["235274"])
    seq: int = Field(description="place in the lift's chain", examples=[12])
    digest: str
    state: str = Field(examples=["submitted"])
    remarks: list[str] = Field(examples=[["handed_in_late"]])
    confirm_by: datetime | None
    next_period: str | None = Field(examples=["half_month"])
    next_due: date | None
    sandbox: bool = Field(description="kept apart: counts nowhere")
    again: bool

    @classmethod
    def of(cls, done: HandedIn) -> Self:
        """The outside of `done`."""
        return cls(
            record_id=done.record.id,
            visit_id=done.visit.id,
            lift=done.record.lift_code,
            seq=done.record.seq,
            digest=done.record.digest,
            state=done.visit.state,
            remarks=list(done.visit.remarks),
            confirm_by=done.visit.confirm_by,
            next_period=None if done.next is None else done.next.period,
            next_due=None if done.next is None else done.next.on,
            sandbox=done.visit.sandbox,
            again=done.again,
        )


class RecordOut(BaseModel):
    """A record as it is kept; `content` is what the digest covers."""

    record_id: str
    lift: str
    seq: int
    kind: str = Field(examples=["visit"])
    recorded_at: datetime
    recorded_by: str
    amends: str | None
    why: str
    previous: str
    digest: str
    content: Mapping[str, Any]  # Any: plain JSON of the record's form

    @classmethod
    def of(cls, found: Record) -> Self:
        """The outside of `found`."""
        return cls(
            record_id=found.id,
            lift=found.lift_code,
            seq=found.seq,
            kind=found.kind,
            recorded_at=found.recorded_at,
            recorded_by=found.recorded_by,
            amends=found.amends,
            why=found.why,
            previous=found.previous,
            digest=found.digest,
            content=found.content,
        )


class PlanOut(BaseModel):
    """What a lift is due for; days are local ones of the hub's zone."""

    lift: str
    address: str
    district: str
    street: str
    firm: str
    period: str = Field(examples=["half_month"])
    due_on: date | None
    days_left: int | None = Field(description="below 0: overdue by so many days", examples=[-3])
    planned_on: date | None
    last_on: date | None
    on_demand: bool
    reasons: list[str]
    service: str = Field(examples=["in_service"])
    visit_id: str | None
    visit_state: str | None
    item_list: str | None = Field(examples=["A@1"])

    @classmethod
    def of(cls, row: PlanRow, today: date, item_list: str | None) -> Self:
        """The outside of `row`."""
        return cls(
            lift=row.lift.rescue_code,
            address=f"{row.lift.address} {row.lift.building}".strip(),
            district=row.lift.district,
            street=row.plan.street,
            firm=row.firm,
            period=row.plan.period,
            due_on=row.plan.due_on,
            days_left=row.plan.days_left(today),
            planned_on=row.visit.planned_on if row.visit else row.plan.planned_on,
            last_on=row.plan.last_on,
            on_demand=row.plan.demand is not None and row.plan.fell_back_on is None,
            reasons=list(row.plan.reasons),
            service=row.plan.service,
            visit_id=row.visit.id if row.visit else None,
            visit_state=row.visit.state if row.visit else None,
            item_list=item_list,
        )


class VisitOut(BaseModel):
    """A visit and where it stands."""

    id: str
    lift: str
    firm: str
    state: str = Field(examples=["submitted"])
    period: str
    called_for_by: str
    due_on: date | None
    planned_on: date | None
    workers: list[str]
    began_at: datetime | None
    ended_at: datetime | None
    received_at: datetime | None
    record_id: str | None
    remarks: list[str]
    hazards: list[str]
    confirm_by: datetime | None
    confirmed_at: datetime | None
    reason: str
    sandbox: bool
    version: int

    @classmethod
    def of(cls, row: VisitRow) -> Self:
        """The outside of `row`."""
        v = row.visit
        names = [n for n in cls.model_fields if n not in {"lift", "firm"}]
        told = {name: getattr(v, name) for name in names}
        told |= {"workers": list(v.workers), "remarks": list(v.remarks)}
        told |= {"hazards": [str(each) for each in v.hazards]}
        return cls.model_validate({**told, "lift": row.lift.rescue_code, "firm": row.firm})


class ItemOut(BaseModel):
    """One item of a list."""

    code: str
    period: str
    zh: str
    en: str
    key: bool = Field(description="wants a photo")
    note_zh: str
    note_en: str


class PhotoOut(BaseModel):
    """A picture that is kept."""

    digest: str
    media_type: str
    size: int
