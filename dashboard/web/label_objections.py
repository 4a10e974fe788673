"""What speaks against taking a visit, in words for the crew."""

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, str]] = {
    "objection": {
        "other_list": "Another item list holds now: load the page again.",
        "not_answered": "Answer this item.",
        "unknown_item": "This item does not belong to the visit.",
        "reason_missing": "Say why it does not apply.",
        "photo_missing": "Take a photo of the test or measurement.",
        "photo_unknown": "The photo has not arrived: send again.",
        "not_two_workers": "Name the two workers of this visit.",
        "same_worker": "Name two different workers.",
        "not_of_the_firm": "This worker is not of the firm.",
        "certificate_not_valid": "The worker's certificate is not valid on that day.",
        "not_signed": "Let this worker sign.",
        "not_a_worker": "This is none of the two workers.",
        "not_checked_in": "Let this worker check in at the lift.",
        "other_code": "This is not the code that stands at this lift.",
        "lift_position_unknown": "The lift's position is not known: use its code.",
        "missing": "Fill this in.",
        "too_far_away": "Too far from the lift: use its code.",
        "too_far_apart": "The two checked in more than 30 minutes apart.",
        "stay_too_short": "Both stay for at least 30 minutes.",
        "before_start": "The times are not in their order.",
        "before_finish": "The times are not in their order.",
        "after_finish": "Check in before the work.",
        "clock_wrong": "The phone's clock is wrong: set it, then hand in again.",
        "none_and_others": "S0 stands alone.",
        "twice": "Name each hazard once.",
        "out_of_range": "The next visit must be planned by its due day.",
        "key_reused": "The visit was handed in before.",
        "wrong_state": "The visit was handed in before.",
        "unchanged": "Nothing has been changed.",
        "superseded": "This record has been corrected already: correct the newest.",
        "other": "This was not taken.",
    },
}
