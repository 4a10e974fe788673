"""/test-calls: which lifts are proven able to call for help, and which are not."""

from datetime import datetime
from functools import partial
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from dashboard import finding
from dashboard.access import Action
from dashboard.api.schemas import Listed
from dashboard.bounds import Offset
from dashboard.deps import Context, CurrentScope, require
from devices import call_roll
from devices.call_roll import RollRow
from devices.proving import Ability

SEES = [Depends(require(Action.SEE_LIFTS))]
router = APIRouter(prefix="/test-calls", tags=["lifts"], dependencies=SEES)


class NewestOut(BaseModel):
    """A test call; what is null was not told."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    passed_at: datetime | None = Field(description="of the newest that found nothing wrong")
    gateway_id: str = Field(examples=["G0017"])
    microphone: bool | None
    loudspeaker: bool | None
    battery_pct: int | None


class AbilityOut(BaseModel):
    """A lift, and what its newest test call says of it."""

    lift: str = Field(description="its rescue code", examples=["235274"])
    area: str = Field(examples=["410100"])
    district: str = Field(examples=["410105"])
    ability: Ability = Field(
        description="never (no test call yet), failed (the newest found something broken), overdue"
        " (older than 72 h), proven, or unconnected (no gateway speaks for the lift)",
    )
    newest: NewestOut | None

    @classmethod
    def of(cls, row: RollRow) -> Self:
        """The outside of `row`."""
        return cls(
            lift=row.lift.rescue_code,
            area=row.lift.area,
            district=row.lift.district,
            ability=row.ability,
            newest=None if row.tested is None else NewestOut.model_validate(row.tested),
        )


@router.get("")
def listed(
    *,
    context: Context,
    scope: CurrentScope,
    q: Annotated[str, Query(max_length=100)] = "",
    ability: Annotated[
        Ability | None, Query(description="without it: never, failed and overdue")
    ] = None,
    area: Annotated[str, Query(max_length=6, description="a city or a district")] = "",
    firm: Annotated[str, Query(max_length=32, description="the code of who maintains it")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Offset = 0,
) -> Listed[AbilityOut]:
    """Lifts not proven able to call, those never proven first.

    Of lifts in use and in service in which somebody can be; `total` is how many there are.
    """
    asked = {"q": q, "ability": ability or "", "area": area, "firm": firm}
    ids, total, _ = finding.roll(context, scope, asked, limit=limit, offset=offset)
    now = context.clock.now()
    rows = context.database.read(partial(call_roll.rows, lift_ids=ids, now=now))
    return Listed(items=[AbilityOut.of(each) for each in rows], total=total)
