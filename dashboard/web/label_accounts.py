"""What roles are called, and what a token opens."""

WORDS: dict[str, dict[str, str]] = {
    "role": {
        "administrator": "Administrator",
        "dispatcher": "Dispatcher",
        "shift_leader": "Shift leader",
        "province_supervisor": "Province supervisor",
        "city_supervisor": "City supervisor",
        "district_supervisor": "District supervisor",
        "firm_admin": "Firm's administrator",
        "team_leader": "Team leader",
        "technician": "Technician",
        "station": "Rescue station",
        "use_unit": "Use unit",
    },
    "subject_kind": {
        "account": "Account",
        "incident": "Incident",
        "registry": "Register",
        "lift": "Lift",
        "disclosure": "Number shown",
        "call": "Refused call",
        "gateway": "Gateway",
        "kitchen": "Kitchen",
        "camera": "Camera",
    },
    "token_scope": {
        "all": "All that the account may",
        "read": "Only reading",
        "rescue": "Incidents and orders",
        "telemetry": "Pushing telemetry",
    },
}

VERBS: dict[str, str] = {
    "signed_in": "Signed in",
    "signed_out": "Signed out",
    "account_created": "Account made",
    "account_disabled": "Account closed",
    "password_changed": "Password changed",
    "password_reset": "Password reset",
    "token_issued": "Token made",
    "token_revoked": "Token revoked",
    "session_ended": "Session ended",
    "second_factor_set": "Second factor set up",
    "second_factor_removed": "Second factor removed",
    "recovery_code_used": "Recovery code used",
    "phone_shown": "Number shown",
}
"""What happened to accounts; of the group `verb`."""
