"""Figures by which maintenance firms are compared, each with what it is a share of.

Theory of operation. A share of nothing is no figure: it is None, and takes no part in the score.
The score is the weighted mean of the figures that exist, and tells how much of the weight that
was; two firms are ranked together only when enough of it is there. Equal scores share a place.
Counts come from facts alone: visits, arrivals, orders, contracts. Modelled on the rating items
that cities publish (scan and on-time rates, complaints, completeness, contracts, arrivals,
first-level failures); the weights are a city's choice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class Item(StrEnum):
    """What is looked at."""

    PROVEN_VISITS = "proven_visits"
    ON_TIME_VISITS = "on_time_visits"
    OVERDUE_LIFTS = "overdue_lifts"
    COMPLAINTS = "complaints"
    COMPLETE_RECORDS = "complete_records"
    VALID_CONTRACTS = "valid_contracts"
    LATE_ARRIVALS = "late_arrivals"
    LEVEL1_NOT_CARRIED_OUT = "level1_not_carried_out"
    LEVEL2_CARRIED_OUT = "level2_carried_out"
    POOR_MAINTENANCE = "poor_maintenance"


LESS_IS_BETTER = frozenset(
    {
        Item.OVERDUE_LIFTS,
        Item.COMPLAINTS,
        Item.LATE_ARRIVALS,
        Item.LEVEL1_NOT_CARRIED_OUT,
        Item.POOR_MAINTENANCE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmCounts:
    """What was counted of a firm over a time; a lift under contract for part of it counts once."""

    lifts: int
    overdue_lifts: int
    visits: int
    proven_visits: int
    visits_due: int
    visits_on_time: int
    complaints: int
    record_fields: int
    record_fields_filled: int
    contracts_valid: int
    arrivals: int
    arrivals_late: int
    level1_orders: int
    level1_not_carried_out: int
    level2_orders: int
    level2_carried_out: int
    entrapments: int
    entrapments_by_poor_maintenance: int
    punishments: int


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: so many of so many."""

    item: Item
    numerator: int
    denominator: int

    def __post_init__(self) -> None:
        """Refuse counts below nothing; raises ValueError."""
        if self.numerator < 0 or self.denominator < 0:
            raise ValueError(f"{self.item}: {self.numerator} of {self.denominator}")

    @property
    def share(self) -> Fraction | None:
        """The figure; None when it is a share of nothing. Complaints may pass 1."""
        return Fraction(self.numerator, self.denominator) if self.denominator else None

    @property
    def goodness(self) -> Fraction | None:
        """From 0 to 1, more is better; None when there is no figure."""
        if self.share is None:
            return None
        within = min(self.share, Fraction(1))
        return 1 - within if self.item in LESS_IS_BETTER else within


@dataclass(frozen=True, slots=True)
class Score:
    """A weighted mean out of 100, and the share of the weights that it rests on."""

    points: Fraction
    rests_on: Fraction


def figures(counts: FirmCounts) -> tuple[Figure, ...]:
    """Every figure of a firm. Complaints are for each lift, the others parts of a whole."""
    c = counts
    return (
        Figure(Item.PROVEN_VISITS, c.proven_visits, c.visits),
        Figure(Item.ON_TIME_VISITS, c.visits_on_time, c.visits_due),
        Figure(Item.OVERDUE_LIFTS, c.overdue_lifts, c.lifts),
        Figure(Item.COMPLAINTS, c.complaints, c.lifts),
        Figure(Item.COMPLETE_RECORDS, c.record_fields_filled, c.record_fields),
        Figure(Item.VALID_CONTRACTS, c.contracts_valid, c.lifts),
        Figure(Item.LATE_ARRIVALS, c.arrivals_late, c.arrivals),
        Figure(Item.LEVEL1_NOT_CARRIED_OUT, c.level1_not_carried_out, c.level1_orders),
        Figure(Item.LEVEL2_CARRIED_OUT, c.level2_carried_out, c.level2_orders),
        Figure(Item.POOR_MAINTENANCE, c.entrapments_by_poor_maintenance, c.entrapments),
    )


def score(found: Sequence[Figure], weights: Mapping[Item, int]) -> Score | None:
    """The score by a city's weights; None when no figure with a weight exists."""
    whole = sum(weights.values())
    parts = [(weights.get(f.item, 0), g) for f in found if (g := f.goodness) is not None]
    there = sum(weight for weight, _ in parts)
    if not there:
        return None
    points = sum((weight * good for weight, good in parts), Fraction()) / there * 100
    return Score(points, Fraction(there, whole))


def ranked(
    scores: Mapping[str, Score | None], rests_on_at_least: Fraction = Fraction(1, 2)
) -> Mapping[str, int | None]:
    """The place of each firm, best first; None for one whose score rests on too little."""
    points = {
        firm: each.points
        for firm, each in scores.items()
        if each is not None and each.rests_on >= rests_on_at_least
    }
    return {
        firm: 1 + sum(other > points[firm] for other in points.values()) if firm in points else None
        for firm in scores
    }
