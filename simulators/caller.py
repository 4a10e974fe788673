"""Somebody in a stuck car presses the button, or the device tests by itself that it can call.

It repeats the same object every 5 s, after the first minute every 15 s, until it has a receipt with
its event id; when the people are out it tells the end of the call the same way.
"""

from dataclasses import dataclass, replace

from devices.protocol.messages import Call, CallPhase, CallSource, CallTest

REPEAT_S = 5.0
PATIENT_AFTER_S = 60.0
PATIENT_REPEAT_S = 15.0


@dataclass(frozen=True, slots=True)
class Caller:
    """One call. `due_s` is when it is sent next; None: it was answered."""

    event_id: str
    lift: str
    people: int
    floor: int
    phase: CallPhase
    begun_s: float
    due_s: float | None
    test: CallTest | None = None


def press(event_id: str, *, lift: str, people: int, floor: int, at_s: float) -> Caller:
    """The button is pressed at that instant."""
    return Caller(event_id, lift, people, floor, CallPhase.BEGIN, at_s, at_s)


def test(event_id: str, *, lift: str, told: CallTest, at_s: float) -> Caller:
    """The device tests by itself whether it can call."""
    return Caller(event_id, lift, 0, 0, CallPhase.TEST, at_s, at_s, told)


def end(caller: Caller, at_s: float) -> Caller:
    """The people are out: the device tells that this call has ended."""
    return replace(caller, phase=CallPhase.END, begun_s=at_s, due_s=at_s)


def answered(caller: Caller) -> Caller:
    """A receipt for its event id has come: no more repeats of this phase."""
    return replace(caller, due_s=None)


def send(caller: Caller, now_s: float) -> tuple[Caller, Call]:
    """The call as it goes out now, and when it would be repeated. Its content never changes."""
    patient = now_s - caller.begun_s >= PATIENT_AFTER_S
    call = Call(
        ts=int(caller.begun_s * 1000),
        event_id=caller.event_id,
        phase=caller.phase,
        source=CallSource.BUTTON,
        lift=caller.lift,
        people=None if caller.test else caller.people,
        floor=None if caller.test else caller.floor,
        test=caller.test,
    )
    return replace(caller, due_s=now_s + (PATIENT_REPEAT_S if patient else REPEAT_S)), call
