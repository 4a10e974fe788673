import pytest

from core.errors import InvalidMessage
from simulators import scenario


def test_the_shipped_city_is_what_the_defaults_say() -> None:
    assert scenario.shipped() == scenario.Scenario()


def test_keys_are_read_into_their_sections() -> None:
    read = scenario.parse({"speed": 60, "city": {"lifts": 9}, "crews": {"travel_minutes": [1, 2]}})
    assert (read.speed, read.city.lifts, read.crews.travel_minutes) == (60.0, 9, (1.0, 2.0))
    assert read.city.firms == 12


@pytest.mark.parametrize(
    ("tree", "reason", "field"),
    [
        ({"spede": 2}, "unknown_key", "spede"),
        ({"city": {"lift": 2}}, "unknown_key", "city.lift"),
        ({"city": 2}, "bad_field", "city"),
        ({"city": {"lifts": 0}}, "bad_field", "city.lifts"),
        ({"city": {"lifts": 1.5}}, "bad_field", "city.lifts"),
        ({"city": {"lifts": True}}, "bad_field", "city.lifts"),
        ({"city": {"area": "41010"}}, "bad_field", "city.area"),
        ({"city": {"zone": "Asia/Nowhere"}}, "bad_field", "city.zone"),
        ({"seat": {"enabled": "yes"}}, "bad_field", "seat.enabled"),
        ({"crews": {"travel_minutes": [3, 2]}}, "bad_field", "crews.travel_minutes"),
        (
            {"crews": {"silent_share": 0.8, "refusing_share": 0.4}},
            "bad_field",
            "crews.silent_share",
        ),
    ],
)
def test_what_is_wrong_is_named(tree: dict[str, object], reason: str, field: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        scenario.parse(tree)
    assert (caught.value.reason, caught.value.field) == (reason, field)
