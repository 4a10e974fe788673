"""What an account may look at: every single thing is fetched through here by pages and interface.

What lies outside the account's scope is "not found": nobody is told that it exists.
"""

from sqlalchemy import Connection

from alerts import alarms
from alerts import queries as alert_queries
from alerts.alarms import AlarmFilter, AlarmRow
from alerts.queries import IncidentDetail
from core.errors import NotFound
from dashboard.scope import Scope
from devices import queries, reach
from devices.maintenance import queries as log
from devices.maintenance.queries import Sight, VisitRow
from devices.maintenance.record import Record
from devices.model import Kitchen, Lift
from devices.rosters.queries import RosterSight


def incident(connection: Connection, *, scope: Scope, incident_id: str) -> IncidentDetail:
    """The incident with all that belongs to it; raises NotFound."""
    detail = alert_queries.incident(connection, incident_id)
    found = detail.incident
    around: tuple[int | None, int | None] = (None, None)
    if scope.narrow and found.lift_id is not None:
        lift = queries.lift_by_id(connection, found.lift_id)
        around = (lift.firm_id, lift.use_unit_id)
    targets = [(each.target_kind.value, each.target_id) for each in detail.assignments]
    if not scope.covers_incident(found.area, found.district, around, targets):
        raise NotFound("incident", incident_id)
    return detail


def lists_no_alarms(scope: Scope) -> bool:
    """True for firms and stations: alarms are for those who watch over lifts, not over orders."""
    return scope.firm_id is not None or scope.station_id is not None


def alarm(connection: Connection, *, scope: Scope, event_id: str) -> AlarmRow:
    """The alarm with where it stands; raises NotFound."""
    wanted = AlarmFilter(event_id=event_id, confines=scope.confines)
    if lists_no_alarms(scope) or not event_id or not alarms.alarm_ids(connection, wanted):
        raise NotFound("alarm", event_id)
    return alarms.alarm_rows(connection, [event_id])[0]


def lift(connection: Connection, *, scope: Scope, code: str) -> Lift:
    """The lift of a rescue or registration code, where it may be seen; raises NotFound.

    By place; a firm sees those it maintains, a use unit those it runs, a station those of its city;
    and firm and station see the lifts to which they have been called and whose incident still runs.
    """
    found = queries.lift_by_code(connection, code)
    if not (_covers_lift(connection, scope, found) or _called_to(connection, scope, found)):
        raise NotFound("lift", code)
    return found


def lift_area(connection: Connection, scope: Scope) -> str:
    """The city or district that an account's lifts lie in; empty where none narrows."""
    if scope.firm_id is not None:
        return ""
    if scope.station_id is not None:
        return queries.station_by_id(connection, scope.station_id).area
    return scope.area


def _covers_lift(connection: Connection, scope: Scope, found: Lift) -> bool:
    if scope.firm_id is not None:
        return found.firm_id == scope.firm_id
    if scope.use_unit_id is not None:
        return found.use_unit_id == scope.use_unit_id
    return reach.covers(lift_area(connection, scope), found.area, found.district)


def _called_to(connection: Connection, scope: Scope, found: Lift) -> bool:
    if not scope.narrow:
        return False
    rows = alert_queries.board(connection, scope.confines)
    return any(row.incident.lift_code == found.rescue_code for row in rows)


def kitchen(connection: Connection, *, scope: Scope, code: str) -> Kitchen:
    """The kitchen of that code; raises NotFound."""
    found = queries.kitchen_by_code(connection, code)
    if not scope.covers_place(found.area, found.district):
        raise NotFound("kitchen", code)
    return found


def rosters(scope: Scope) -> RosterSight:
    """Whose duty rosters an account may look at, and keep where its role keeps any."""
    return RosterSight(
        within=scope.area,
        station_id=scope.station_id,
        firm_id=scope.firm_id,
        nobody=scope.use_unit_id is not None,
    )


def maintained(scope: Scope) -> Sight:
    """The lifts whose maintenance an account may look at, as lists ask for them."""
    return Sight(within=scope.area, firm_id=scope.firm_id, use_unit_id=scope.use_unit_id)


def served(connection: Connection, *, scope: Scope, code: str) -> Lift:
    """A lift that the account may see, or that its firm has visited under an earlier contract.

    What was done before a hand-over is handed in after it, too; raises NotFound.
    """
    found = queries.lift_by_code(connection, code)
    if _covers_lift(connection, scope, found):
        return found
    if scope.firm_id is not None and log.ever_held(connection, found.id, scope.firm_id):
        return found
    raise NotFound("lift", code)


def visit(connection: Connection, *, scope: Scope, visit_id: str) -> VisitRow:
    """A visit that the account's firm made, or of a lift that it may see; raises NotFound."""
    rows = log.visit_rows(connection, [visit_id])
    if not rows:
        raise NotFound("visit", visit_id)
    (row,) = rows
    made = scope.firm_id is not None and row.visit.firm_id == scope.firm_id
    if not (made or _covers_lift(connection, scope, row.lift)):
        raise NotFound("visit", visit_id)
    return row


def records(connection: Connection, *, scope: Scope, code: str) -> list[Record]:
    """A lift's records, the newest first; a firm that lost the lift sees what it wrote."""
    found = served(connection, scope=scope, code=code)
    whole = _covers_lift(connection, scope, found)
    kept = log.records(connection, found.rescue_code, None if whole else scope.firm_id)
    return [each for each, _ in kept]
