"""What the rungs of escalation are called: before they come, when they were taken, and why.

Groups of `dashboard.web.labels`.
"""

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, str]] = {
    "crew_action": {
        "accept": "Accept",
        "refuse": "Refuse",
        "en_route": "On the way",
        "arrive": "Arrived",
        "finish": "Freed",
        "stand_down": "Stand down",
    },
    "rung": {
        "answer": "answer due",
        "level2": "level 2",
        "target_arrival": "arrival target",
        "statutory_arrival": "statutory arrival",
        "level3": "level 3",
        "level3_urged": "level 3 urged",
        "not_freed": "still not freed",
        "callback": "call-back due",
        "cause": "cause due",
        "dispatch": "dispatch due",
    },
    "rung_taken": {
        "answer": "No answer in time",
        "level2": "Next level: rescue station",
        "target_arrival": "Arrival target missed",
        "statutory_arrival": "Statutory arrival missed",
        "level3": "Next level: public rescue",
        "level3_urged": "Level 3 urged",
        "not_freed": "Still not freed",
        "callback": "Call-back overdue",
        "cause": "Cause overdue",
        "dispatch": "Dispatch begun",
    },
    "why": {
        "no_lift": "the lift is not known yet, so neither is its maintenance firm",
        "no_firm": "no maintenance firm is registered for the lift",
        "no_station": "no rescue station is registered for the place",
        "unanswered": "no answer",
        "refused": "refused",
        "target_missed": "nobody there by the target",
        "injury": "somebody is injured",
        "by_person": "by a person's decision",
        "located": "the lift has been found: this is its maintenance firm",
        "not_freed": "not freed in time",
    },
}
