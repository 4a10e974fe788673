"""What a suspicion becomes, and how long it must last: values only.

Whether something lasted is counted by when it happened; what arrives late waits `GRACE` for the
words behind it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from devices.findings import ConditionCleared, ConditionRaised
from devices.judging import Candidate, Limits, OpenCondition

TRAPPED = "trapped."
GRACE = timedelta(seconds=5)
LASTING: Mapping[str, timedelta] = MappingProxyType(
    {code: timedelta(seconds=5) for code in ("door.close", "door.open", "ebike")}
)


def raised(candidate: Candidate, lift_code: str) -> ConditionRaised:
    """What is told when it has lasted."""
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


def condition(candidate: Candidate, lift_code: str, *, suppressed: bool) -> OpenCondition:
    """What is remembered from then on; `suppressed`: without having been told."""
    return OpenCondition(
        event_id=candidate.event_id,
        subject_kind="lift",
        subject=lift_code,
        code=candidate.code,
        severity=candidate.severity,
        since=candidate.since,
        suppressed=suppressed,
        renamed=candidate.renamed,
        boot=candidate.boot,
    )


def cleared(over: OpenCondition, at: datetime) -> ConditionCleared:
    """What is told when it is over."""
    return ConditionCleared(
        event_id=over.event_id,
        subject_kind=over.subject_kind,
        subject=over.subject,
        code=over.code,
        at=at,
    )


def due(code: str, limits: Limits, at: datetime, happened: datetime) -> datetime:
    """Until when what `happened`, and was received `at`, must last; at once where it need not."""
    lasting = limits.confirm_after if code.startswith(TRAPPED) else LASTING.get(code)
    if lasting is None:
        return happened
    return max(happened + lasting, at + min(GRACE, lasting)) if at > happened else at + lasting
