"""`hub quarantine` beside a telemetry process that answers."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from core.errors import HubError, NotFound
from devices.directory import Directory, directory
from devices.model import Gateway
from hub.cli import app
from tests.support.registry import AREA, sample_directory
from tests.support.telemetry import Room

NEW = "lift/v1/410100/G9/status"
SAMPLE = sample_directory()
MENDED = directory(
    [*SAMPLE.gateways.values(), Gateway("G9", AREA, (3,))], SAMPLE.lifts_by_id.values()
)


class City:
    """A data folder with a telemetry process over it."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.mended = False
        self.room = Room(data / "telemetry" / "0", registry=self.registry)

    def registry(self) -> Directory:
        """With G9 once somebody has mended it."""
        return MENDED if self.mended else SAMPLE

    def hub(self, *words: str, typed: str = "") -> Result:
        return CliRunner().invoke(
            app,
            ["quarantine", *words, "--data", str(self.data)],
            input=typed,
            env={"COLUMNS": "240"},
        )

    def lines(self, *words: str, ends: int = 0) -> Sequence[dict[str, object]]:
        told = self.hub(*words, "--json")
        assert told.exit_code == ends, told
        return [json.loads(line) for line in told.stdout.splitlines()]

    @contextmanager
    def running(self) -> Iterator[None]:
        stop = threading.Event()

        def answer() -> None:
            while not stop.wait(0.05):
                self.room.replay()

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    found = City(tmp_path)
    found.room.say(NEW, floor=3)
    found.room.say(floor=99)
    found.room.settle()
    yield found
    found.room.close()


def test_what_is_kept_is_listed_narrowed_and_shown(city: City) -> None:
    told = city.hub("list")
    assert "floor_out_of_range" in told.stdout
    assert "2 of 2 shown" in told.stdout
    (one,) = city.lines("list", "--gateway", "G9")
    assert one["reason"] == "device_not_enrolled"
    assert city.lines("list", "--until", "2020-01-01") == []
    shown = city.hub("show", str(one["id"]))
    assert '"floor":3' in shown.stdout
    assert "replay    possible" in shown.stdout
    assert isinstance(city.hub("show", "2020-01-01/1").exception, NotFound)


def test_a_replay_is_answered_and_journalled(city: City) -> None:
    with city.running():
        answers = city.lines("replay", "--all", ends=1)
    assert [(a["outcome"], a["reason"]) for a in answers] == [
        ("refused", "device_not_enrolled"),
        ("refused", "floor_out_of_range"),
    ]
    assert "refused floor_out_of_range" in city.hub("list").stdout


def test_a_replay_ends_well_where_something_could_be_taken(city: City) -> None:
    city.room.broker.put(NEW, b"x" * 5000)
    city.room.settle()
    city.mended = True
    with city.running():
        told = city.hub("replay", "--all")
    assert told.exit_code == 0, told
    assert "of 3: 1 stored, 1 refused, 1 left out" in told.stdout
    with city.running():
        again = city.hub("replay", "--all")
    assert again.exit_code == 1
    assert "of 3: 1 refused, 2 left out" in again.stdout


def test_a_replay_without_a_choice_or_without_telemetry_says_so(city: City) -> None:
    assert "--all" in str(city.hub("replay").exception)
    assert city.hub("replay", "--reason", "bad_json").stdout == "nothing to do\n"


def test_dropping_asks_first_and_then_forgets(city: City) -> None:
    assert city.hub("drop", "--all", typed="n\n").exit_code == 1
    assert len(city.lines("list")) == 2
    with city.running():
        told = city.hub("drop", "--reason", "floor_out_of_range", "--yes")
    assert "dropped" in told.stdout
    assert [each["reason"] for each in city.lines("list")] == ["device_not_enrolled"]


def test_a_time_that_is_none_is_named(city: City) -> None:
    error = city.hub("list", "--since", "yesterday").exception
    assert isinstance(error, HubError)
    assert "30m, 2h, 3d" in str(error)
