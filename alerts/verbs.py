"""What the journal says of an incident, a lift or an alarm: every verb in one place."""

from enum import StrEnum


class Verb(StrEnum):
    """Verbs under Subject("incident", id), unless another subject is named."""

    OPENED = "opened"
    MERGED = "merged"
    LOCATED = "located"
    RUNG = "rung"
    OFFERED = "offered"
    UNANSWERED = "unanswered"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    EN_ROUTE = "en_route"
    ARRIVED = "arrived"
    FINISHED = "finished"
    STOOD_DOWN = "stood_down"
    LEVEL_SKIPPED = "level_skipped"
    LEVEL_RAISED = "level_raised"
    FREED = "freed"
    CONFIRMED = "confirmed"
    CAUSE_REPORTED = "cause_reported"
    CLOSED = "closed"
    SELF_ESCAPED = "self_escaped"
    FALSE_ALARM = "false_alarm"
    NOTE = "note"
    COMFORT_CALL = "comfort_call"
    CALL_ENDED = "call_ended"
    CONDITION_CLEARED = "condition_cleared"
    NOTICE_FAILED = "notice_failed"
    TEST_CALL = "test_call"  # lift
    ALARM_RAISED = "alarm_raised"  # lift, gateway, kitchen, camera
    ALARM_CLEARED = "alarm_cleared"
    ALARM_ACKNOWLEDGED = "alarm_acknowledged"
    ALARM_FOLDED = "alarm_folded"
    ALARM_UNFOLDED = "alarm_unfolded"
    CALL_REFUSED = "call_refused"  # call
    REFUSAL_SETTLED = "refusal_settled"
    CLOCK_ANCHORED = "clock_anchored"  # clock
    CLOCK_STEPPED = "clock_stepped"
    CLOCK_CONFIRMED = "clock_confirmed"
