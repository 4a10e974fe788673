"""Figures of a stretch of values, and what they become together: pure.

Theory of operation. `Figures` of neighbouring stretches merge into those of both, in event order;
so minutes make hours, and hours days, exactly (but for the rounding of a sum). Counters (run_count,
trips, distance_m …) only rise, but for a reset: their `increase` is what was counted within the
stretch, and a value below the one before it was counted from zero. What was counted between two
stretches falls to the later one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
COUNTERS = frozenset({"run_count", "run_hours", "door_cycles", "trips", "rope_bends", "distance_m"})
"""What devices count since their installation."""


class Figures(NamedTuple):
    """What a stretch of at least one value is kept as; `increase` has a meaning for counters."""

    number: int
    sum: float
    min: float
    max: float
    last: float
    first: float
    increase: float = 0.0


Cell = tuple[int, Figures]  # a stretch by its beginning, or its first instant, in microseconds


def counted(before: float, after: float) -> float:
    """What a counter counted from one value to the next."""
    return after - before if after >= before else after


def figures(values: Sequence[float], *, counter: bool = False) -> Figures:
    """Of at least one value, in event order."""
    if len(values) == 1:
        value = values[0]
        return Figures(1, value, value, value, value, value)
    increase = 0.0
    if counter:
        increase = sum(map(counted, values, values[1:]))
    return Figures(
        len(values), sum(values), min(values), max(values), values[-1], values[0], increase
    )


def merge(earlier: Figures, later: Figures, *, counter: bool = False) -> Figures:
    """The figures of two stretches, the one behind the other."""
    between = counted(earlier.last, later.first) if counter else 0.0
    return Figures(
        earlier.number + later.number,
        earlier.sum + later.sum,
        min(earlier.min, later.min),
        max(earlier.max, later.max),
        later.last,
        earlier.first,
        earlier.increase + between + later.increase,
    )


def cells(
    values: Iterable[tuple[int, float]], key: Callable[[int], object], *, counter: bool = False
) -> Iterator[Cell]:
    """(micros, value) in event order as a cell for each run of the same `key` of its instant."""
    for _, some in groupby(values, lambda told: key(told[0])):
        first, *rest = some
        yield first[0], figures([first[1], *[value for _, value in rest]], counter=counter)
