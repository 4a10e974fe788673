"""Positions in WGS-84 and the distance between two of them."""

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG


@dataclass(frozen=True, slots=True)
class Position:
    """A point in WGS-84, degrees; latitude north and longitude east positive."""

    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        """Refuse what is no place on earth; raises ValueError."""
        if not -90 <= self.latitude <= 90:  # noqa: PLR2004
            raise ValueError(f"latitude {self.latitude} is not between -90 and 90")
        if not -180 <= self.longitude <= 180:  # noqa: PLR2004
            raise ValueError(f"longitude {self.longitude} is not between -180 and 180")


def distance_m(a: Position, b: Position) -> float:
    """Great-circle distance in metres (haversine)."""
    lat_a, lat_b = radians(a.latitude), radians(b.latitude)
    half_lat = sin((lat_b - lat_a) / 2)
    half_lon = sin(radians(b.longitude - a.longitude) / 2)
    return 2 * EARTH_RADIUS_M * asin(sqrt(half_lat**2 + cos(lat_a) * cos(lat_b) * half_lon**2))
