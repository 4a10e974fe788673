"""From a kitchen point's readings to its conditions: pure, one point at a time.

Theory of operation. A reading outside the limits of the point's kind (devices.kitchen_points) is a
suspicion; it becomes `point.warm` or `point.cold` when readings have stayed outside for `lasting`,
and only by a reading that says so: neither a door open for loading nor a defrost is an alarm, and
no time passes for a sensor that says nothing. It ends by a reading that is inside by `back`, which
stands between the two so that a reading at the limit does not ring the bell again and again.

A reading that no such sensor can take is a fault of the sensor (`sensor.lost`, at once, ended by
the next sound reading) and tells nothing of the temperature. Silence is told where it is known who
was heard when (ingest.silences), under the same code.
"""

from datetime import UTC, datetime

from msgspec.structs import replace

from devices.findings import ConditionCleared, ConditionRaised, Finding, Severity
from devices.judging import Candidate, Judged, LiftMemory, OpenCondition
from devices.kitchen_points import COLD, LOST, WARM, PointLimits, limits_of
from devices.protocol.messages import Sensor

_SEVERITY = {WARM: Severity.MAJOR, COLD: Severity.MINOR, LOST: Severity.MINOR}


def judge_point(
    memory: LiftMemory | None, reading: Sensor, subject: str, at: datetime, happened: datetime
) -> Judged:
    """Judge one reading of `subject` (kitchen/point), received and happened at these instants."""
    before = memory or LiftMemory()
    limits, value = limits_of(reading.point), reading.temperature_c
    sound = limits is None or value is None or limits.possible[0] <= value <= limits.possible[1]
    if value is not None and not sound:
        return _lost(before, subject, value, at, happened)
    now, findings = _end(before, {LOST}, at)
    if limits is None or value is None:
        return _answer(now, findings)
    over = _outside(limits, value)
    if over is None:
        now = replace(now, candidates=())
        if _inside(limits, value):
            now, ended = _end(now, {WARM, COLD}, at)
            findings += ended
        return _answer(now, findings)
    if any(each.code == over for each in now.open):
        return _answer(replace(now, candidates=()), findings)
    now, ended = _end(now, {WARM, COLD}, at)  # from too cold to too warm is another condition
    findings += ended
    suspicion = next((each for each in now.candidates if each.code == over), None)
    if suspicion is None:
        suspicion = Candidate(
            event_id=f"{subject}:{over}-{int(happened.timestamp() * 1000)}",
            code=over,
            severity=_SEVERITY[over],
            since=happened,
            due_at=happened + limits.lasting,
            device_at=datetime.fromtimestamp(reading.ts / 1000, UTC),
        )
    if happened < suspicion.due_at:
        return _answer(replace(now, candidates=(suspicion,)), findings)
    now, told = _begin(now, subject, suspicion, f"{value:g} °C")
    return _answer(now, (*findings, told))


def _outside(limits: PointLimits, value: float) -> str | None:
    if limits.high is not None and value > limits.high:
        return WARM
    return COLD if limits.low is not None and value < limits.low else None


def _inside(limits: PointLimits, value: float) -> bool:
    """Far enough inside to end what stands."""
    return (limits.high is None or value <= limits.high - limits.back) and (
        limits.low is None or value >= limits.low + limits.back
    )


def _lost(
    before: LiftMemory, subject: str, value: float, at: datetime, happened: datetime
) -> Judged:
    now = replace(before, candidates=())
    if any(each.code == LOST for each in now.open):
        return _answer(now, ())
    fault = Candidate(
        event_id=f"{subject}:lost-{int(at.timestamp() * 1000)}",
        code=LOST,
        severity=_SEVERITY[LOST],
        since=happened,
        due_at=at,
    )
    now, told = _begin(now, subject, fault, f"{value:g} °C")
    return _answer(now, (told,))


def _begin(
    memory: LiftMemory, subject: str, what: Candidate, detail: str
) -> tuple[LiftMemory, Finding]:
    stands = OpenCondition(
        event_id=what.event_id,
        subject_kind="kitchen",
        subject=subject,
        code=what.code,
        severity=what.severity,
        since=what.since,
    )
    told = ConditionRaised(
        event_id=what.event_id,
        subject_kind="kitchen",
        subject=subject,
        code=what.code,
        severity=what.severity,
        since=what.since,
        device_at=what.device_at,
        detail=detail,
    )
    return replace(memory, open=(*memory.open, stands), candidates=()), told


def _end(
    memory: LiftMemory, codes: set[str], at: datetime
) -> tuple[LiftMemory, tuple[Finding, ...]]:
    gone = tuple(each for each in memory.open if each.code in codes)
    if not gone:
        return memory, ()
    ended = tuple(
        ConditionCleared(
            event_id=o.event_id, subject_kind=o.subject_kind, subject=o.subject, code=o.code, at=at
        )
        for o in gone
    )
    return replace(memory, open=tuple(o for o in memory.open if o not in gone)), ended


def _answer(memory: LiftMemory, findings: tuple[Finding, ...]) -> Judged:
    settled = not memory.open and not memory.candidates
    return Judged(memory=replace(memory, settled=settled), findings=findings)
