"""From telemetry to conditions: pure, one lift at a time.

Theory of operation. Events name their condition: `begin` raises it, `end` clears it by the same
event id. `trapped.*` events and the inference below are only suspicions at first: false ones are
common (door sensors, air-pressure sensing), so they must last `confirm_after` before they are
raised. Inference: the car stands outside its door zone, the door is closed and somebody is inside.
What is unknown supports no suspicion. While the lift is in inspection mode, alarms that the code
table marks as suppressed there are remembered but not raised; a person's call comes by another
way and is never held back. A gateway whose last will arrives is `device.offline` until it speaks.
All instants are the hub's time of receipt; the device's clock is only reported.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from msgspec.structs import replace

from devices.codes import EVENT_CODES
from devices.findings import ConditionCleared, ConditionRaised, Finding, Severity
from devices.judging import Candidate, Judged, LiftMemory, Limits, OpenCondition
from devices.protocol.messages import Door, Event, Heartbeat, Mode, Motion, Phase, Status

TRAPPED = "trapped."
INFERRED = "trapped.between"
OFFLINE = "device.offline"


def judge(
    memory: LiftMemory | None,
    message: Event | Status | Heartbeat,
    lift_code: str,
    limits: Limits,
    received_at: datetime,
) -> Judged:
    """Judge one message in order of arrival; never raises for what a sender can send."""
    before = memory or LiftMemory()
    if before.settled and isinstance(message, Status):  # nearly always: a lift that just runs
        moved = _moved(before, message)
        if moved.mode is not Mode.INSPECTION and not _suspicious(moved):
            return Judged(memory=moved)
    due = elapse(before, lift_code, limits, received_at)
    now, findings = due.memory, list(due.findings)
    if isinstance(message, Heartbeat) and message.offline:
        step = _offline(now, message, lift_code, limits, received_at)
    else:
        online = _online(now, received_at)
        findings += online.findings
        step = Judged(memory=online.memory)
    match message:
        case Event():
            step = _event(step.memory, message, lift_code, limits, received_at)
        case Status():
            step = _status(step.memory, message, lift_code, limits, received_at)
        case Heartbeat():
            pass
    return Judged(memory=_wake(step.memory), findings=(*findings, *step.findings))


def elapse(memory: LiftMemory, lift_code: str, limits: Limits, now: datetime) -> Judged:
    """Raise the suspicions that have lasted long enough at `now`."""
    del limits  # part of the seam: how long a suspicion must last stands in its due_at
    findings: list[Finding] = []
    still: list[Candidate] = []
    opened = list(memory.open)
    for candidate in memory.candidates:
        if candidate.due_at > now:
            still.append(candidate)
            continue
        opened.append(_condition(candidate, lift_code))
        findings.append(
            ConditionRaised(
                event_id=candidate.event_id,
                subject_kind="lift",
                subject=lift_code,
                code=candidate.code,
                severity=candidate.severity,
                since=candidate.since,
                device_at=candidate.device_at,
                floor=candidate.floor,
                occupied=candidate.occupied,
                detail="inferred" if candidate.inferred else "",
            )
        )
    kept = replace(memory, open=tuple(opened), candidates=tuple(still))
    return Judged(memory=_wake(kept), findings=tuple(findings))


def _condition(candidate: Candidate, lift_code: str) -> OpenCondition:
    return OpenCondition(
        event_id=candidate.event_id,
        subject_kind="lift",
        subject=lift_code,
        code=candidate.code,
        severity=candidate.severity,
        since=candidate.since,
    )


def _wake(memory: LiftMemory) -> LiftMemory:
    return replace(
        memory,
        wake_at=min((c.due_at for c in memory.candidates), default=None),
        settled=not memory.open and not memory.candidates,
    )


def _moved(memory: LiftMemory, status: Status) -> LiftMemory:
    """What is remembered of a lift of which nothing is open or pending, after a status."""
    return LiftMemory(
        mode=memory.mode if status.mode is None else status.mode,
        car=memory.car if status.car is None else status.car,
        door=memory.door if status.door is None else status.door,
        door_zone=memory.door_zone if status.door_zone is None else status.door_zone,
        occupied=memory.occupied if status.occupied is None else status.occupied,
        floor=memory.floor if status.floor is None else status.floor,
        settled=True,
    )


def _key(lift_code: str, event_id: str) -> str:
    return f"{lift_code}:{event_id}"  # two gateways may choose the same event id


def _event(
    memory: LiftMemory, event: Event, lift_code: str, limits: Limits, at: datetime
) -> Judged:
    known = EVENT_CODES.get(event.code)
    key = _key(lift_code, event.event_id)
    if event.phase is Phase.END:
        return _clear(memory, lambda open_id: open_id == key, at)
    seen = {o.event_id for o in memory.open} | {c.event_id for c in memory.candidates}
    if event.phase is not Phase.BEGIN or key in seen:
        return Judged(memory=memory)
    candidate = Candidate(
        event_id=key,
        code=event.code,
        severity=Severity(known.severity) if known else Severity.INFO,
        since=at,
        due_at=at + limits.confirm_after if event.code.startswith(TRAPPED) else at,
        device_at=_device_at(event.ts),
        floor=memory.floor if event.floor is None else event.floor,
        occupied=memory.occupied if event.occupied is None else event.occupied,
    )
    if memory.mode is Mode.INSPECTION and known is not None and known.suppressed_in_inspection:
        silent = replace(_condition(candidate, lift_code), suppressed=True)
        return Judged(memory=replace(memory, open=(*memory.open, silent)))
    waiting = replace(memory, candidates=(*memory.candidates, candidate))
    return elapse(waiting, lift_code, limits, at)


def _device_at(ts: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(ts / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _status(
    memory: LiftMemory, status: Status, lift_code: str, limits: Limits, at: datetime
) -> Judged:
    names = ("mode", "car", "door", "door_zone", "occupied", "floor")
    told = {n: getattr(status, n) for n in names if getattr(status, n) is not None}
    merged = replace(memory, **told)
    if merged.mode is Mode.INSPECTION:  # suspicions of a lift under work are dropped
        merged = replace(merged, candidates=())
        return Judged(memory=merged)
    inferred = f"{lift_code}:inferred-"
    if not _suspicious(merged):
        return _clear(merged, lambda event_id: event_id.startswith(inferred), at)
    told_already = any(o.code.startswith(TRAPPED) for o in merged.open) or any(
        c.code.startswith(TRAPPED) for c in merged.candidates
    )
    if told_already:
        return Judged(memory=merged)
    candidate = Candidate(
        event_id=f"{inferred}{int(at.timestamp() * 1000)}",
        code=INFERRED,
        severity=Severity.CRITICAL,
        since=at,
        due_at=at + limits.confirm_after,
        device_at=_device_at(status.ts),
        floor=merged.floor,
        occupied=True,
        inferred=True,
    )
    return Judged(memory=replace(merged, candidates=(*merged.candidates, candidate)))


def _suspicious(memory: LiftMemory) -> bool:
    return (
        memory.car is Motion.STOPPED
        and memory.door_zone is False
        and memory.door is Door.CLOSED
        and memory.occupied is True
    )


def _clear(memory: LiftMemory, ended: Callable[[str], bool], at: datetime) -> Judged:
    findings = tuple(
        ConditionCleared(
            event_id=o.event_id, subject_kind=o.subject_kind, subject=o.subject, code=o.code, at=at
        )
        for o in memory.open
        if ended(o.event_id) and not o.suppressed
    )
    kept = replace(
        memory,
        open=tuple(o for o in memory.open if not ended(o.event_id)),
        candidates=tuple(c for c in memory.candidates if not ended(c.event_id)),
    )
    return Judged(memory=kept, findings=findings)


def _offline(
    memory: LiftMemory, will: Heartbeat, lift_code: str, limits: Limits, at: datetime
) -> Judged:
    if any(o.code == OFFLINE for o in memory.open):
        return Judged(memory=memory)
    # Named by the gateway's own restart, so that every lift it speaks for tells the same fact.
    gateway = limits.gateway
    condition = OpenCondition(
        event_id=f"{gateway or lift_code}:offline-{will.boot}-{will.seq}",
        subject_kind="gateway" if gateway else "lift",
        subject=gateway or lift_code,
        code=OFFLINE,
        severity=Severity.MINOR,
        since=at,
    )
    raised = ConditionRaised(
        event_id=condition.event_id,
        subject_kind=condition.subject_kind,
        subject=condition.subject,
        code=OFFLINE,
        severity=condition.severity,
        since=at,
        device_at=_device_at(will.ts),
    )
    return Judged(memory=replace(memory, open=(*memory.open, condition)), findings=(raised,))


def _online(memory: LiftMemory, at: datetime) -> Judged:
    gone = {o.event_id for o in memory.open if o.code == OFFLINE}
    return _clear(memory, gone.__contains__, at)
