"""From telemetry to conditions: pure, one lift at a time.

Theory of operation. Events name their condition: `begin` raises it, `end` clears it by the same
event id. A lift has at most one open condition a code: a device that begins the same once more
without having ended it only renames it. What sensors are known to get wrong must last before it is
raised (`LASTING`; domain/practice: 5 s for doors and e-bikes, `confirm_after` for trapping), and
noisy codes are raised at most `NOISY_A_DAY` times in 24 hours.

Inference of trapping: the car stands outside its door zone, the door is closed and somebody is
inside, for `confirm_after`. What is unknown supports no suspicion. While the lift is in inspection
mode, alarms that the code table marks as suppressed there are remembered but not raised; a person's
call comes by another way and is never held back. Gateways that fall silent are told elsewhere
(devices.silence): that is nothing of one lift.

A lift that says it runs on its battery or on emergency power has a `power.off`, told or not, until
it says that it is back on the mains. Readings of kitchen points are judged by alerts.points.

Whether something lasted is counted by when it happened, so that what waited at the broker while the
hub was down confirms nothing that had already passed; a suspicion that arrives late waits `GRACE`
for the words behind it. What is told (`since`) is the hub's time of receipt; the device's clock is
only reported.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from msgspec.structs import replace

from alerts.points import judge_point
from devices.codes import EVENT_CODES
from devices.findings import ConditionCleared, ConditionRaised, Finding, Severity
from devices.judging import Candidate, Judged, LiftMemory, Limits, OpenCondition, Raised
from devices.protocol.messages import (
    Door,
    Event,
    Heartbeat,
    Mode,
    Motion,
    Phase,
    Power,
    Sensor,
    Status,
)

TRAPPED = "trapped."
INFERRED = "trapped.between"
OFFLINE = "device.offline"
POWER_OFF = "power.off"
LASTING_POWER = timedelta(seconds=10)  # shorter dips are ridden through, and no cut
GRACE = timedelta(seconds=5)
LASTING: Mapping[str, timedelta] = MappingProxyType(
    {code: timedelta(seconds=5) for code in ("door.close", "door.open", "ebike")}
)
NOISY_A_DAY = 3
_DAY = timedelta(hours=24)


def judge(
    memory: LiftMemory | None,
    message: Event | Status | Heartbeat | Sensor,
    lift_code: str,
    limits: Limits,
    received_at: datetime,
    happened_at: datetime | None = None,
) -> Judged:
    """Judge one message in order of arrival; never raises for what a sender can send."""
    before = memory or LiftMemory()
    if before.settled and isinstance(message, Status):  # nearly always: a lift that just runs
        moved = _moved(before, message)
        if moved.mode is not Mode.INSPECTION and not _suspicious(moved) and not _unfed(moved):
            return Judged(memory=moved)
    happened = min(happened_at or received_at, received_at)
    if isinstance(message, Sensor):
        return judge_point(memory, message, lift_code, received_at, happened)
    due = elapse(before, lift_code, limits, happened)
    now, findings = due.memory, list(due.findings)
    online = _online(now, received_at)
    findings += online.findings
    step = Judged(memory=online.memory)
    match message:
        case Event():
            step = _event(step.memory, message, lift_code, limits, received_at, happened)
        case Status():
            step = _status(step.memory, message, lift_code, limits, received_at, happened)
        case Heartbeat():
            pass
    return Judged(memory=_wake(step.memory), findings=(*findings, *step.findings))


def elapse(memory: LiftMemory, lift_code: str, limits: Limits, now: datetime) -> Judged:
    """Raise the suspicions that have lasted long enough at `now`."""
    del limits  # part of the seam: how long a suspicion must last stands in its due_at
    findings: list[Finding] = []
    still: list[Candidate] = []
    opened, noisy = list(memory.open), memory.noisy
    for candidate in memory.candidates:
        if candidate.due_at > now:
            still.append(candidate)
            continue
        silent = False
        if candidate.code in LASTING:
            noisy = tuple(each for each in noisy if each.at > candidate.since - _DAY)
            silent = sum(each.code == candidate.code for each in noisy) >= NOISY_A_DAY
            if not silent:
                noisy = (*noisy, Raised(candidate.code, candidate.since))
        opened.append(_condition(candidate, lift_code, suppressed=silent))
        if not silent:
            findings.append(_raised(candidate, lift_code))
    kept = replace(memory, open=tuple(opened), candidates=tuple(still), noisy=noisy)
    return Judged(memory=_wake(kept), findings=tuple(findings))


def _raised(candidate: Candidate, lift_code: str) -> ConditionRaised:
    return ConditionRaised(
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


def _condition(candidate: Candidate, lift_code: str, *, suppressed: bool) -> OpenCondition:
    return OpenCondition(
        event_id=candidate.event_id,
        subject_kind="lift",
        subject=lift_code,
        code=candidate.code,
        severity=candidate.severity,
        since=candidate.since,
        suppressed=suppressed,
        renamed=candidate.renamed,
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
        power=memory.power if status.power is None else status.power,
        noisy=memory.noisy,
        settled=True,
    )


def _key(lift_code: str, event_id: str) -> str:
    return f"{lift_code}:{event_id}"  # two gateways may choose the same event id


def _event(
    memory: LiftMemory,
    event: Event,
    lift_code: str,
    limits: Limits,
    at: datetime,
    happened: datetime,
) -> Judged:
    known = EVENT_CODES.get(event.code)
    key = _key(lift_code, event.event_id)
    if event.phase is Phase.END:
        return _clear(memory, lambda one: (one.renamed or one.event_id) == key, at)
    if event.phase is not Phase.BEGIN:
        return Judged(memory=memory)
    standing = {one.code for one in memory.open} | {one.code for one in memory.candidates}
    if event.code in standing:
        return Judged(memory=_renamed(memory, event.code, key))
    candidate = Candidate(
        event_id=key,
        code=event.code,
        severity=Severity(known.severity) if known else Severity.INFO,
        since=at,
        due_at=_due(event.code, limits, at, happened),
        device_at=_device_at(event.ts),
        floor=memory.floor if event.floor is None else event.floor,
        occupied=memory.occupied if event.occupied is None else event.occupied,
    )
    if memory.mode is Mode.INSPECTION and known is not None and known.suppressed_in_inspection:
        silent = _condition(candidate, lift_code, suppressed=True)
        return Judged(memory=replace(memory, open=(*memory.open, silent)))
    waiting = replace(memory, candidates=(*memory.candidates, candidate))
    return elapse(waiting, lift_code, limits, happened)


def _due(code: str, limits: Limits, at: datetime, happened: datetime) -> datetime:
    lasting = limits.confirm_after if code.startswith(TRAPPED) else LASTING.get(code)
    if lasting is None:
        return happened
    return max(happened + lasting, at + min(GRACE, lasting)) if at > happened else at + lasting


def _renamed(memory: LiftMemory, code: str, key: str) -> LiftMemory:
    return replace(
        memory,
        open=tuple(replace(one, renamed=key) if one.code == code else one for one in memory.open),
        candidates=tuple(
            replace(one, renamed=key) if one.code == code else one for one in memory.candidates
        ),
    )


def _device_at(ts: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(ts / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _status(
    memory: LiftMemory,
    status: Status,
    lift_code: str,
    limits: Limits,
    at: datetime,
    happened: datetime,
) -> Judged:
    names = ("mode", "car", "door", "door_zone", "occupied", "floor", "power")
    told = {n: getattr(status, n) for n in names if getattr(status, n) is not None}
    merged = replace(memory, **told)
    if merged.mode is Mode.INSPECTION:  # suspicions of a lift under work are dropped
        merged = replace(merged, candidates=())
        return Judged(memory=merged)
    fed = _feed(merged, status, lift_code, at, happened)
    trapping = _trapping(fed.memory, status, lift_code, limits, at, happened)
    return Judged(memory=trapping.memory, findings=(*fed.findings, *trapping.findings))


def _unfed(memory: LiftMemory) -> bool:
    return memory.power is Power.BATTERY or memory.mode is Mode.EMERGENCY_POWER


def _feed(
    memory: LiftMemory, status: Status, lift_code: str, at: datetime, happened: datetime
) -> Judged:
    """Whether the lift is without mains, by what its status says."""
    inferred = f"{lift_code}:unfed-"
    if not _unfed(memory):
        return _clear(memory, lambda one: one.event_id.startswith(inferred), at)
    standing = {one.code for one in memory.open} | {one.code for one in memory.candidates}
    if POWER_OFF in standing:
        return Judged(memory=memory)
    candidate = Candidate(
        event_id=f"{inferred}{int(at.timestamp() * 1000)}",
        code=POWER_OFF,
        severity=Severity.MAJOR,
        since=at,
        due_at=happened + LASTING_POWER,
        device_at=_device_at(status.ts),
        floor=memory.floor,
        occupied=memory.occupied,
        inferred=True,
    )
    return Judged(memory=replace(memory, candidates=(*memory.candidates, candidate)))


def _trapping(
    merged: LiftMemory,
    status: Status,
    lift_code: str,
    limits: Limits,
    at: datetime,
    happened: datetime,
) -> Judged:
    """Whether somebody may be trapped, by what is known of the lift."""
    inferred = f"{lift_code}:inferred-"
    if not _suspicious(merged):
        return _clear(merged, lambda one: one.event_id.startswith(inferred), at)
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
        due_at=_due(INFERRED, limits, at, happened),
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


def _clear(
    memory: LiftMemory, ended: Callable[[OpenCondition | Candidate], bool], at: datetime
) -> Judged:
    findings = tuple(
        ConditionCleared(
            event_id=o.event_id, subject_kind=o.subject_kind, subject=o.subject, code=o.code, at=at
        )
        for o in memory.open
        if ended(o) and not o.suppressed
    )
    kept = replace(
        memory,
        open=tuple(o for o in memory.open if not ended(o)),
        candidates=tuple(c for c in memory.candidates if not ended(c)),
    )
    return Judged(memory=kept, findings=findings)


def _online(memory: LiftMemory, at: datetime) -> Judged:
    """End what was remembered of each lift before gateways had a memory of their own."""
    gone = {o.event_id for o in memory.open if o.code == OFFLINE}
    return _clear(memory, lambda one: one.event_id in gone, at)
