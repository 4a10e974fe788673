"""How a spool drains once the store is there again, beside what goes on arriving: pure.

What is promised when the history store is away under load: a rescue does not notice, and the spool
then drains at twice the rate of what arrives, or better.
"""

from collections.abc import Sequence
from dataclasses import dataclass

RECEIPT_P99_S = 1.0
TIMES_FASTER = 2.0
_DOWN_TO = 0.1  # of the most that waited
_LEAST = 100  # points that must have waited before anything follows


@dataclass(frozen=True, slots=True)
class Look:
    """At one moment: what the hub has committed in all, and what of it the store has not."""

    at_s: float
    kept: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Drained:
    """From the moment at which most waited until hardly anything did."""

    top: int
    took_s: float
    arrived_a_second: float
    drained_a_second: float


def drained(looks: Sequence[Look]) -> Drained | None:
    """What the looks tell; None where nothing waited, or it never went."""
    top = max(looks, key=lambda look: look.waiting, default=None)
    if top is None or top.waiting < _LEAST:
        return None
    later = [look for look in looks if look.at_s > top.at_s]
    end = next((look for look in later if look.waiting <= top.waiting * _DOWN_TO), None)
    if end is None:
        return None
    took_s, arrived = end.at_s - top.at_s, end.kept - top.kept
    left = top.waiting + arrived - end.waiting
    return Drained(top.waiting, took_s, arrived / took_s, left / took_s)


def judged(receipts_s: Sequence[float], found: Drained | None) -> Sequence[str]:
    """What was promised and did not hold; `receipts_s` are sorted."""
    problems: list[str] = []
    if receipts_s:
        p99 = receipts_s[int(len(receipts_s) * 0.99)]
        if p99 >= RECEIPT_P99_S:
            problems.append(f"receipts: p99 {p99:.2f} s, promised below {RECEIPT_P99_S:g} s")
    if found is None:
        problems.append("the spool did not grow and drain: more --messages, or a longer --away")
    elif found.drained_a_second < TIMES_FASTER * found.arrived_a_second:
        problems.append(
            f"drained {found.drained_a_second:.0f} a second while {found.arrived_a_second:.0f}"
            f" came, promised {TIMES_FASTER:g} times as many"
        )
    return problems
