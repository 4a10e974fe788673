"""Who may do what, to which data.

Theory of operation. A role allows actions (the table below); an account's scope says on which
data: an area (city), or the incidents that concern one firm or one station. Both are asked on every
request, on the server; pages only leave out what would be refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What an account is for."""

    ADMINISTRATOR = "administrator"
    DISPATCHER = "dispatcher"
    SUPERVISOR = "supervisor"
    FIRM = "firm"
    STATION = "station"


class Action(StrEnum):
    """What a page or an interface may be asked to do."""

    SEE_INCIDENTS = "see_incidents"
    OPEN_INCIDENT = "open_incident"
    DIRECT_INCIDENT = "direct_incident"  # level, located, call-back, close, stand down …
    ANSWER_ASSIGNMENT = "answer_assignment"  # accept … freed
    REPORT_CAUSE = "report_cause"
    ADD_NOTE = "add_note"
    SEE_ALARMS = "see_alarms"
    ACKNOWLEDGE_ALARM = "acknowledge_alarm"
    SEE_LIFTS = "see_lifts"
    SEE_HISTORY = "see_history"
    SEE_KITCHENS = "see_kitchens"
    SEE_CAMERAS = "see_cameras"
    SEE_HEALTH = "see_health"
    SEE_QUARANTINE = "see_quarantine"
    SEND_TELEMETRY = "send_telemetry"  # by a program, with a token
    MEND_QUARANTINE = "mend_quarantine"  # replay and drop


_EVERYONE = frozenset({Action.SEE_INCIDENTS, Action.SEE_LIFTS, Action.SEE_HISTORY})
_CREW = _EVERYONE | {Action.ANSWER_ASSIGNMENT, Action.REPORT_CAUSE, Action.ADD_NOTE}
_OVERSEER = _EVERYONE | {
    Action.SEE_ALARMS,
    Action.SEE_KITCHENS,
    Action.SEE_CAMERAS,
    Action.SEE_HEALTH,
}

ALLOWED: dict[Role, frozenset[Action]] = {
    Role.ADMINISTRATOR: frozenset(Action),
    Role.DISPATCHER: _OVERSEER
    | {
        Action.OPEN_INCIDENT,
        Action.DIRECT_INCIDENT,
        Action.ACKNOWLEDGE_ALARM,
        Action.ANSWER_ASSIGNMENT,  # by telephone, for a crew that has no screen
        Action.REPORT_CAUSE,
        Action.ADD_NOTE,
    },
    Role.SUPERVISOR: _OVERSEER | {Action.ADD_NOTE, Action.SEE_QUARANTINE},
    Role.FIRM: _CREW | {Action.SEND_TELEMETRY},
    Role.STATION: _CREW,
}


def may(role: Role, action: Action) -> bool:
    """Whether `role` allows `action` at all."""
    return action in ALLOWED[role]


@dataclass(frozen=True, slots=True)
class Scope:
    """Which data: `area` empty is the whole province; firm or station narrows to what is theirs."""

    area: str = ""
    firm_id: int | None = None
    station_id: int | None = None

    @property
    def areas(self) -> tuple[str, ...] | None:
        """The areas to ask for; None for all."""
        return (self.area,) if self.area else None

    @property
    def narrow(self) -> bool:
        """True for the account of one firm or one station."""
        return self.firm_id is not None or self.station_id is not None

    @property
    def sees_all(self) -> bool:
        """True where nothing narrows: neither a city nor a firm nor a station."""
        return not self.area and not self.narrow

    def covers_area(self, area: str) -> bool:
        """Whether things of `area` may be seen."""
        return not self.area or area == self.area

    def covers_target(self, target_kind: str, target_id: int | None) -> bool:
        """Whether an assignment to that firm or station is this account's to see and answer."""
        if not self.narrow:
            return True
        return (
            target_kind == "firm" and self.firm_id is not None and target_id == self.firm_id
        ) or (
            target_kind == "station"
            and self.station_id is not None
            and target_id == self.station_id
        )

    def covers_incident(
        self, area: str, lift_firm_id: int | None, targets: Iterable[tuple[str, int | None]]
    ) -> bool:
        """Whether an incident may be seen: by area, by the lift's firm, or by an assignment."""
        if not self.narrow:
            return self.covers_area(area)
        if self.firm_id is not None and lift_firm_id == self.firm_id:
            return True
        return any(self.covers_target(kind, target) for kind, target in targets)
