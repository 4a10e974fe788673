"""The figures of a running hub, out of its metrics: what two readings tell of the time between.

Pure: the text is Prometheus' own, whoever fetched it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

OUTCOMES = ("stored", "unchanged", "duplicate", "quarantined", "shed")
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """Every sample at one moment, by name and labels."""

    samples: Mapping[tuple[str, Labels], float] = field(default_factory=dict)

    def total(self, name: str, **labels: str) -> float:
        """The sum over all samples with these labels."""
        wanted = set(labels.items())
        return sum(v for (n, told), v in self.samples.items() if n == name and wanted <= set(told))

    def by(self, name: str, label: str, **labels: str) -> Counter[str]:
        """The sums by the values of one label."""
        wanted = set(labels.items())
        found: Counter[str] = Counter()
        for (n, told), value in self.samples.items():
            if n == name and wanted <= set(told):
                found[dict(told).get(label, "")] += value  # type: ignore[assignment]  # sums of floats
        return found


def read(text: str) -> Reading:
    """A reading of Prometheus' text; raises ValueError for other text."""
    return Reading(
        {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One lane, or one city: what came a second, and what became of it."""

    name: str
    received: float
    in_flight: float
    balance: float  # received less everything that became of it, in both readings: 0 is closed
    outcomes: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Lag:
    """How long things took between two readings: the mean, in seconds; None: nothing came."""

    road: float | None  # device to receipt
    commit: float | None  # receipt to commit


def rows(label: str, before: Reading, now: Reading, seconds: float) -> list[Row]:
    """By `lane` or by `area`."""
    names = sorted(now.by("hub_ingest_received_total", label))
    return [_row(label, name, before, now, seconds) for name in names]


def _row(label: str, name: str, before: Reading, now: Reading, seconds: float) -> Row:
    def rate(metric: str, **more: str) -> float:
        there = {label: name, **more}
        grown = now.total(metric, **there) - before.total(metric, **there)
        return max(grown, 0.0) / seconds  # a process that started again begins at nothing

    return Row(
        name,
        rate("hub_ingest_received_total"),
        now.total("hub_ingest_in_flight", **{label: name}),
        _lasting(unaccounted(before, label, name), unaccounted(now, label, name)),
        {each: rate("hub_ingest_outcome_total", outcome=each) for each in OUTCOMES},
    )


def unaccounted(reading: Reading, label: str, name: str, **more: str) -> float:
    """Received less what became of it and what is in flight.

    0 whenever nothing is under way. While a batch is being counted, a reading from another process
    falls between two of its sums, and this is off by up to a batch of each worker, to either side.
    """
    there = {label: name, **more}
    return (
        reading.total("hub_ingest_received_total", **there)
        - reading.total("hub_ingest_outcome_total", **there)
        - reading.total("hub_ingest_in_flight", **there)
    )


def _lasting(before: float, now: float) -> float:
    """What is open in both: what only one shows was a batch being counted."""
    if before * now <= 0:
        return 0.0
    return min(before, now, key=abs)


def lag(lane: str, before: Reading, now: Reading) -> Lag:
    """The mean over what came between the two."""

    def mean(metric: str) -> float | None:
        count = now.total(f"{metric}_count", lane=lane) - before.total(f"{metric}_count", lane=lane)
        total = now.total(f"{metric}_sum", lane=lane) - before.total(f"{metric}_sum", lane=lane)
        return total / count if count > 0 else None

    return Lag(mean("hub_ingest_road_seconds"), mean("hub_ingest_commit_seconds"))
