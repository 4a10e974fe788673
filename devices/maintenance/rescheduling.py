"""Commands of the firm's office: choose another day or team for a visit that has not begun."""

from datetime import date, datetime

from sqlalchemy import Connection, select

from core.errors import InvalidMessage, NotFound
from core.journal import Actor
from devices import tables as registry
from devices.maintenance import planning, store
from devices.maintenance.log import Visit
from devices.maintenance.visit import VisitEvent


def reschedule(
    connection: Connection,
    visit_id: str,
    planned_on: date,
    now: datetime,
    actor: Actor,
    *,
    reason: str,
    team: str = "",
) -> Visit:
    """Plan a visit for that day, for a team by its code (empty: the team it has).

    Raises InvalidMessage for a day after the due day, NotFound for a team that is not the firm's.
    """
    found = store.load_visit(connection, visit_id)
    latest = max((day for day in (found.due_on, found.planned_on) if day), default=planned_on)
    if planned_on > latest:
        raise InvalidMessage("out_of_range", f"not later than {latest}", field="planned_on")
    values: dict[str, object] = {"planned_on": planned_on}
    if team:
        c = registry.firm_team.c
        team_id = connection.execute(
            select(c.id).where(c.firm_id == found.firm_id, c.code == team)
        ).scalar_one_or_none()
        if team_id is None:
            raise NotFound("team", team)
        values["team_id"] = team_id
    planning.move(
        connection, found, VisitEvent.RESCHEDULE, now, actor, reason=reason, values=values
    )
    return store.load_visit(connection, visit_id)
