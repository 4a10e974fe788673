"""Who wants to go where, and when: seeded arrivals by the hour of the day.

Rates follow the double peak that published bulletins show (8-10 h and 18-20 h). Most morning
trips of homes go down to the street, most evening trips up; offices mirror that.
"""

from dataclasses import dataclass
from random import Random

from devices.model import PlaceType
from simulators.lift import Limits, Trip

# Trips an hour of one lift, by local hour.
_HOME = (1, 1, 1, 1, 1, 2, 8, 18, 20, 12, 9, 9, 12, 10, 8, 8, 10, 15, 20, 18, 13, 9, 5, 2)
_WORK = (0, 0, 0, 0, 0, 1, 4, 12, 25, 22, 15, 17, 24, 20, 14, 13, 14, 20, 18, 8, 4, 2, 1, 0)
_LEAST_PER_HOUR = 0.5
_HOMES = frozenset({PlaceType.RESIDENTIAL, PlaceType.HOTEL})
_NOON = 13
_STREET_SHARE = 0.8  # of trips that begin or end at the street


@dataclass(frozen=True, slots=True)
class Arrival:
    """The next people at a lift: in how many seconds, and their trip."""

    after_s: float
    trip: Trip


def trips_per_hour(place: PlaceType, hour: int) -> float:
    """The mean number of trips of one lift in that local hour (0 to 23)."""
    return max((_HOME if place in _HOMES else _WORK)[hour], _LEAST_PER_HOUR)


def next_arrival(
    place: PlaceType, limits: Limits, *, hour: int, scale: float, dice: Random
) -> Arrival:
    """Draw the next arrival; `scale` is above 0."""
    after_s = dice.expovariate(trips_per_hour(place, hour) * scale / 3600)
    street = min(max(1, limits.min_floor), limits.max_floor)
    others = [f for f in range(limits.min_floor, limits.max_floor + 1) if f != street]
    far = dice.choice(others)
    people = dice.choices((1, 2, 3, 4), weights=(60, 25, 10, 5))[0]
    if dice.random() > _STREET_SHARE:
        near = dice.choice([f for f in (*others, street) if f != far])
        return Arrival(after_s, Trip(near, far, people))
    leaving = (hour < _NOON) == (place in _HOMES)
    usual = dice.random() < 0.75  # noqa: PLR2004  (three in four go with the stream)
    outward = leaving if usual else not leaving
    return Arrival(after_s, Trip(far, street, people) if outward else Trip(street, far, people))
