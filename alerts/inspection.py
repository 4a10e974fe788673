"""What technicians at work cause: kept back while they work, a suspicion when they have left.

Theory of operation. In inspection mode nothing is inferred, and what is told of codes that the
table marks as suppressed there is kept back. An end may be lost, and somebody may be left behind:
what has not ended when the mode ends must last `AFTER_INSPECTION`, or as long as its code always
must, and is raised then. A car that runs in between belies it, and a door open at a floor, or a
car that says it is empty, belies a trapping.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from alerts.suspicion import TRAPPED, condition, due
from devices.codes import EVENT_CODES
from devices.judging import Candidate, LiftMemory, Limits
from devices.protocol.messages import Door, Motion

AFTER_INSPECTION = timedelta(seconds=60)  # a test run usually comes first


def hushed(code: str) -> bool:
    """Whether technicians cause it, so that it raises nothing in inspection mode."""
    known = EVENT_CODES.get(code)
    return known is not None and known.suppressed_in_inspection


def hush(memory: LiftMemory, lift_code: str) -> LiftMemory:
    """Inspection: what was inferred of a lift under work is dropped, what was told is kept back."""
    told = [each for each in memory.candidates if not each.inferred]
    kept = tuple(condition(c, lift_code, suppressed=True) for c in told if hushed(c.code))
    codes = {each.code for each in kept}
    return replace(
        memory,
        open=(*(o for o in memory.open if not (o.suppressed and o.code in codes)), *kept),
        candidates=tuple(each for each in told if not hushed(each.code)),
        working_from=None,
    )


def unhush(memory: LiftMemory, limits: Limits, at: datetime, happened: datetime) -> LiftMemory:
    """The end of inspection: what was kept back and has not ended is a suspicion."""
    back = tuple(
        Candidate(
            event_id=one.event_id,
            code=one.code,
            severity=one.severity,
            since=at,
            due_at=max(due(one.code, limits, at, happened), at + AFTER_INSPECTION),
            floor=memory.floor,
            occupied=memory.occupied,
            renamed=one.renamed,
            boot=one.boot,
            inspected=True,
        )
        for one in memory.open
        if one.suppressed
    )
    told = tuple(one for one in memory.open if not one.suppressed)
    return replace(memory, open=told, candidates=(*memory.candidates, *back))


def not_belied(memory: LiftMemory) -> tuple[Candidate, ...]:
    """The suspicions without those out of an inspection that the lift's state belies."""
    if memory.car is Motion.RUNNING:
        return tuple(each for each in memory.candidates if not each.inspected)
    if not works(memory) and memory.occupied is not False:
        return memory.candidates
    return tuple(
        each for each in memory.candidates if not (each.inspected and each.code.startswith(TRAPPED))
    )


def works(memory: LiftMemory) -> bool:
    """Nobody is trapped in a car that runs, or stands open at a floor."""
    at_floor = memory.door is Door.OPEN and memory.door_zone is True
    return memory.car is Motion.RUNNING or at_floor
