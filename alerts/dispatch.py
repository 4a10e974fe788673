"""Which rescue station to ask: a ranking with its reasons, never a silent choice.

Theory of operation. The nearest station comes first, by great-circle distance; each order that a
station already has open counts as a stretch of further way, so that a station whose crew is out
yields to a free one not much farther off. A station whose roster has nobody on duty counts as a
whole radius further away, so that one with a crew in reach goes before it; of a station that keeps
no roster nothing is known, and nothing is held against it. Nobody is left out: what speaks against
a station is named as a shortfall, because a poor choice is better than none while somebody is
trapped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from core.geo import Position, distance_m
from devices.model import RescueStation


@dataclass(frozen=True, slots=True)
class Ranked:
    """A station in its place; `distance_m` is None where one position is unknown."""

    station: RescueStation
    distance_m: float | None
    reasons: tuple[str, ...]
    shortfalls: tuple[str, ...]


def rank(
    position: Position | None,
    stations: Sequence[RescueStation],
    open_orders: Mapping[int, int],
    *,
    radius_m: int,
    busy_counts_as_m: int,
    staffed: Mapping[int, bool] = MappingProxyType({}),
) -> tuple[Ranked, ...]:
    """All `stations`, best first.

    By station id: `open_orders` counts open assignments, `staffed` tells whether anybody is on duty
    now; a station that keeps no roster is not in it.
    """
    scored = []
    for station in stations:
        away = None if position is None else distance_m(position, station.position)
        busy = open_orders.get(station.id, 0)
        shortfalls = []
        if away is None:
            shortfalls.append("position_unknown")
        elif away > radius_m:
            shortfalls.append("beyond_radius")
        if busy:
            shortfalls.append(f"busy:{busy}")
        empty = not staffed.get(station.id, True)
        if empty:
            shortfalls.append("nobody_on_duty")
        reasons = () if away is None else (f"distance_m:{away:.0f}",)
        score = (away or 0.0) + busy * busy_counts_as_m + empty * radius_m
        scored.append((score, station.code, Ranked(station, away, reasons, tuple(shortfalls))))
    return tuple(ranked for _, _, ranked in sorted(scored, key=lambda each: each[:2]))
