"""The rules against labelled stories; precision and recall over all of them."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from alerts.conditions import NOISY_A_DAY, elapse, judge
from alerts.suspicion import LASTING
from devices.findings import ConditionRaised
from devices.judging import LiftMemory, Limits, decode, encode
from tests.support.lost_ends import LOST_ENDS
from tests.support.point_traces import POINT_TRACES
from tests.support.rescue import START
from tests.support.traces import TRACES, Trace

LIMITS = Limits(min_floor=-1, max_floor=20, rated_speed_m_per_s=1.75, gateway="G1")
LIFT = "235274"
ALL = (*TRACES, *LOST_ENDS, *POINT_TRACES)


def told(trace: Trace) -> Iterator[tuple[str, float]]:
    """What is raised and at which second, time passing second by second."""
    memory: LiftMemory | None = None
    steps = list(trace.steps)
    for second in range(int(trace.until) + 1):
        now = START + timedelta(seconds=second)
        while steps and steps[0][0] <= second:
            at, message = steps.pop(0)
            judged = judge(memory, message, LIFT, LIMITS, START + timedelta(seconds=at))
            memory = decode(encode(judged.memory))
            yield from ((f.code, at) for f in judged.findings if isinstance(f, ConditionRaised))
        if memory is not None and memory.wake_at is not None and memory.wake_at <= now:
            judged = elapse(memory, LIFT, LIMITS, now)
            memory = judged.memory
            yield from ((f.code, second) for f in judged.findings if isinstance(f, ConditionRaised))


@pytest.mark.parametrize("trace", ALL, ids=lambda trace: trace.name)
def test_a_story_raises_what_its_label_says(trace: Trace) -> None:
    raised: dict[str, list[float]] = {}
    for code, second in told(trace):
        raised.setdefault(code, []).append(second)
    assert set(raised) == set(trace.raised)
    for code, (earliest, latest) in trace.raised.items():
        assert earliest <= raised[code][0] <= latest
    for code, (earliest, latest) in trace.again.items():
        assert earliest <= raised[code][-1] <= latest
    for code, seconds in raised.items():
        limit = 1 + (code in trace.again)
        if code in LASTING:
            limit = NOISY_A_DAY * (1 + int(trace.until) // 86_400)
        assert len(seconds) <= limit
    if "moving-in" in trace.name:
        assert len(raised["door.close"]) == 3
    if "noisy door without" in trace.name:
        assert raised["door.open"][-1] > 90_000


def test_precision_and_recall_over_all_stories(
    record_property: Callable[[str, object], None],
) -> None:
    right = wrong = missed = 0
    for trace in ALL:
        raised = {code for code, _ in told(trace)}
        right += len(raised & trace.raised.keys())
        wrong += len(raised - trace.raised.keys())
        missed += len(trace.raised.keys() - raised)
    precision, recall = right / (right + wrong), right / (right + missed)
    record_property("precision", precision)
    record_property("recall", recall)
    assert len(ALL) >= 20
    assert (precision, recall) == (1.0, 1.0)
