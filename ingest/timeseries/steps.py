"""Steps of a window: which step an instant falls into, their figures, and how gaps are filled."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from ingest.timeseries.figures import COUNTERS, Cell, Figures, cells, counted, merge
from ingest.timeseries.port import Fill, Sample, Series, Window

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """Whole microseconds since 1970 UTC."""
    return (at - _EPOCH) // _MICROSECOND


@lru_cache(maxsize=64)  # all that one read brought was received at one instant
def instant(at_us: int) -> datetime:
    """The instant of `micros`."""
    return _EPOCH + timedelta(microseconds=at_us)


def aggregate(values: Iterable[tuple[int, float]], window: Window) -> Series:
    """The series of (micros, value) in event order; what lies outside the window is left out."""
    start, end, width = micros(window.start), micros(window.end), width_of(window)
    inside = (told for told in values if start <= told[0] < end)
    by_step = cells(inside, lambda at: (at - start) // width, counter=window.field in COUNTERS)
    return assemble(by_step, window)


def assemble(found: Iterable[Cell], window: Window) -> Series:
    """The series of cells in event order, each in the step in which it begins."""
    counter = window.field in COUNTERS
    start, width = micros(window.start), width_of(window)
    steps: dict[int, Figures] = {}
    last: float | None = None
    for at, told in found:
        n = (at - start) // width
        known = steps.get(n)
        if known is not None:
            steps[n] = merge(known, told, counter=counter)
        elif counter and last is not None:  # what was counted since the step before is this one's
            steps[n] = told._replace(increase=told.increase + counted(last, told.first))
        else:
            steps[n] = told
        last = told.last
    return fill(
        {
            n: Sample(
                at=instant(start + n * width),
                mean=f.sum / f.number,
                min=f.min,
                max=f.max,
                last=f.last,
                count=f.number,
                increase=f.increase if counter else None,
            )
            for n, f in steps.items()
        },
        window,
    )


def width_of(window: Window) -> int:
    """Its step in microseconds, at least one."""
    return max(window.step // _MICROSECOND, 1)


def fill(samples: dict[int, Sample], window: Window) -> Series:
    """The samples by step number as a series, its gaps filled as the window asks."""
    if window.fill is Fill.NONE:
        return Series(tuple(samples[n] for n in sorted(samples)))
    step = max(window.step, _MICROSECOND)
    steps = -((window.start - window.end) // step)
    filled: list[Sample] = []
    figure: float | None = None
    for n in range(steps):
        sample = samples.get(n)
        if sample is None:
            sample = Sample(window.start + n * step, figure, figure, figure, figure, 0)
        elif window.fill is Fill.PREVIOUS:
            figure = sample.last
        filled.append(sample)
    return Series(tuple(filled))
