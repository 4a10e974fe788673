"""What can be done in this room, in one place to import from.

Each takes (connection, …, now, actor) and journals; the caller's `Database.write` owns the
transaction.
"""

from alerts.actions import IncidentAction, act_on_assignment, act_on_incident, raise_level
from alerts.assignment import AssignmentAction
from alerts.findings import acknowledge_alarm, apply_finding
from alerts.intake import open_incident, take_call
from alerts.model import Intake, Opened

__all__ = [
    "AssignmentAction",
    "IncidentAction",
    "Intake",
    "Opened",
    "acknowledge_alarm",
    "act_on_assignment",
    "act_on_incident",
    "apply_finding",
    "open_incident",
    "raise_level",
    "take_call",
]
