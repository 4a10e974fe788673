"""Positions as Chinese maps give them, and the way to WGS-84 and back.

Theory of operation. Maps published in China are shifted by law: GCJ-02 (AMap and others) lies up
to some 700 m off WGS-84, BD-09 (Baidu) a further shift beyond. The shift itself is a formula that
has been public for long; it is written out here. It only goes one way, so the way back is found
by iteration: guess, shift the guess, correct by what is missing, until nothing is (to well below
half a metre). Outside the rectangle that the formula itself takes for China nothing is shifted.
"""

from enum import StrEnum
from math import atan2, cos, hypot, pi, radians, sin, sqrt

from core.geo import Position

_SEMI_MAJOR_M = 6_378_245.0  # the Krasovsky ellipsoid, which the formula is written for
_ECCENTRICITY_2 = 0.006_693_421_622_965_943
_SOUTH, _NORTH, _WEST, _EAST = 0.8293, 55.8271, 72.004, 137.8347
_ENOUGH = 1e-9  # degrees, about a tenth of a millimetre
_STEPS = 30  # each makes the error about a thousand times smaller
_BD_TURN = pi * 3000 / 180
_BD_NORTH, _BD_EAST = 0.006, 0.0065


class Datum(StrEnum):
    """What a pair of coordinates is relative to."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


def is_shifted(position: Position) -> bool:
    """Whether maps published in China shift this place: the formula's own rectangle."""
    return _SOUTH <= position.latitude <= _NORTH and _WEST <= position.longitude <= _EAST


def to_wgs84(position: Position, origin: Datum) -> Position:
    """The place in WGS-84 that a map of that datum gives as `position`."""
    match origin:
        case Datum.WGS84:
            return position
        case Datum.GCJ02 | Datum.BD09:
            found = _before(position, origin)
            return found if is_shifted(found) else position


def from_wgs84(position: Position, wanted: Datum) -> Position:
    """Where a map of that datum shows a place given in WGS-84."""
    if wanted is Datum.WGS84 or not is_shifted(position):
        return position
    return _shifted(position, wanted)


def converted(position: Position, origin: Datum, wanted: Datum) -> Position:
    """A position of one datum in another."""
    return position if origin is wanted else from_wgs84(to_wgs84(position, origin), wanted)


def _before(position: Position, origin: Datum) -> Position:
    """What `_shifted` makes `position` of."""
    guess = position
    for _ in range(_STEPS):
        seen = _shifted(guess, origin)
        north = position.latitude - seen.latitude
        east = position.longitude - seen.longitude
        guess = _bounded(guess.latitude + north, guess.longitude + east)
        if abs(north) < _ENOUGH and abs(east) < _ENOUGH:
            break
    return guess


def _shifted(position: Position, wanted: Datum) -> Position:
    x, y = position.longitude - 105, position.latitude - 35
    north = (
        -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
        + _waves((6 * x, 20), (2 * x, 20))
        + _waves((y, 20), (y / 3, 40))
        + _waves((y / 12, 160), (y / 30, 320))
    )  # fmt: skip
    east = (
        300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
        + _waves((6 * x, 20), (2 * x, 20))
        + _waves((x, 20), (x / 3, 40))
        + _waves((x / 12, 150), (x / 30, 300))
    )  # fmt: skip
    latitude = radians(position.latitude)
    magic = 1 - _ECCENTRICITY_2 * sin(latitude) ** 2
    meridian = _SEMI_MAJOR_M * (1 - _ECCENTRICITY_2) / (magic * sqrt(magic))
    parallel = _SEMI_MAJOR_M / sqrt(magic) * cos(latitude)
    shifted = _bounded(
        position.latitude + north * 180 / (meridian * pi),
        position.longitude + east * 180 / (parallel * pi),
    )
    return _turned(shifted) if wanted is Datum.BD09 else shifted


def _waves(*terms: tuple[float, float]) -> float:
    return sum(height * sin(of * pi) for of, height in terms) * 2 / 3


def _turned(gcj: Position) -> Position:
    """BD-09 of a position in GCJ-02."""
    x, y = gcj.longitude, gcj.latitude
    far = hypot(x, y) + 0.00002 * sin(y * _BD_TURN)
    angle = atan2(y, x) + 0.000003 * cos(x * _BD_TURN)
    return _bounded(far * sin(angle) + _BD_NORTH, far * cos(angle) + _BD_EAST)


def _bounded(latitude: float, longitude: float) -> Position:
    """A guess may leave the earth near its edges; it comes back by itself."""
    return Position(min(90.0, max(-90.0, latitude)), min(180.0, max(-180.0, longitude)))
