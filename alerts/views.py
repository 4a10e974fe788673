"""What the ladder must know of incidents, read for one or for many by the same few questions.

Theory of operation. A list of incidents asks what comes next for each, so their lifts, firms,
stations and assignments are read together: the number of questions does not grow with the list.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from alerts import dispatch, sla, store
from alerts.assignment import ACTIVE, AssignmentState, TargetKind
from alerts.ladder import Asked, IncidentView, Next, Target
from alerts.model import Assignment, Incident
from devices import queries, register_queries
from devices.days import local_day
from devices.model import Lift, MaintenanceFirm, RescueStation
from devices.rosters import queries as rosters

_NEARNESS = {
    AssignmentState.ACKNOWLEDGED: 1,
    AssignmentState.EN_ROUTE: 2,
    AssignmentState.ON_SCENE: 3,
}


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An incident on the board, and the rung that comes next (None: nothing is due)."""

    incident: Incident
    assignments: tuple[Assignment, ...]
    next: Next | None

    @property
    def foremost(self) -> Assignment | None:
        """Who rescued; else whoever is nearest to it; else who was asked last."""
        done = [a for a in self.assignments if a.state is AssignmentState.DONE]
        if done:  # who came while others were there still has done its part, after the first
            return min(done, key=lambda a: (a.on_scene_at or a.offered_at, a.id))
        working = [a for a in self.assignments if a.state in ACTIVE]
        if working:
            return max(working, key=lambda a: (_NEARNESS[a.state], -a.id))
        return self.assignments[-1] if self.assignments else None


def view_of(connection: Connection, incident: Incident, now: datetime) -> IncidentView:
    """What the ladder must know of an incident at `now`."""
    around = _Around(connection, [incident])
    around.look_at_rosters(connection, now, ZoneInfo(incident.policy.zone))
    return around.view(incident)


def rows_of(connection: Connection, incidents: Sequence[Incident]) -> list[IncidentRow]:
    """The incidents with who was asked and what comes next, in the same order."""
    if not incidents:
        return []
    around = _Around(connection, incidents)
    return [
        IncidentRow(each, tuple(around.assignments.get(each.id, ())), _next(each, around))
        for each in incidents
    ]


def next_rung(connection: Connection, of: Incident) -> Next | None:
    """The rung that comes next for an incident; None when nothing is due."""
    return _next(of, _Around(connection, [of]))


def lift_of(connection: Connection, incident: Incident) -> Lift | None:
    """The lift of an incident, if the registry knows it."""
    return None if incident.lift_id is None else queries.lift_by_id(connection, incident.lift_id)


def target_of(connection: Connection, asked: Assignment) -> Target:
    """Whom an assignment asked, with the address for notices that the registry has now."""
    return _Targets(connection, [asked]).of(asked)


def _next(of: Incident, around: "_Around") -> Next | None:
    # Decided as of the opening, when nothing is overdue yet: what is left is what is to come.
    if of.wake_at is None:
        return None
    return sla.decide(around.view(of), of.policy, of.wake_at - sla.INSTANT * 2).next


class _Targets:
    """Firms and stations by id; who was taken off the registry meanwhile has no address."""

    def __init__(
        self, connection: Connection, asked: Iterable[Assignment], firm_ids: Iterable[int] = ()
    ) -> None:
        ids: dict[TargetKind, set[int]] = {kind: set() for kind in TargetKind}
        ids[TargetKind.FIRM].update(firm_ids)
        for each in asked:
            if each.target_id is not None:
                ids[each.target_kind].add(each.target_id)
        self.firms: Mapping[int, MaintenanceFirm] = queries.firms_by_id(
            connection, ids[TargetKind.FIRM]
        )
        self.stations: Mapping[int, RescueStation] = queries.stations_by_id(
            connection, ids[TargetKind.STATION]
        )

    def of(self, asked: Assignment) -> Target:
        known = self.firms if asked.target_kind is TargetKind.FIRM else self.stations
        found = None if asked.target_id is None else known.get(asked.target_id)
        url = "" if found is None else found.webhook_url
        return Target(
            asked.target_kind, asked.target_id, asked.target_name, asked.target_phone, url
        )


