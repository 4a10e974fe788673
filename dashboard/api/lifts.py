"""/lifts: the registry, what a lift last said, and its history."""

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Connection

from alerts import alarms
from alerts.queries import board
from core.errors import InvalidMessage
from dashboard import finding, sight
from dashboard.access import Action
from dashboard.api.schemas import LiftFull, LiftOut, Listed, PointOut, SeriesOut, lift_fields
from dashboard.bounds import Moment, Offset
from dashboard.deps import Context, CurrentScope, require
from devices import search
from devices.model import Lift, LiftKind
from devices.presence import Presence
from ingest.timeseries.port import Window

SEES = [Depends(require(Action.SEE_LIFTS))]
router = APIRouter(prefix="/lifts", tags=["lifts"], dependencies=SEES)

LONGEST_WINDOW = timedelta(days=31)
MOST_POINTS = 2_000


@router.get("")
def listed(
    *,
    context: Context,
    scope: CurrentScope,
    q: Annotated[str, Query(max_length=100)] = "",
    area: Annotated[str, Query(max_length=6, description="a city or a district")] = "",
    firm: Annotated[str, Query(max_length=32, description="the code of who maintains it")] = "",
    kind: LiftKind | None = None,
    presence: Presence | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Offset = 0,
) -> Listed[LiftOut]:
    """Lifts that have every piece of `q` in their code, place or use unit, by code."""
    asked = {"q": q, "area": area, "firm": firm, "kind": kind or "", "presence": presence or ""}
    ids, total = finding.lifts(context, scope, asked, limit=limit, offset=offset)
    found = context.database.read(partial(search.lifts, ids=ids))
    return Listed(items=[LiftOut.of(each) for each in found], total=total)


@router.get("/best")
def best(
    context: Context,
    scope: CurrentScope,
    q: Annotated[str, Query(max_length=100)],
    limit: Annotated[int, Query(ge=1, le=20)] = 6,
) -> list[LiftOut]:
    """The lifts that `q` may mean, best first, while it is being typed.

    A code or its beginning, words of the place in any order, pinyin or its first letters, the use
    unit, a point such as `34.75, 113.65`, or the number of somebody who called before.
    """
    ids = finding.best_lifts(context, scope, q, limit=limit)
    return [LiftOut.of(each) for each in context.database.read(partial(search.lifts, ids=ids))]


@router.get("/{code}")
def one(code: str, context: Context, scope: CurrentScope) -> LiftFull:
    """One lift, what it last said, and its open incidents."""

    def find(connection: Connection) -> tuple[Lift, list[str], set[str]]:
        lift = sight.lift(connection, scope=scope, code=code)
        rows = board(connection, scope.confines)
        around = alarms.about_lift(connection, lift.rescue_code)
        return (
            lift,
            [r.incident.id for r in rows if r.incident.lift_code == lift.rescue_code],
            {a.code for a in around if a.cleared_at is None and a.subject_kind != "lift"},
        )

    lift, incidents, around = context.database.read(find)
    state = context.latest.lift(lift.rescue_code)
    heard = state.received_at if state else None
    said: dict[str, object] = {
        "presence": finding.presences(context)(lift.rescue_code, heard),
        "received_at": heard,
        "device_at": state.device_at if state else None,
        "gateway": state.gateway if state else None,
        "status": dict(state.fields) if state else {},
        "open_conditions": sorted(around.union(state.open_conditions if state else ())),
        "open_incidents": incidents,
    }
    return LiftFull.model_validate({**lift_fields(lift), **said})


@router.get("/{code}/history", dependencies=[Depends(require(Action.SEE_HISTORY))])
def history(
    code: str,
    context: Context,
    scope: CurrentScope,
    field: Annotated[str, Query(pattern=r"^[a-z][a-z0-9_.]{0,63}$")],
    start: Annotated[Moment | None, Query(alias="from")] = None,
    end: Annotated[Moment | None, Query(alias="to")] = None,
    step: Annotated[int, Query(ge=1, le=86_400, description="seconds")] = 60,
) -> SeriesOut:
    """One numeric field in steps of `step` seconds; the last hour unless told."""
    lift = context.database.read(partial(sight.lift, scope=scope, code=code))
    until: datetime = end or context.clock.now()
    since: datetime = start or until - timedelta(hours=1)
    _check_window(since, until, step)
    series = context.history.window(
        Window(lift.rescue_code, field, since, until, timedelta(seconds=step))
    )
    points = [
        PointOut(at=p.at, mean=p.mean, min=p.min, max=p.max, last=p.last) for p in series.points
    ]
    return SeriesOut(lift=lift.rescue_code, field=field, points=points)


def _check_window(since: datetime, until: datetime, step: int) -> None:
    if not timedelta(0) < until - since <= LONGEST_WINDOW:
        raise InvalidMessage("bad_window", "`to` lies up to 31 days behind `from`", field="to")
    if (until - since) / timedelta(seconds=step) > MOST_POINTS:
        raise InvalidMessage("too_fine", f"at most {MOST_POINTS} steps: enlarge it", field="step")
