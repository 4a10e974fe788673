from itertools import islice

from simulators import province
from simulators.province import Plan

SMALL = Plan(lifts=3_000, firms=40, stations=30, kitchens=200)


def test_the_same_seed_gives_the_same_province_and_another_seed_another() -> None:
    assert list(province.lifts(SMALL)) == list(province.lifts(SMALL))
    other = Plan(seed=2, lifts=3_000, firms=40)
    assert list(islice(province.lifts(other), 5)) != list(islice(province.lifts(SMALL), 5))


def test_a_smaller_province_begins_as_the_larger_one_does() -> None:
    few = list(province.lifts(Plan(lifts=500)))
    assert [row["address"] for row in few] == [
        row["address"] for row in islice(province.lifts(Plan()), 500)
    ]


def test_every_code_is_once_and_none_is_the_sample_citys() -> None:
    rows = list(province.lifts(SMALL))
    codes = {row["rescue_code"] for row in rows}
    assert len(codes) == len({row["registration_code"] for row in rows}) == 3_000
    assert "235274" not in codes
    assert {len(str(row["registration_code"])) for row in rows} == {20}


def test_everything_is_told_by_what_is_told_before() -> None:
    told = {name: list(rows()) for name, rows in province.files(SMALL).items()}
    assert list(told) == ["divisions", "firms", "use_units", "stations", "lifts", "kitchens"]
    divisions = {row["code"] for row in told["divisions"]}
    firms = {row["code"] for row in told["firms"]}
    units = {row["code"] for row in told["use_units"]}
    assert len(divisions) == 1 + 18 * 7
    for row in told["lifts"]:
        assert {row["area"], row["district"]} <= divisions
        assert row["firm_code"] in firms
        assert row["use_unit_code"] in units
    assert {row["area"] for row in told["stations"]} <= divisions
    assert len(told["kitchens"]) == 200


def test_cities_say_that_they_are_made_up() -> None:
    names = [province.city_name(n) for n in range(18)]
    assert names[0] == "示例市一"
    assert names[9:12] == ["示例市十", "示例市十一", "示例市十二"]
    assert len(set(names)) == 18
