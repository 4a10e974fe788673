"""Whether notices leave, findings arrive, and the clock stands."""

from collections.abc import Iterator
from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families

from alerts import waiting
from core import metrics
from core.clock import STEP_NOTICED
from dashboard.checkup.check import Check, Weight
from dashboard.deps import AppContext
from dashboard.i18n import msgid

NOTICE_WAITS = timedelta(minutes=5)
FINDING_WAITS = timedelta(seconds=10)
STEP = "hub_clock_step_seconds"


def notices(context: AppContext) -> Check:
    """How many wait in the outbox, and for how long."""
    found = context.database.read(waiting.notices)
    late = found.late(context.clock.now(), NOTICE_WAITS)
    return Check(
        "outbox",
        msgid("Notices that wait"),
        ok=not late,
        weight=Weight.WEIGHTY,
        says=msgid("%(count)s, the oldest for %(seconds)s s") if found.count else msgid("none"),
        values={"count": found.count, "seconds": found.seconds(context.clock.now())},
        remedy=msgid("The incident's page tells what the receiver answered; telephone meanwhile."),
    )


def findings(context: AppContext) -> Iterator[Check]:
    """How far the follower is behind what other processes have found."""
    if context.watched is None:
        return
    now = context.clock.now()
    behind = waiting.findings(context.database, context.watched.hand_offs)
    count = sum(each.count for each in behind.values())
    late = [name for name, each in behind.items() if each.late(now, FINDING_WAITS)]
    yield Check(
        "hand-off",
        msgid("Findings that wait"),
        ok=not late,
        weight=Weight.WEIGHTY,
        says=msgid("%(count)s, the oldest for %(seconds)s s") if count else msgid("none"),
        values={
            "count": count,
            "seconds": max((each.seconds(now) for each in behind.values()), default=0),
        },
        remedy=msgid("The hub's log names the file that cannot be read."),
    )


def clock(context: AppContext) -> Check:
    """Whether the machine's clock has moved away from the engine's."""
    text = metrics.exposition(context.metrics_folder).decode()
    step = next(
        (
            sample.value
            for family in text_string_to_metric_families(text)
            if family.name == STEP
            for sample in family.samples
        ),
        0.0,
    )
    return Check(
        "clock",
        msgid("Clock"),
        ok=abs(step) <= STEP_NOTICED.total_seconds(),
        weight=Weight.WEIGHTY,
        says=msgid("the machine's clock is %(seconds)s s away from the hub's"),
        values={"seconds": round(step, 1) or 0},
        remedy=msgid(
            "Deadlines go on evenly. Right the machine's clock, or leave it so: the hub "
            "takes the new time after ten minutes."
        ),
    )
