"""Figures that other implementations of the public formula answer too."""

import pytest

from core.datum import Datum, from_wgs84, to_wgs84
from core.geo import Position, distance_m


@pytest.mark.parametrize(
    ("wgs84", "datum", "shown"),
    [
        (Position(39.915, 116.404), Datum.GCJ02, Position(39.91640428150164, 116.41024449916938)),
        (Position(31.1774276, 121.5272106), Datum.GCJ02, Position(31.17530398, 121.53154186)),
    ],
)
def test_known_points_are_shifted_as_everywhere(
    wgs84: Position, datum: Datum, shown: Position
) -> None:
    assert distance_m(from_wgs84(wgs84, datum), shown) < 0.1


def test_baidu_of_amap_is_as_everywhere() -> None:
    wgs84 = to_wgs84(Position(39.915, 116.404), Datum.GCJ02)
    shown = Position(39.92133699351021, 116.41036949371029)
    assert distance_m(from_wgs84(wgs84, Datum.BD09), shown) < 0.1


def test_a_place_abroad_stays() -> None:
    paris = Position(48.8566, 2.3522)
    assert from_wgs84(paris, Datum.BD09) == to_wgs84(paris, Datum.GCJ02) == paris
