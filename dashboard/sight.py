"""What an account may look at: every single thing is fetched through here by pages and interface.

What lies outside the account's scope is "not found": nobody is told that it exists.
"""

from sqlalchemy import Connection

from alerts import alarms
from alerts import queries as alert_queries
from alerts.alarms import AlarmFilter, AlarmRow
from alerts.queries import IncidentDetail
from core.errors import NotFound
from dashboard.access import Scope
from devices import queries
from devices.model import Kitchen, Lift


def incident(connection: Connection, *, scope: Scope, incident_id: str) -> IncidentDetail:
    """The incident with all that belongs to it; raises NotFound."""
    detail = alert_queries.incident(connection, incident_id)
    found = detail.incident
    firm_id = None
    if scope.firm_id is not None and found.lift_id is not None:
        firm_id = queries.lift_by_id(connection, found.lift_id).firm_id
    targets = [(each.target_kind.value, each.target_id) for each in detail.assignments]
    if not scope.covers_incident(found.area, firm_id, targets):
        raise NotFound("incident", incident_id)
    return detail


def alarm(connection: Connection, *, scope: Scope, event_id: str) -> AlarmRow:
    """The alarm with where it stands; raises NotFound."""
    wanted = AlarmFilter(event_id=event_id, within=scope.area)
    if scope.narrow or not event_id or not alarms.alarm_ids(connection, wanted):
        raise NotFound("alarm", event_id)
    return alarms.alarm_rows(connection, [event_id])[0]


def lift(connection: Connection, *, scope: Scope, code: str) -> Lift:
    """The lift of a rescue or registration code, where it may be seen; raises NotFound.

    By area; a firm sees those it maintains, a station those of its city; and both see the lifts to
    which they have been called and whose incident still runs.
    """
    found = queries.lift_by_code(connection, code)
    if not (_covers_lift(connection, scope, found) or _called_to(connection, scope, found)):
        raise NotFound("lift", code)
    return found


def lift_area(connection: Connection, scope: Scope) -> str:
    """The city that an account's lifts lie in; empty where no city narrows."""
    if scope.firm_id is not None:
        return ""
    if scope.station_id is not None:
        return queries.station_by_id(connection, scope.station_id).area
    return scope.area


def _covers_lift(connection: Connection, scope: Scope, found: Lift) -> bool:
    if scope.firm_id is not None:
        return found.firm_id == scope.firm_id
    return lift_area(connection, scope) in {"", found.area}


def _called_to(connection: Connection, scope: Scope, found: Lift) -> bool:
    if not scope.narrow:
        return False
    rows = alert_queries.board(connection, None, scope.firm_id, scope.station_id)
    return any(row.incident.lift_code == found.rescue_code for row in rows)


def kitchen(connection: Connection, *, scope: Scope, code: str) -> Kitchen:
    """The kitchen of that code; raises NotFound."""
    found = queries.kitchen_by_code(connection, code)
    if not scope.covers_area(found.area):
        raise NotFound("kitchen", code)
    return found
