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
    "token_scope": {
        "all": "All that the account may",
        "read": "Only reading",
        "rescue": "Incidents and orders",
        "telemetry": "Pushing telemetry",
    },
}
