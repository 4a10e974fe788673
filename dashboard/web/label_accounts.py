"""What roles are called, and what a token opens."""

from dashboard.web import label_audit

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
        **label_audit.SUBJECTS,
        **label_audit.FIRST_WORDS,
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
    "account_state": {
        "enabled": "Open",
        "one_time": "Password not yet changed",
        "disabled": "Closed",
    },
    "account_act": {
        "reset": "Give a new password",
        "disable": "Close the account",
        "factor": "Remove the second factor",
        "move": "Change role or data",
    },
    "account_consequence": {
        "reset": "It is signed out everywhere; only the new password opens it, and has to be "
        "changed at the first sign-in. A closed account is open again.",
        "disable": "It is signed out everywhere, its tokens are revoked, and nobody signs in with "
        "it. A new password opens it again.",
        "factor": "It is signed out everywhere, and its password alone opens it. Be sure who asks.",
        "move": "It is signed out everywhere; from the next sign-in it sees what you choose here.",
    },
    "account_done": {
        "reset": "A new password was given.",
        "disable": "The account is closed.",
        "factor": "The second factor is removed.",
        "move": "Role and data are changed.",
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
    "account_moved": "Role or data changed",
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
