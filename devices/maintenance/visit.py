"""Life cycle of a visit (维保作业).

Theory of operation. A visit is planned, worked on, handed in by the firm and confirmed by the use
unit's safety officer. A phone without a network hands in a visit that the hub never saw begin, so
a planned one may be handed in at once. The officer may dispute what was handed in; the firm then
amends it (the old record stays, record.py) or the officer withdraws; the supervisor may reject it
as not done. An amendment of a confirmed visit wants a new confirmation. A visit lapses when its
reason has gone: the lift stopped, the contract went to another firm, a deeper visit took its
place. Modelled on TSG T5002-2017 Art. 7 and 10 and on field applications of firms.
"""

from enum import StrEnum

from core.lifecycle import LifeCycle


class VisitState(StrEnum):
    """Where a visit stands."""

    PLANNED = "planned"
    STARTED = "started"
    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"
    REJECTED = "rejected"
    LAPSED = "lapsed"


class VisitEvent(StrEnum):
    """What moves a visit."""

    RESCHEDULE = "reschedule"
    START = "start"
    BREAK_OFF = "break_off"
    SUBMIT = "submit"
    CONFIRM = "confirm"
    DISPUTE = "dispute"
    WITHDRAW_DISPUTE = "withdraw_dispute"
    AMEND = "amend"
    REJECT = "reject"
    LAPSE = "lapse"


_S, _E = VisitState, VisitEvent

VISIT: LifeCycle[VisitState, VisitEvent] = LifeCycle(
    name="visit",
    initial=_S.PLANNED,
    table={
        _S.PLANNED: {
            _E.RESCHEDULE: _S.PLANNED,
            _E.START: _S.STARTED,
            _E.SUBMIT: _S.SUBMITTED,
            _E.LAPSE: _S.LAPSED,
        },
        _S.STARTED: {
            _E.BREAK_OFF: _S.PLANNED,
            _E.SUBMIT: _S.SUBMITTED,
            _E.LAPSE: _S.LAPSED,
        },
        _S.SUBMITTED: {
            _E.CONFIRM: _S.CONFIRMED,
            _E.DISPUTE: _S.DISPUTED,
            _E.AMEND: _S.SUBMITTED,
            _E.REJECT: _S.REJECTED,
        },
        _S.DISPUTED: {
            _E.WITHDRAW_DISPUTE: _S.SUBMITTED,
            _E.AMEND: _S.SUBMITTED,
            _E.REJECT: _S.REJECTED,
        },
        _S.CONFIRMED: {
            _E.AMEND: _S.SUBMITTED,
            _E.REJECT: _S.REJECTED,
        },
        _S.REJECTED: {},
        _S.LAPSED: {},
    },
)

COUNTS_AS_DONE = frozenset({_S.SUBMITTED, _S.CONFIRMED})
"""States in which a visit moves the due days: handed in counts until somebody objects."""

RUNNING = frozenset({_S.PLANNED, _S.STARTED})
"""States before the record: nothing is kept for ever yet."""

WANTS_REASON = frozenset(
    {_E.RESCHEDULE, _E.BREAK_OFF, _E.DISPUTE, _E.WITHDRAW_DISPUTE, _E.AMEND, _E.REJECT, _E.LAPSE}
)
"""Events that are refused without a reason in words."""


def next_state(state: VisitState, event: VisitEvent) -> VisitState:
    """The state that `event` leads to; raises Conflict("wrong_state") where it is refused."""
    return VISIT.next_state(state, event)
