from alerts.dispatch import rank
from core.geo import Position
from devices.model import RescueStation

HERE = Position(34.70, 113.6)
STATIONS = [
    RescueStation(n, f"S{n}", f"示例救援站 {n}", "410100", Position(34.70 + away, 113.6), "000")
    for n, away in ((1, 0.2), (2, 0.01), (3, 0.02))
]


def test_the_nearest_station_comes_first_and_shortfalls_are_named() -> None:
    ranked = rank(HERE, STATIONS, {}, radius_m=10_000, busy_counts_as_m=3_000)
    assert [r.station.id for r in ranked] == [2, 3, 1]
    assert [r.shortfalls for r in ranked] == [(), (), ("beyond_radius",)]
    assert ranked[0].reasons == ("distance_m:1112",)


def test_a_busy_station_yields_to_a_free_one_not_much_farther() -> None:
    ranked = rank(HERE, STATIONS, {2: 1}, radius_m=10_000, busy_counts_as_m=3_000)
    assert [r.station.id for r in ranked] == [3, 2, 1]
    assert ranked[1].shortfalls == ("busy:1",)


def test_without_a_position_everybody_is_still_offered() -> None:
    ranked = rank(None, STATIONS, {}, radius_m=10_000, busy_counts_as_m=3_000)
    assert [r.shortfalls for r in ranked] == [("position_unknown",)] * 3
