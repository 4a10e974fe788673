"""Steps of a window: which step an instant falls into, their figures, and how gaps are filled."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from ingest.timeseries.port import Fill, Sample, Series, Window

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """Whole microseconds since 1970 UTC."""
    return (at - _EPOCH) // _MICROSECOND


def instant(at_us: int) -> datetime:
    """The instant of `micros`."""
    return _EPOCH + timedelta(microseconds=at_us)


def aggregate(values: Iterable[tuple[int, float]], window: Window) -> Series:
    """The series of (micros, value) in event order; what lies outside the window is left out."""
    start, end = micros(window.start), micros(window.end)
    step = max(window.step // _MICROSECOND, 1)
    found: dict[int, list[float]] = {}
    for at, value in values:
        if start <= at < end:
            found.setdefault((at - start) // step, []).append(value)
    return fill(
        {
            n: Sample(instant(start + n * step), sum(v) / len(v), min(v), max(v), v[-1], len(v))
            for n, v in found.items()
        },
        window,
    )


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
