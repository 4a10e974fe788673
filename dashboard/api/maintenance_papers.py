"""/maintenance/contracts, workers, inspections and drills: the papers around visits."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Annotated, Self, TypeVar

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from core.errors import NotFound
from dashboard import sight
from dashboard.access import Action
from dashboard.api.maintenance_schemas import Code
from dashboard.api.schemas import Listed, Taken
from dashboard.bounds import Day, Offset, RowId
from dashboard.deps import AppContext, Context, CurrentActor, CurrentScope, require, verified_csrf
from dashboard.problems import CREATED
from devices import contract_queries, worker_queries
from devices.contract_queries import ContractFilter, ContractRow, ContractState
from devices.days import local_day
from devices.maintenance import checks_due, drills
from devices.maintenance.checks_due import CheckFilter, CheckRow, CheckState
from devices.maintenance.drills import DrillFilter, DrillRow, DrillState
from devices.worker_queries import CertificateState, WorkerFilter, WorkerRow

K = TypeVar("K")
T = TypeVar("T")
Out = TypeVar("Out")
ENDS_SOON, EXPIRES_SOON, DUE_SOON = timedelta(days=90), timedelta(days=60), timedelta(days=60)
router = APIRouter(prefix="/maintenance", tags=["maintenance"])
SEES = [Depends(require(Action.SEE_MAINTENANCE))]
RECORDS = [Depends(require(Action.RECORD_DRILLS)), Depends(verified_csrf)]
Limit = Annotated[int, Query(ge=1, le=500)]
Words = Annotated[str, Query(max_length=100)]


class ContractOut(BaseModel):
    """Who maintains a lift from one day to another; both days are within."""

    number: str
    lift: str = Field(examples=["235274"])
    firm: str
    starts_on: date
    ends_on: date | None = Field(description="null: until it is ended")
    state: ContractState

    @classmethod
    def of(cls, row: ContractRow, wanted: ContractFilter) -> Self:
        """The outside of `row`."""
        made = row.contract
        return cls(
            number=made.number,
            lift=row.lift.rescue_code,
            firm=row.firm,
            starts_on=made.starts_on,
            ends_on=made.ends_on,
            state=row.state(wanted.today, wanted.soon),
        )


class WorkerOut(BaseModel):
    """A worker of a firm, and until when the certificate holds."""

    code: str
    name: str
    firm: str
    team: str
    certificate_number: str
    certificate_until: date | None
    state: CertificateState

    @classmethod
    def of(cls, row: WorkerRow, wanted: WorkerFilter) -> Self:
        """The outside of `row`."""
        return cls(
            code=row.worker.code,
            name=row.worker.name,
            firm=row.firm,
            team=row.team,
            certificate_number=row.worker.certificate_number,
            certificate_until=row.worker.certificate_until,
            state=row.state(wanted.today, wanted.soon),
        )


class CheckOut(BaseModel):
    """The next inspection or test of a lift, and the last that is registered."""

    lift: str = Field(examples=["235274"])
    kind: str = Field(description="inspection, test, or empty where it is not known")
    due_on: date | None
    days_left: int | None = Field(description="below 0: overdue by so many days")
    last_on: date | None
    last_result: str
    state: CheckState

    @classmethod
    def of(cls, row: CheckRow, wanted: CheckFilter) -> Self:
        """The outside of `row`."""
        return cls(
            lift=row.row.lift.rescue_code,
            kind=row.row.plan.check_kind,
            due_on=row.due_on,
            days_left=row.days_left(wanted.today),
            last_on=row.last.done_on if row.last else None,
            last_result=row.last.result if row.last else "",
            state=row.state(wanted.today, wanted.soon),
        )


class DrillOut(BaseModel):
    """A use unit with lifts in use: its last drill, and the last day for the next."""

    unit_id: int
    unit: str
    lifts: int
    last_on: date | None
    due_on: date
    state: DrillState

    @classmethod
    def of(cls, row: DrillRow, today: date) -> Self:
        """The outside of `row`."""
        return cls(
            unit_id=row.unit_id,
            unit=row.unit,
            lifts=row.lifts,
            last_on=row.last_on,
            due_on=row.due_on,
            state=row.state(today),
        )


class DrillIn(Taken):
    """A drill that was held, within the last year."""

    on: Day
    people: Annotated[int, Field(ge=1, le=9999)]
    course: Annotated[str, Field(min_length=1, max_length=500, description="what was practised")]
    found: Annotated[str, Field(max_length=500)] = ""
    lift: Code | None = None


def _part(
    context: AppContext,
    keys: Callable[[Connection], Sequence[K]],
    count: Callable[[Connection], int],
    rows: Callable[[Connection, Sequence[K]], Sequence[T]],
    told: Callable[[T], Out],
) -> Listed[Out]:
    """A part of a list, and how long the whole is."""

    def find(connection: Connection) -> Listed[Out]:
        found = rows(connection, keys(connection))
        return Listed(items=[told(each) for each in found], total=count(connection))

    return context.database.read(find)


def _today(context: AppContext) -> date:
    return local_day(context.clock.now(), context.zone)


@router.get("/contracts", dependencies=SEES)
def contracts(
    context: Context,
    scope: CurrentScope,
    *,
    state: ContractState | None = None,
    q: Words = "",
    limit: Limit = 500,
    offset: Offset = 0,
) -> Listed[ContractOut]:
    """Contracts, those that end first at the top; a firm sees its own."""
    today = _today(context)
    wanted = ContractFilter(
        sight=sight.maintained(scope), today=today, soon=today + ENDS_SOON, state=state, text=q
    )
    return _part(
        context,
        lambda c: contract_queries.contract_ids(c, wanted, limit=limit, offset=offset),
        lambda c: contract_queries.contract_count(c, wanted),
        contract_queries.contract_rows,
        lambda row: ContractOut.of(row, wanted),
    )


@router.get("/workers", dependencies=SEES)
def workers(
    context: Context,
    scope: CurrentScope,
    *,
    state: CertificateState | None = None,
    q: Words = "",
    limit: Limit = 500,
    offset: Offset = 0,
) -> Listed[WorkerOut]:
    """Workers by the end of their certificates, those without one first."""
    today = _today(context)
    wanted = WorkerFilter(
        sight=sight.maintained(scope), today=today, soon=today + EXPIRES_SOON, state=state, text=q
    )
    return _part(
        context,
        lambda c: worker_queries.worker_ids(c, wanted, limit=limit, offset=offset),
        lambda c: worker_queries.worker_count(c, wanted),
        worker_queries.worker_rows,
        lambda row: WorkerOut.of(row, wanted),
    )


@router.get("/inspections", dependencies=SEES)
def inspections(
    context: Context,
    scope: CurrentScope,
    *,
    state: CheckState | None = None,
    q: Words = "",
    limit: Limit = 500,
    offset: Offset = 0,
) -> Listed[CheckOut]:
    """Lifts by the day of their next inspection or test, overdue ones first."""
    today = _today(context)
    wanted = CheckFilter(
        sight=sight.maintained(scope), today=today, soon=today + DUE_SOON, state=state, text=q
    )
    return _part(
        context,
        lambda c: checks_due.check_ids(c, wanted, limit=limit, offset=offset),
        lambda c: checks_due.check_count(c, wanted),
        checks_due.check_rows,
        lambda row: CheckOut.of(row, wanted),
    )


@router.get("/drills", dependencies=SEES)
def drilled(
    context: Context,
    scope: CurrentScope,
    *,
    state: DrillState | None = None,
    q: Words = "",
    limit: Limit = 500,
    offset: Offset = 0,
) -> Listed[DrillOut]:
    """Use units, those longest without a drill first."""
    wanted = DrillFilter(sight=sight.maintained(scope), today=_today(context), state=state, text=q)
    return _part(
        context,
        lambda c: drills.unit_ids(c, wanted, limit=limit, offset=offset),
        lambda c: drills.unit_count(c, wanted),
        lambda c, found: drills.rows(c, wanted, found),
        lambda row: DrillOut.of(row, wanted.today),
    )


@router.post("/drills/{unit_id}", status_code=CREATED, dependencies=RECORDS)
def record_drill(
    unit_id: RowId, told: DrillIn, context: Context, scope: CurrentScope, actor: CurrentActor
) -> DrillOut:
    """Record a drill of a use unit; it cannot be changed."""
    wanted = DrillFilter(sight=sight.maintained(scope), today=_today(context))

    def write(connection: Connection) -> DrillRow:
        if not drills.rows(connection, wanted, [unit_id]):
            raise NotFound("use unit", str(unit_id))
        lift = sight.lift(connection, scope=scope, code=told.lift) if told.lift else None
        drills.record_drill(
            connection,
            unit_id,
            told.on,
            told.people,
            told.course,
            context.clock.now(),
            actor,
            context.zone,
            lift_code=lift.rescue_code if lift else "",
            found=told.found,
        )
        return drills.rows(connection, wanted, [unit_id])[0]

    return DrillOut.of(context.database.write(write), wanted.today)
