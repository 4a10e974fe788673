"""What the words of the maintenance log are called."""

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, str]] = {
    "period": {
        "half_month": "Half-month",
        "quarter": "Quarter",
        "half_year": "Half-year",
        "year": "Year",
    },
    "visit": {
        "planned": "Planned",
        "started": "Begun",
        "submitted": "Waits for the use unit",
        "confirmed": "Confirmed",
        "disputed": "Disputed",
        "rejected": "Rejected",
        "lapsed": "Lapsed",
    },
    "service": {
        "in_service": "In service",
        "stopped": "Stopped",
        "sealed": "Sealed",
        "laid_up": "Laid up",
    },
    "called_for_by": {
        "calendar": "By the calendar",
        "demand": "On demand",
    },
    "answer": {
        "done": "Done",
        "adjusted": "Adjusted",
        "replaced": "Replaced",
        "not_applicable": "Not applicable",
    },
    "hazard": {
        "S0": "None",
        "S1": "Illegally made",
        "S2": "Used beyond its parameters",
        "S3": "Safety part missing or failed",
        "S4": "Should be scrapped, or failed its inspection",
        "S5": "Obvious fault, or an order left open",
        "S6": "Accident not reported",
        "S7": "Other serious hazard",
    },
    "remark": {
        "clock_skew_s": "The phone's clock was wrong",
        "check_in_clock_differs": "A check-in reached the hub at another time than it says",
        "handed_in_late": "Handed in late",
        "shallower_than_due": "Shallower than was due",
        "not_planned": "Was not planned",
        "legacy": "Taken over from older papers",
    },
    "refused_visit": {
        "reason_missing": "Say why in words.",
        "wrong_state": "The visit has moved on: this step is not open any more.",
        "stale_version": "Somebody else was quicker: look at the visit again.",
        "own_work": "Who handed a visit in does not confirm it.",
        "not_in_use": "The lift is not in use.",
        "handed_over": "The lift went to another firm.",
    },
    "record_kind": {
        "visit": "Visit",
        "amendment": "Amendment",
        "confirmation": "Confirmation",
        "legacy": "Older record",
    },
    "plan_reason": {
        "overdue": "Overdue: planned for the next working day",
        "moved_before_rest_days": "Planned before rest days",
        "no_working_day_before_due": "No working day before the due day",
        "no_contract": "No terms of on-demand maintenance",
        "contract_not_begun": "On-demand maintenance has not begun",
        "contract_ended": "On-demand maintenance has ended",
        "online_share_unknown": "Nobody knows how much the lift was online",
        "online_share_low": "The lift was not online enough",
        "critical_event_open": "A critical event is open",
        "never_visited": "No visit is known",
        "longest_time_passed": "The longest time between visits has passed",
        "no_visit_since_fall_back": "No visit since it fell back",
    },
    "check": {
        "inspection": "Inspection",
        "test": "Test",
    },
}
