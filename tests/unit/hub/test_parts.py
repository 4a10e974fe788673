from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.pulse import Pulse
from hub.folder import DataFolder
from hub.parts import SILENT_AFTER_S, Listener, as_now, expected, expected_of, wanted
from hub.settings import Demo, History, Mqtt, Settings
from ingest.shard_file import ShardFile
from tests.support.machine import Machine


class Hub:
    """One part that may hang, and a listener that looks every second."""

    def __init__(self, folder: Path) -> None:
        self.machine = Machine(datetime(2026, 11, 23, tzinfo=UTC))
        self.engine = Pulse(folder / "rescue.engine", self.machine.ticks)
        self.lane = Pulse(folder / "rescue.lane", self.machine.ticks)
        self.listener = Listener(folder)

    def live(self, seconds: int, *parts: Pulse) -> None:
        for _ in range(seconds):
            self.machine.run(timedelta(seconds=1))
            for part in parts:
                part.turned()
            self.listener.look(self.machine.ticks())

    def hanging(self) -> str | None:
        found = self.listener.hanging("rescue")
        return None if found is None else found[0]


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return Hub(tmp_path)


def test_a_part_that_is_silent_for_too_long_is_named(hub: Hub) -> None:
    hub.live(5, hub.engine, hub.lane)
    hub.live(int(SILENT_AFTER_S) - 1, hub.lane)
    assert hub.hanging() is None
    hub.live(2, hub.lane)
    assert hub.hanging() == "rescue.engine"
    assert hub.listener.hanging("web") is None


def test_a_process_that_is_starting_is_given_its_time(hub: Hub) -> None:
    hub.live(600)
    assert hub.hanging() is None


def test_a_machine_that_slept_has_killed_nobody(hub: Hub) -> None:
    hub.live(5, hub.engine, hub.lane)
    hub.machine.run(timedelta(hours=1))
    hub.listener.look(hub.machine.ticks())
    assert hub.hanging() is None


def test_a_process_that_is_started_again_starts_with_a_clean_sheet(hub: Hub) -> None:
    hub.live(5, hub.engine, hub.lane)
    hub.live(40, hub.lane)
    hub.listener.forget("rescue")
    hub.live(40)
    assert hub.hanging() is None


def test_what_is_expected_follows_the_settings(tmp_path: Path) -> None:
    plain = Settings(data_dir=tmp_path)
    assert "broker.door" in expected(plain)
    assert {"rescue.lane", "rescue.engine", "rescue.courier"} <= set(expected(plain))
    full = plain.model_copy(
        update={
            "mqtt": Mqtt(url="mqtt://broker.example"),
            "history": History(url="http://influx.example"),
            "demo": Demo(scenario="city"),
        }
    )
    assert wanted(plain) == ("broker", "rescue", "web", "telemetry", "history", "public", "video")
    assert set(wanted(full)) - set(wanted(plain)) == {"simulator"}
    assert set(expected(full)) - set(expected(plain)) == {"history.drain", "simulator.city"}
    assert "broker" not in wanted(full)


def test_parts_told_at_the_start_follow_the_shards_that_come_and_end(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    file = ShardFile(folder.telemetry)
    told = expected_of(Settings(data_dir=tmp_path), folder)
    assert as_now(told, folder) == told
    file.change(lambda known: known.begin(["410200"], "far", new=True))
    folder.shard("far").mkdir()
    now = as_now(told, folder)
    assert {"telemetry-far.lane", "history.keeper-far"} == set(now) - set(told)
    assert now == expected_of(Settings(data_dir=tmp_path), folder)
    assert as_now(now, DataFolder(tmp_path / "other")) == told
