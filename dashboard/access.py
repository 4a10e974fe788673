"""Who may do what: the one table of roles.

Theory of operation. A role allows actions (the table below); an account's scope says on which data
(`dashboard.scope`). Both are asked on every request, on the server; pages only leave out what would
be refused. The public has no account and no row: it sees the public surface and nothing else.
`hub roles` prints the table for docs/roles.md.
"""

from enum import StrEnum


class Role(StrEnum):
    """What an account is for."""

    ADMINISTRATOR = "administrator"
    DISPATCHER = "dispatcher"
    SHIFT_LEADER = "shift_leader"
    PROVINCE_SUPERVISOR = "province_supervisor"
    CITY_SUPERVISOR = "city_supervisor"
    DISTRICT_SUPERVISOR = "district_supervisor"
    FIRM_ADMIN = "firm_admin"
    TEAM_LEADER = "team_leader"
    TECHNICIAN = "technician"
    STATION = "station"
    USE_UNIT = "use_unit"


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
    REVEAL_PHONE = "reveal_phone"  # a person's whole number, each time journalled
    SEE_AUDIT = "see_audit"
    MANAGE_ACCOUNTS = "manage_accounts"  # a firm's administrator: those of the own firm
    IMPORT_FILES = "import_files"  # registers from files, for the whole province
    SEE_MAINTENANCE = "see_maintenance"
    HAND_IN_VISITS = "hand_in_visits"  # begin, check in, hand in, amend
    PLAN_VISITS = "plan_visits"  # choose days and teams
    CONFIRM_VISITS = "confirm_visits"  # or dispute them
    KEEP_DUTIES = "keep_duties"  # of a use unit: check-lists, stop a lift and start it again
    SEE_ROSTERS = "see_rosters"
    KEEP_ROSTERS = "keep_rosters"  # rotas, swaps, leave: of the own station, firm or team
    RECORD_DRILLS = "record_drills"
    WATCH_MAINTENANCE = "watch_maintenance"  # reject a visit, seal a lift, compare firms
    MANAGE_CONTRACTS = "manage_contracts"  # end them, hand lifts over to another firm


FIRM_ROLES = frozenset({Role.FIRM_ADMIN, Role.TEAM_LEADER, Role.TECHNICIAN})
SUPERVISORS = frozenset({Role.PROVINCE_SUPERVISOR, Role.CITY_SUPERVISOR, Role.DISTRICT_SUPERVISOR})

_EVERYONE = frozenset({Action.SEE_INCIDENTS, Action.SEE_LIFTS, Action.SEE_HISTORY})
_CREW = _EVERYONE | {Action.ANSWER_ASSIGNMENT, Action.REPORT_CAUSE, Action.ADD_NOTE}
_OVERSEER = _EVERYONE | {
    Action.SEE_ALARMS,
    Action.SEE_KITCHENS,
    Action.SEE_CAMERAS,
    Action.SEE_HEALTH,
    Action.SEE_ROSTERS,
}
_SEAT = _OVERSEER | {
    Action.OPEN_INCIDENT,
    Action.DIRECT_INCIDENT,
    Action.ACKNOWLEDGE_ALARM,
    Action.ANSWER_ASSIGNMENT,  # by telephone, for a crew that has no screen
    Action.REPORT_CAUSE,
    Action.ADD_NOTE,
    Action.REVEAL_PHONE,
}

_MAINTAINS = {Action.SEE_MAINTENANCE, Action.HAND_IN_VISITS, Action.RECORD_DRILLS}
_KEEPS_ROSTERS = {Action.SEE_ROSTERS, Action.KEEP_ROSTERS}
_WATCHES = {Action.SEE_MAINTENANCE, Action.WATCH_MAINTENANCE}

ALLOWED: dict[Role, frozenset[Action]] = {
    Role.ADMINISTRATOR: frozenset(Action),
    Role.DISPATCHER: _SEAT,
    Role.SHIFT_LEADER: _SEAT | {Action.SEE_AUDIT, Action.SEE_QUARANTINE},
    Role.PROVINCE_SUPERVISOR: _OVERSEER | {Action.ADD_NOTE, Action.SEE_QUARANTINE} | _WATCHES,
    Role.CITY_SUPERVISOR: _OVERSEER | {Action.ADD_NOTE, Action.SEE_QUARANTINE} | _WATCHES,
    # What could not be taken names its city at most: nobody can say whose district it is.
    Role.DISTRICT_SUPERVISOR: _OVERSEER | {Action.ADD_NOTE} | _WATCHES,
    Role.FIRM_ADMIN: _CREW
    | _MAINTAINS
    | {Action.SEND_TELEMETRY, Action.REVEAL_PHONE, Action.MANAGE_ACCOUNTS, Action.PLAN_VISITS}
    | _KEEPS_ROSTERS,
    Role.TEAM_LEADER: _CREW
    | _MAINTAINS
    | {Action.REVEAL_PHONE, Action.PLAN_VISITS}
    | _KEEPS_ROSTERS,
    Role.TECHNICIAN: _CREW | _MAINTAINS | {Action.SEE_ROSTERS},
    Role.STATION: _CREW | _KEEPS_ROSTERS,
    Role.USE_UNIT: _EVERYONE
    | {
        Action.ADD_NOTE,
        Action.SEE_ALARMS,
        Action.SEE_MAINTENANCE,
        Action.CONFIRM_VISITS,
        Action.KEEP_DUTIES,
        Action.RECORD_DRILLS,
    },
}


def may(role: Role, action: Action) -> bool:
    """Whether `role` allows `action` at all."""
    return action in ALLOWED[role]


def made_by(role: Role) -> frozenset[Role]:
    """The roles whose accounts somebody of `role` may make, reset and close.

    A firm's administrator: of the own firm (`dashboard.charges`), and no other administrator.
    """
    if role is Role.ADMINISTRATOR:
        return frozenset(Role)
    return FIRM_ROLES - {Role.FIRM_ADMIN} if role is Role.FIRM_ADMIN else frozenset()
