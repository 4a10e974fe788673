"""/rosters: who is on duty, week by week, and every change to a roster."""

from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from core.journal import Actor
from dashboard import rostering, sight
from dashboard.access import Action
from dashboard.api.schemas import Listed
from dashboard.bounds import Offset
from dashboard.deps import AppContext, Context, CurrentActor, CurrentScope, require, verified_csrf
from dashboard.rostering import EndRotaIn, LeaveIn, RotaIn, SwapIn, TermsIn, WithdrawIn
from dashboard.scope import Scope
from devices.days import ONE_DAY, day_begins, local_day
from devices.roster import Gap, OnDuty, gaps, worked
from devices.rosters import queries
from devices.rosters.model import KeptRoster, OwnerKind
from devices.rosters.queries import Standing

MOST_DAYS = 62
SEES = [Depends(require(Action.SEE_ROSTERS))]
KEEPS = [Depends(require(Action.KEEP_ROSTERS)), Depends(verified_csrf)]
router = APIRouter(prefix="/rosters", tags=["rosters"])
Code = Annotated[
    str, Path(description="the station's or firm's code; a team's as FIRM:TEAM", examples=["S001"])
]


class OnDutyOut(BaseModel):
    """Somebody on duty, in the shift that began on `day`."""

    person: str = Field(examples=["001"])
    name: str
    shift: str
    day: date
    instead_of: str | None

    @classmethod
    def of(cls, found: OnDuty, kept: KeptRoster) -> "OnDutyOut":
        """The same, with the person's name."""
        return cls(
            person=found.person,
            name=kept.named(found.person),
            shift=found.shift,
            day=found.day,
            instead_of=found.instead_of,
        )


class GapOut(BaseModel):
    """A time with fewer people than are needed."""

    begins_at: datetime
    ends_at: datetime
    people: int

    @classmethod
    def of(cls, found: Gap) -> "GapOut":
        """The same."""
        return cls(begins_at=found.begins_at, ends_at=found.ends_at, people=len(found.people))


class StandingOut(BaseModel):
    """Who is on duty now. `kept` false: nobody has entered a rota, so nobody can say."""

    kind: OwnerKind
    code: str
    name: str
    within: str
    kept: bool
    version: int = Field(description="0 before the first change")
    on_duty: list[OnDutyOut]
    gap: GapOut | None = Field(description="the first of the next 24 hours")

    @classmethod
    def of(cls, found: Standing) -> "StandingOut":
        """The same."""
        kept = found.kept
        return cls(
            kind=found.owner.kind,
            code=found.owner.code,
            name=found.owner.name,
            within=found.owner.within,
            kept=found.is_kept,
            version=0 if kept is None else kept.version,
            on_duty=[] if kept is None else [OnDutyOut.of(e, kept) for e in found.on_duty],
            gap=None if found.gap is None else GapOut.of(found.gap),
        )


class ShiftOut(BaseModel):
    """A shift of a day, and who is there when it begins."""

    shift: str
    day: date
    begins_at: datetime
    ends_at: datetime
    people: list[OnDutyOut]


class SwapOut(BaseModel):
    """A place in a shift that changed hands."""

    id: int
    day: date
    shift: str
    leaves: str
    takes: str


class LeaveOut(BaseModel):
    """Whole days away."""

    id: int
    person: str
    first: date
    last: date
    stand_in: str | None


class WeekOut(BaseModel):
    """A roster over some days."""

    now: StandingOut
    needed: int
    holidays: list[date]
    shifts: list[ShiftOut]
    gaps: list[GapOut]
    swaps: list[SwapOut]
    leaves: list[LeaveOut]


class VersionOut(BaseModel):
    """The roster's version after a change."""

    version: int


