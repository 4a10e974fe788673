"""What a map of China shows leads back to the place, anywhere."""

from hypothesis import given
from hypothesis import strategies as st

from core.datum import Datum, converted, from_wgs84, is_shifted, to_wgs84
from core.geo import Position, distance_m

MAPS = st.sampled_from(Datum)
MARGIN = 0.05  # degrees; at the rectangle's very edge a shifted place may be two


def places(south: float, north: float, west: float, east: float) -> st.SearchStrategy[Position]:
    return st.builds(Position, st.floats(south, north), st.floats(west, east))


CHINA = places(0.8293 + MARGIN, 55.8271 - MARGIN, 72.004 + MARGIN, 137.8347 - MARGIN)
ABROAD = st.one_of(
    places(-90, 0.8293 - MARGIN, -180, 180),
    places(55.8271 + MARGIN, 90, -180, 180),
    places(-90, 90, -180, 72.004 - MARGIN),
    places(-90, 90, 137.8347 + MARGIN, 180),
)


@given(CHINA, MAPS)
def test_the_way_there_and_back_ends_within_half_a_metre(place: Position, datum: Datum) -> None:
    assert distance_m(to_wgs84(from_wgs84(place, datum), datum), place) < 0.5


@given(CHINA, MAPS, MAPS)
def test_two_maps_lead_into_each_other(place: Position, one: Datum, other: Datum) -> None:
    seen = converted(from_wgs84(place, one), one, other)
    assert distance_m(seen, from_wgs84(place, other)) < 0.5


@given(ABROAD, MAPS)
def test_outside_china_nothing_is_shifted(place: Position, datum: Datum) -> None:
    assert not is_shifted(place)
    assert from_wgs84(place, datum) == to_wgs84(place, datum) == place


@given(CHINA)
def test_within_china_maps_lie_some_hundred_metres_off(place: Position) -> None:
    assert distance_m(place, from_wgs84(place, Datum.GCJ02)) < 3_000
    assert 50 < distance_m(from_wgs84(place, Datum.GCJ02), from_wgs84(place, Datum.BD09)) < 3_000