class _Around:
    """What stands around some incidents."""

    def __init__(self, connection: Connection, incidents: Sequence[Incident]) -> None:
        self.assignments = store.assignments_by_incident(connection, [i.id for i in incidents])
        areas = {i.area for i in incidents}
        lift_ids = {i.lift_id for i in incidents if i.lift_id is not None}
        self.lifts: Mapping[int, Lift] = queries.lifts_by_id(connection, lift_ids)
        asked = [each for of_one in self.assignments.values() for each in of_one]
        self._contracts = register_queries.contracts_of(connection, lift_ids)
        firm_ids = {lift.firm_id for lift in self.lifts.values() if lift.firm_id is not None}
        firm_ids |= {each.firm_id for of_one in self._contracts.values() for each in of_one}
        self._targets = _Targets(connection, asked, firm_ids)
        self._stations = queries.stations_by_area(connection, None if "" in areas else areas)
        self._middles = queries.middles(
            connection, {i.district for i in incidents if i.district and not self._stands(i)}
        )
        self._open_orders = store.open_orders(connection)
        self._staffed: Mapping[int, bool] = {}

    def look_at_rosters(self, connection: Connection, now: datetime, zone: ZoneInfo) -> None:
        """Learn where somebody is on duty; needed only where a station may be asked."""
        ids = [each.id for of_area in self._stations.values() for each in of_area]
        self._staffed = rosters.staffed(connection, ids, now, zone)

    def _stands(self, incident: Incident) -> bool:
        """Whether it is known where its lift stands."""
        return incident.lift_id is not None and self.lifts[incident.lift_id].position is not None

    def view(self, incident: Incident) -> IncidentView:
        lift = None if incident.lift_id is None else self.lifts[incident.lift_id]
        firm = None
        firm_id = None if lift is None else self._firm_of(incident, lift)
        if firm_id is not None:
            found = self._targets.firms[firm_id]
            firm = Target(TargetKind.FIRM, found.id, found.name, found.phone_24h, found.webhook_url)
        return IncidentView(
            kind=incident.kind,
            state=incident.state,
            level=incident.level,
            injured=incident.injured,
            opened_at=incident.opened_at,
            on_scene_at=incident.on_scene_at,
            freed_at=incident.freed_at,
            confirmed_at=incident.confirmed_at,
            cause_reported_at=incident.cause_reported_at,
            taken=incident.taken_steps,
            located=lift is not None,
            asked=tuple(
                Asked(a.id, a.level, self._targets.of(a), a.state, a.offered_at)
                for a in self.assignments.get(incident.id, ())
            ),
            firm=firm,
            stations=self._ranked(incident, lift),
        )

    def _firm_of(self, incident: Incident, lift: Lift) -> int | None:
        """The firm that the incident calls for as long as it lasts.

        The one that was asked already; else the one whose contract held on the local day of the
        call, to the instant of its midnight; without a contract the lift's own. A hand-over in the
        middle of a rescue changes nobody's order: the ladder goes on to stations and public rescue.
        """
        for asked in self.assignments.get(incident.id, ()):
            if asked.target_kind is TargetKind.FIRM and asked.target_id in self._targets.firms:
                return asked.target_id
        day = local_day(incident.opened_at, ZoneInfo(incident.policy.zone))
        holding = (each for each in self._contracts.get(lift.id, ()) if each.holds(day))
        held = next(holding, None)
        return lift.firm_id if held is None else held.firm_id

    def _ranked(self, incident: Incident, lift: Lift | None) -> tuple[Target, ...]:
        """Nearest first; where only a place is known, seen from the middle of its district.

        Where not even the city is known, every station may be the right one.
        """
        guessed = lift is None or lift.position is None
        everywhere = [each for of_area in self._stations.values() for each in of_area]
        ranked = dispatch.rank(
            self._middles.get(incident.district) if lift is None or guessed else lift.position,
            self._stations.get(incident.area, ()) if incident.area else everywhere,
            self._open_orders,
            radius_m=incident.policy.level2_radius_m,
            busy_counts_as_m=incident.policy.busy_counts_as_m,
            staffed=self._staffed,
        )
        return tuple(
            Target(
                TargetKind.STATION,
                r.station.id,
                r.station.name,
                r.station.phone,
                r.station.webhook_url,
                r.reasons,
                (*r.shortfalls, "middle_of_district") if guessed else r.shortfalls,
            )
            for r in ranked
        )