@router.get("", dependencies=SEES)
def rosters(
    context: Context,
    scope: CurrentScope,
    kind: OwnerKind = OwnerKind.STATION,
    q: Annotated[str, Query(max_length=100)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Offset = 0,
) -> Listed[StandingOut]:
    """Every station, firm or team that may keep a roster, and who is on duty there now."""
    seen = sight.rosters(scope)

    def find(connection: Connection) -> Listed[StandingOut]:
        whose = queries.owners(connection, kind, seen, text=q, limit=limit, offset=offset)
        found = queries.standing(connection, whose, context.clock.now(), context.zone)
        total = queries.owner_count(connection, kind, seen, text=q)
        return Listed(items=[StandingOut.of(each) for each in found], total=total)

    return context.database.read(find)


@router.get("/{kind}/{code}", dependencies=SEES)
def roster(
    kind: OwnerKind,
    code: Code,
    context: Context,
    scope: CurrentScope,
    first: date | None = None,
    days: Annotated[int, Query(ge=1, le=MOST_DAYS)] = 7,
) -> WeekOut:
    """One roster over some days, from today unless told."""
    now, zone = context.clock.now(), context.zone
    begins = max(first or local_day(now, zone), date(2000, 1, 1))
    begins = min(begins, date(2199, 1, 1))
    last = begins + timedelta(days=days - 1)

    def find(connection: Connection) -> WeekOut:
        whose = queries.owner(connection, kind, code, sight.rosters(scope))
        (standing,) = queries.standing(connection, [whose], now, zone)
        kept = queries.one(connection, whose, begins - ONE_DAY, last)
        told = StandingOut.of(standing)
        if kept is None:
            return WeekOut(now=told, needed=1, holidays=[], shifts=[], gaps=[], swaps=[], leaves=[])
        ahead = gaps(kept.rule, day_begins(begins, zone), day_begins(last + ONE_DAY, zone), zone)
        return WeekOut(
            now=told,
            needed=kept.needed,
            holidays=sorted(kept.holidays),
            shifts=[
                ShiftOut(
                    shift=each.shift.name,
                    day=each.day,
                    begins_at=each.begins_at,
                    ends_at=each.ends_at,
                    people=[OnDutyOut.of(person, kept) for person in each.people],
                )
                for each in worked(kept.rule, begins, last, zone)
            ],
            gaps=[GapOut.of(each) for each in ahead] if kept.is_kept else [],
            swaps=[
                SwapOut(id=key, day=s.day, shift=s.shift, leaves=s.leaves, takes=s.takes)
                for key, s in kept.swaps.items()
            ],
            leaves=[
                LeaveOut(id=key, person=v.person, first=v.first, last=v.last, stand_in=v.stand_in)
                for key, v in kept.leaves.items()
            ],
        )

    return context.database.read(find)


@router.post("/{kind}/{code}/terms", dependencies=KEEPS)
def terms(
    kind: OwnerKind,
    code: Code,
    told: TermsIn,
    context: Context,
    scope: CurrentScope,
    actor: CurrentActor,
) -> VersionOut:
    """Say how many are needed, and name the holidays."""
    return _kept(context, scope, actor, kind, code, told)


@router.post("/{kind}/{code}/rotas", dependencies=KEEPS)
def rota(
    kind: OwnerKind,
    code: Code,
    told: RotaIn,
    context: Context,
    scope: CurrentScope,
    actor: CurrentActor,
) -> VersionOut:
    """Let a person work a shift; the same person, shift and first day again changes that one."""
    return _kept(context, scope, actor, kind, code, told)


@router.post("/{kind}/{code}/rotas/end", dependencies=KEEPS)
def end_rota(
    kind: OwnerKind,
    code: Code,
    told: EndRotaIn,
    context: Context,
    scope: CurrentScope,
    actor: CurrentActor,
) -> VersionOut:
    """Let a rota end."""
    return _kept(context, scope, actor, kind, code, told)


@router.post("/{kind}/{code}/swaps", dependencies=KEEPS)
def swap(
    kind: OwnerKind,
    code: Code,
    told: SwapIn,
    context: Context,
    scope: CurrentScope,
    actor: CurrentActor,
) -> VersionOut:
    """Put one person in another's place in one shift."""
    return _kept(context, scope, actor, kind, code, told)


@router.post("/{kind}/{code}/leaves", dependencies=KEEPS)
def leave(
    kind: OwnerKind,
    code: Code,
    told: LeaveIn,
    context: Context,
    scope: CurrentScope,
    actor: CurrentActor,
) -> VersionOut:
    """Take a person out for whole days, with a stand-in or without."""
    return _kept(context, scope, actor, kind, code, told)


@router.post("/{kind}/{code}/withdraw", dependencies=KEEPS)
def withdraw(
    kind: OwnerKind,
    code: Code,
    told: WithdrawIn,
    context: Context,
    scope: CurrentScope,
    actor: CurrentActor,
) -> VersionOut:
    """Undo a swap of a shift that is not over, or end a leave with yesterday."""
    return _kept(context, scope, actor, kind, code, told)


def _kept(
    context: AppContext,
    scope: Scope,
    actor: Actor,
    kind: OwnerKind,
    code: str,
    told: rostering.AnyIn,
) -> VersionOut:
    return VersionOut(version=rostering.keep(context, scope, actor, kind, code, told))
