"""From telemetry to conditions: pure, one lift at a time.

Theory of operation. Events name their condition: `begin` raises it, `end` clears it by the same
event id. A lift has at most one open condition a code: a device that begins the same once more
without having ended it only renames it; but where the code is critical and the gateway has
restarted, or the lift has worked, in between, the old one is over and the new one is told. An end
that overtakes its begin is remembered, so that the begin raises nothing. What sensors are known to
get wrong must last before it is raised (`LASTING`; domain/practice: 5 s for doors and e-bikes,
`confirm_after` for trapping), and noisy codes are raised at most `NOISY_A_DAY` times in 24 hours.

Inference of trapping: the car stands outside its door zone, the door is closed and somebody is
inside, for `confirm_after`. What is unknown supports no suspicion. A trapping that was told as an
event, whose end may be lost, is over when the lift has worked for `WORKING`: run, or stood open in
its door zone, outside inspection mode. What technicians cause is kept back (alerts.inspection) and
stands in the way of nothing new; a person's call comes by another way and is never held back.
Gateways that fall silent are told elsewhere (devices.silence): that is nothing of one lift.

A lift that says it runs on its battery or on emergency power has a `power.off`, told or not, until
it says that it is back on the mains. Readings of kitchen points are judged by alerts.points.

Whether something lasted is counted by when it happened, so that what waited at the broker while the
hub was down confirms nothing that had already passed; a suspicion that arrives late waits `GRACE`
for the words behind it. What is told (`since`) is the hub's time of receipt; the device's clock is
only reported.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from alerts.inspection import hush, hushed, not_belied, unhush, works
from alerts.points import judge_point
from alerts.suspicion import LASTING, TRAPPED, cleared, condition, due, raised
from devices.codes import EVENT_CODES
from devices.findings import Finding, Severity
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

INFERRED = "trapped.between"
OFFLINE = "device.offline"
POWER_OFF = "power.off"
LASTING_POWER = timedelta(seconds=10)  # shorter dips are ridden through, and no cut
WORKING = timedelta(seconds=10)
REMEMBERED_ENDS = 8
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
        old = [each for each in opened if each.code == candidate.code]
        findings += [cleared(each, now) for each in old if not each.suppressed]
        opened = [each for each in opened if each not in old]
        opened.append(condition(candidate, lift_code, suppressed=silent))
        if not silent:
            findings.append(raised(candidate, lift_code))
    kept = replace(memory, open=tuple(opened), candidates=tuple(still), noisy=noisy)
    return Judged(memory=_wake(kept), findings=tuple(findings))


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
        ended=memory.ended,
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
        if not _is_known(memory, key):
            ended = (*memory.ended, key)[-REMEMBERED_ENDS:]
            return Judged(memory=replace(memory, ended=ended))
        return _clear(memory, lambda one: (one.renamed or one.event_id) == key, at)
    if event.phase is not Phase.BEGIN or key in memory.ended or _is_known(memory, key):
        return Judged(memory=memory)
    memory = replace(memory, working_from=None)  # what belies it must come after it
    severity = Severity(known.severity) if known else Severity.INFO
    silenced = memory.mode is Mode.INSPECTION and hushed(event.code)
    if any(_same(one, event, severity, silenced=silenced) for one in _known(memory)):
        return Judged(memory=_renamed(memory, event.code, key))
    candidate = Candidate(
        event_id=key,
        code=event.code,
        severity=severity,
        since=at,
        due_at=due(event.code, limits, at, happened),
        device_at=_device_at(event.ts),
        floor=memory.floor if event.floor is None else event.floor,
        occupied=memory.occupied if event.occupied is None else event.occupied,
        boot=event.boot,
    )
    if silenced:
        silent = condition(candidate, lift_code, suppressed=True)
        return Judged(memory=replace(memory, open=(*memory.open, silent)))
    waiting = replace(memory, candidates=(*memory.candidates, candidate))
    return elapse(waiting, lift_code, limits, happened)


def _known(memory: LiftMemory) -> tuple[OpenCondition | Candidate, ...]:
    return (*memory.open, *memory.candidates)


def _is_known(memory: LiftMemory, key: str) -> bool:
    return any(key in (one.renamed, one.event_id) for one in _known(memory))


def _standing(memory: LiftMemory) -> set[str]:
    """The codes that are told, or suspected."""
    told = {one.code for one in memory.open if not one.suppressed}
    return told | {one.code for one in memory.candidates}


def _same(
    one: OpenCondition | Candidate, event: Event, severity: Severity, *, silenced: bool
) -> bool:
    """Whether that begin only names once more what is known already."""
    if one.code != event.code:
        return False
    if isinstance(one, Candidate):
        return True
    if one.suppressed:
        return silenced
    return severity is not Severity.CRITICAL or (one.boot == event.boot and not one.passed)


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
    if merged.mode is Mode.INSPECTION:
        return Judged(memory=hush(merged, lift_code))
    if memory.mode is Mode.INSPECTION:
        merged = unhush(merged, limits, at, happened)
    merged = replace(merged, candidates=not_belied(merged))
    worked = _work(merged, status, at, happened)
    fed = _feed(worked.memory, status, lift_code, at, happened)
    trapping = _trapping(fed.memory, status, lift_code, limits, at, happened)
    findings = (*worked.findings, *fed.findings, *trapping.findings)
    return Judged(memory=trapping.memory, findings=findings)


def _work(memory: LiftMemory, status: Status, at: datetime, happened: datetime) -> Judged:
    """End what was told of a trapping when the lift has worked long enough, outside inspection."""
    if not works(memory):
        return Judged(memory=replace(memory, working_from=None))
    since = memory.working_from
    if since is None:  # by what this status itself says, not by what was known before
        said = status.car is Motion.RUNNING or Door.OPEN is status.door
        return Judged(memory=replace(memory, working_from=happened) if said else memory)
    if happened - since < WORKING:
        return Judged(memory=memory)
    passed = tuple(
        replace(one, passed=True) if one.severity is Severity.CRITICAL else one
        for one in memory.open
    )
    return _clear(replace(memory, open=passed), lambda one: one.code.startswith(TRAPPED), at)


def _unfed(memory: LiftMemory) -> bool:
    return memory.power is Power.BATTERY or memory.mode is Mode.EMERGENCY_POWER


def _feed(
    memory: LiftMemory, status: Status, lift_code: str, at: datetime, happened: datetime
) -> Judged:
    """Whether the lift is without mains, by what its status says."""
    inferred = f"{lift_code}:unfed-"
    if not _unfed(memory):
        return _clear(memory, lambda one: one.event_id.startswith(inferred), at)
    if POWER_OFF in _standing(memory):
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
    if any(code.startswith(TRAPPED) for code in _standing(merged)):
        return Judged(memory=merged)
    candidate = Candidate(
        event_id=f"{inferred}{int(at.timestamp() * 1000)}",
        code=INFERRED,
        severity=Severity.CRITICAL,
        since=at,
        due_at=due(INFERRED, limits, at, happened),
        device_at=_device_at(status.ts),
        floor=merged.floor,
        occupied=True,
        inferred=True,
        boot=status.boot,
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
    findings = tuple(cleared(o, at) for o in memory.open if ended(o) and not o.suppressed)
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
