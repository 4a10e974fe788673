"""What contracts, certificates, inspections, drills and random checks are called."""

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, str]] = {
    "contract_state": {
        "in_force": "In force",
        "ending": "Ends soon",
        "to_come": "Not begun",
        "ended": "Ended",
    },
    "certificate": {
        "valid": "Valid",
        "ending": "Ends soon",
        "ended": "Ended",
        "missing": "No certificate",
        "left": "Has left",
    },
    "check_state": {
        "overdue": "Overdue",
        "soon": "Due soon",
        "later": "Later",
        "unknown": "Not known",
    },
    "drill_state": {
        "overdue": "Overdue",
        "soon": "Due soon",
        "in_time": "In time",
    },
    "inspection_kind": {
        "supervision": "Supervision of installation",
        "periodic": "Periodic inspection",
        "self_test": "Test",
    },
    "inspection_result": {
        "passed": "Passed",
        "passed_after_repair": "Passed after repair",
        "failed": "Failed",
    },
    "check_result": {
        "in_order": "In order",
        "defects": "Defects found",
        "not_done": "Was not done",
    },
    "stays": {
        "nobody_holds_it": "no contract holds on that day",
        "held_by_another": "another firm holds it on that day",
        "begins_on_that_day": "a contract begins on that very day",
        "later_contract": "a later contract is signed already",
    },
    "refused_paper": {
        "reason_missing": "Say why in words.",
        "out_of_range": "This day or number cannot be: look at it again.",
        "same_firm": "Name two different firms.",
        "too_many": "Too many lifts at once: choose a city or a district.",
        "changed": "Something has changed since you looked: look again before you confirm.",
        "overlap": "Another contract of the lift holds on some of these days.",
        "missing": "Fill in what is missing.",
        "bad_field": "Fill in what is missing.",
        "nothing_to_draw": "No visit was done in those days.",
        "exists": "This visit has its result already.",
    },
}
