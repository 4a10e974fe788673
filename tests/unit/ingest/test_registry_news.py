"""A registry that tells what has changed: the lane forgets that, and nothing else."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from devices.amended import News
from devices.directory import Directory, directory
from devices.model import Gateway
from tests.support.registry import AREA, sample_directory
from tests.support.telemetry import Room

SAMPLE = sample_directory()
SECOND = "lift/v1/410100/G2/status"


class City:
    """A lane whose registry somebody changes."""

    def __init__(self, folder: Path) -> None:
        self.now = SAMPLE
        self.room = Room(folder, registry=lambda: self.now)

    def change(
        self, news: News | None, gateways: Mapping[str, Gateway] | None = None, floors: int = 10
    ) -> Directory:
        lifts = [
            replace(each, max_floor=floors) if each.rescue_code == "100001" else each
            for each in SAMPLE.lifts_by_id.values()
        ]
        every = {**SAMPLE.gateways, **(gateways or {})}.values()
        kitchens = SAMPLE.kitchen_codes
        version = self.now.version + 1
        self.now = replace(directory(every, lifts, kitchens, version=version), news=news)
        return self.now

    def reasons(self) -> list[str]:
        self.room.settle()
        return [kept.reason for kept in self.room.refused()]


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = City(tmp_path)
    made.room.say(floor=3)
    made.room.say(SECOND, lift="100002", floor=3)
    assert made.reasons() == []
    yield made
    made.room.close()


def test_only_what_changed_is_asked_for_again(city: City) -> None:
    tracks = city.room.lane.pipeline.tracks
    before = {name: tracks[name].limits for name in ("100001", "100002")}
    city.change(News(0, lifts=frozenset({"100001"})), floors=5)
    city.room.say(floor=8)
    city.room.say(SECOND, lift="100002", floor=8)
    assert city.reasons() == ["floor_out_of_range"]
    assert tracks["100002"].limits is before["100002"]
    assert tracks["100001"].limits != before["100001"]


def test_a_lift_that_another_gateway_speaks_for_is_the_old_ones_no_more(city: City) -> None:
    gateways = {"G1": Gateway("G1", AREA, (3,)), "G3": Gateway("G3", AREA, (1,))}
    city.change(News(0, gateways=frozenset(gateways)), gateways)
    city.room.say(lift="100001", floor=4)
    city.room.say("lift/v1/410100/G3/status", lift="100001", floor=5)
    city.room.say(floor=6)  # the lift of G1 is another one
    assert city.reasons() == ["not_its_lift"]
    assert [point.fields["floor"] for point in city.room.points("100001")] == [3, 5]
    assert [point.fields["floor"] for point in city.room.points("100003")] == [6]


def test_news_since_another_picture_than_ours_is_no_news(city: City) -> None:
    city.change(News(0), floors=10)
    city.change(News(1), floors=5)  # two at once: what the first said was never heard
    city.room.say(floor=8)
    assert city.reasons() == ["floor_out_of_range"]
