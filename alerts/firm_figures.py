"""What rescues tell of maintenance firms: orders, arrivals, entrapments, over a stretch of time."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, case, func, select

from alerts.assignment import AssignmentState
from alerts.ladder import Kind
from alerts.tables import assignment, incident
from devices import tables as registry

_NOT_CARRIED_OUT = (AssignmentState.REFUSED, AssignmentState.UNANSWERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RescueCounts:
    """Of one firm. An arrival is late when the incident's statutory time had passed by then."""

    orders: int = 0
    not_carried_out: int = 0
    arrivals: int = 0
    arrivals_late: int = 0
    entrapments: int = 0
    poor_maintenance: int = 0


def counts(
    connection: Connection,
    firm_ids: Collection[int],
    since: datetime,
    until: datetime,
    causes: Collection[str],
) -> dict[int, RescueCounts]:
    """Each firm's counts; `causes` are the fault causes that maintenance answers for."""
    a, i, lift = assignment.c, incident.c, registry.lift.c
    told: dict[int, dict[str, int]] = {each: {} for each in firm_ids}
    came = a.on_scene_at.is_not(None)
    late = and_(came, i.statutory_missed_at.is_not(None), a.on_scene_at >= i.statutory_missed_at)
    for row in connection.execute(
        select(
            a.target_id,
            func.count().label("orders"),
            func.count(case((a.state.in_(_NOT_CARRIED_OUT), 1))).label("not_carried_out"),
            func.count(case((came, 1))).label("arrivals"),
            func.count(case((late, 1))).label("arrivals_late"),
        )
        .join(incident, i.id == a.incident_id)
        .where(
            a.target_kind == "firm",
            a.target_id.in_(firm_ids),
            a.level == 1,
            a.offered_at.between(since, until),
        )
        .group_by(a.target_id)
    ).mappings():
        told[row["target_id"]] |= {n: v for n, v in row.items() if n != "target_id"}
    for row in connection.execute(
        select(
            lift.firm_id,
            func.count().label("entrapments"),
            func.count(case((i.cause_code.in_(causes), 1))).label("poor_maintenance"),
        )
        .join(incident, i.lift_id == lift.id)
        .where(
            lift.firm_id.in_(firm_ids),
            i.kind == Kind.TRAPPED,
            i.state != "false_alarm",
            i.merged_into.is_(None),
            i.opened_at.between(since, until),
        )
        .group_by(lift.firm_id)
    ).mappings():
        told[row["firm_id"]] |= {n: v for n, v in row.items() if n != "firm_id"}
    return {firm_id: RescueCounts(**each) for firm_id, each in told.items()}
