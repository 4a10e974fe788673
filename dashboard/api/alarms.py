"""/alarms: conditions of lifts, gateways, kitchens and cameras that somebody should look at."""

from datetime import datetime
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from alerts import alarms
from alerts.alarm import AlarmState
from alerts.alarms import AlarmFilter, AlarmRow
from alerts.commands import acknowledge_alarm
from dashboard import sight
from dashboard.access import Action
from dashboard.api.schemas import Listed
from dashboard.bounds import Offset
from dashboard.deps import Context, CurrentActor, CurrentScope, require, verified_csrf
from devices.findings import Severity

router = APIRouter(prefix="/alarms", tags=["alarms"])
SEES = [Depends(require(Action.SEE_ALARMS))]
ACKNOWLEDGES = [Depends(require(Action.ACKNOWLEDGE_ALARM)), Depends(verified_csrf)]


class AlarmOut(BaseModel):
    """A condition that somebody should look at."""

    event_id: str
    subject_kind: str = Field(examples=["lift"])
    subject: str = Field(examples=["235274"])
    place: str
    code: str = Field(examples=["door.close"])
    severity: str = Field(examples=["minor"])
    state: str = Field(description="active, acknowledged, cleared (ended, not yet seen) or closed")
    detail: str
    since: datetime
    cleared_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    incident: str | None
    folded_into: str = Field(description="event id of the alarm that tells this one too, or empty")

    @classmethod
    def of(cls, row: AlarmRow) -> Self:
        """The outside of `row`."""
        found = row.alarm
        told = {name: getattr(found, name) for name in cls.model_fields if hasattr(found, name)}
        return cls.model_validate(
            told | {"state": found.state.value, "place": row.place, "incident": found.incident_id}
        )


@router.get("", dependencies=SEES)
def listed(
    context: Context,
    scope: CurrentScope,
    *,
    state: Literal["open", "all"] | AlarmState = "open",
    subject_kind: Literal["lift", "building", "gateway", "area", "kitchen", "camera"] | None = None,
    severity: Severity | None = None,
    q: Annotated[str, Query(max_length=100)] = "",
    folded_into: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 500,
    offset: Offset = 0,
) -> Listed[AlarmOut]:
    """Alarms that are not closed (`open`), in one state, or all; the gravest first.

    `q` begins the subject or the code, or stands in the detail. Those folded under another alarm
    are left out, but for `all` and by `folded_into`.
    """
    wanted = AlarmFilter(
        text=q,
        confines=scope.confines,
        states=alarms.OPEN if state == "open" else () if state == "all" else (AlarmState(state),),
        subject_kind=subject_kind or "",
        severity=severity or "",
        folded_into=folded_into,
        folded=state == "all",
    )

    def find(connection: Connection) -> tuple[list[AlarmRow], int]:
        ids = alarms.alarm_ids(connection, wanted, limit=limit, offset=offset)
        return alarms.alarm_rows(connection, ids), alarms.alarm_count(connection, wanted)

    rows, total = context.database.read(find)
    return Listed(items=[AlarmOut.of(row) for row in rows], total=total)


@router.post("/{event_id:path}/acknowledge", dependencies=ACKNOWLEDGES)
def acknowledge(
    event_id: str, context: Context, scope: CurrentScope, actor: CurrentActor
) -> AlarmOut:
    """Somebody has seen it: what has ended is closed, what lasts stays until it ends."""

    def write(connection: Connection) -> AlarmRow:
        sight.alarm(connection, scope=scope, event_id=event_id)
        acknowledge_alarm(connection, event_id, context.clock.now(), actor)
        return sight.alarm(connection, scope=scope, event_id=event_id)

    return AlarmOut.of(context.database.write(write))
