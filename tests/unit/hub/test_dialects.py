"""Mapping files of the data folder, and the command line that tries them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.journal import Actor
from devices.commands import enrol_gateway
from devices.directory import directory
from devices.model import Gateway
from devices.protocol.dialects.model import Heard, State
from devices.protocol.messages import Event, Status
from devices.protocol.topics import TELEMETRY_FILTERS
from hub import dialects
from hub.cli import app
from hub.dialects import SHIPPED, load
from hub.finding import Verdict
from hub.territory import Territory
from ingest.shards import HOME, ShardMap
from tests.support.databases import open_database
from tests.support.rescue import START

SAMPLE = {"Car_Status": 1, "Car_Position": "7", "Time_Stamps": 1_764_000_000, "Message_Code": [5]}
GB = (SHIPPED / "gb24476-2017.toml").read_text("utf-8")


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    file = tmp_path / "sample.json"
    file.write_text(json.dumps(SAMPLE))
    return file


def run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(each) for each in words], env={"COLUMNS": "200"})
    return done.exit_code, " ".join(done.output.split()) + repr(done.exception or "")


def test_a_file_of_the_data_folder_goes_before_a_shipped_one_of_its_name(tmp_path: Path) -> None:
    mended = GB.replace('version = "1"', 'version = "1a"', 1)
    (tmp_path / "gb.toml").write_text(mended, "utf-8")
    (tmp_path / "own.toml").write_text(GB.replace("gb24476-2017", "own", 1), "utf-8")
    loaded = load(tmp_path)
    assert loaded.dialects["gb24476-2017"].version == "1a"
    assert loaded.files["own"] == tmp_path / "own.toml"
    assert loaded.wrong == ()


def test_a_bad_file_costs_no_other_and_is_told_by_its_key(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GB.replace("[common]", "[comon]", 1), "utf-8")
    (tmp_path / "b.toml").write_text("= [", "utf-8")
    (tmp_path / "c.toml").write_text((SHIPPED / "canonical.toml").read_text("utf-8"), "utf-8")
    loaded = load(tmp_path)
    assert sorted(loaded.dialects) == sorted(load(tmp_path / "none").dialects)
    told = " ".join(loaded.wrong)
    assert "a.toml: message.lift_status.fields.ts: a status needs it" in told
    assert "b.toml: is no TOML" in told
    assert "c.toml: name: canonical is the hub's own contract" in told


def test_only_topics_of_dialects_that_are_spoken_are_followed() -> None:
    gateways = [Gateway("G1", "410100")]
    heard: list[object] = []
    now = [directory(gateways, [])]
    mine = Territory(ShardMap(), HOME, load(Path()).dialects)
    listen = dialects.listening(lambda: now[0], mine.filters, heard.append)
    listen()
    now[0] = directory([*gateways, Gateway("G2", "410100", (), None, "camera-box")], [])
    listen()
    listen()
    now[0] = directory([Gateway("G2", "410100", (), None, "not-there")], [])
    listen()
    ours = TELEMETRY_FILTERS
    assert heard == [ours, (*ours, "camerabox/+/+/+"), ours]


def test_try_shows_what_a_sample_means_and_from_where(sample: Path) -> None:
    code, told = run("dialect", "try", "gb24476-2017", sample)
    assert code == 0
    assert "status │ floor │ 7 │ Car_Position" in told
    assert "event │ code │ ucm │ Message_Code" in told


def test_try_tells_the_reason_field_by_field_and_fails(tmp_path: Path, sample: Path) -> None:
    sample.write_text(json.dumps({**SAMPLE, "Car_Status": 8, "Message_Code": [64]}))
    code, told = run("dialect", "try", SHIPPED / "gb24476-2017.toml", sample)
    assert code == 1
    assert "refused │ #1 │ bad_field: '8' is not in the table (0, 1) │ Car_Status" in told
    assert "loss │ #1 │ escalator_step_missing │ Message_Code" in told


def test_try_of_a_mistyped_mapping_names_the_nearest_key(tmp_path: Path, sample: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(GB.replace('Power_Status", values', 'Power_Status", value', 1), "utf-8")
    code, told = run("dialect", "try", file, sample)
    assert code == 1
    assert "did you mean 'values'" in told


def test_list_and_show_need_no_data_folder(tmp_path: Path) -> None:
    code, told = run("dialect", "list", "--data", tmp_path / "none")
    assert code == 0
    assert "property-group" in told
    code, told = run("dialect", "show", "camera-box")
    assert code == 0
    assert "0 = nothing" in told
    assert not (tmp_path / "none").exists()


def test_list_fails_for_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "dialects").mkdir()
    (tmp_path / "dialects" / "x.toml").write_text("format = 7")
    code, told = run("dialect", "list", "--data", tmp_path)
    assert code == 1
    assert "format: is 1, not 7" in told


def test_the_doctor_tells_of_a_gateway_whose_mapping_is_not_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/hub.db"
    assert [each.verdict for each in dialects.examine(tmp_path, url)] == [Verdict.WELL]
    assert not (tmp_path / "hub.db").exists()
    with open_database(tmp_path) as database:
        lost = Gateway("G1", "410100", (), None, "not-there")
        database.write(lambda c: enrol_gateway(c, lost, START, Actor("system", "test")))
    (finding,) = dialects.examine(tmp_path, url)
    assert finding.verdict is Verdict.SERIOUS
    assert "not-there" in finding.says
    (tmp_path / "not-there.toml").write_text(GB.replace("gb24476-2017", "not-there", 1), "utf-8")
    assert [each.verdict for each in dialects.examine(tmp_path, url)] == [Verdict.WELL]


def test_the_worked_example_of_the_document_means_what_it_says(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "dialects.md").read_text("utf-8")
    file, first = tmp_path / "own.toml", tmp_path / "sample.json"
    file.write_text(text.split("```toml\n")[1].split("```")[0], "utf-8")
    first.write_text(text.split("```json\n")[1].split("```")[0], "utf-8")
    dialect = dialects.read(file)
    mapped = dialect.read(Heard("G0017"), first.read_bytes(), State(), arrived_ms=0)
    status, *events = mapped.messages
    assert isinstance(status, Status)
    assert (status.speed_m_s, status.floor, status.door) == (1.75, -1, "closing")
    assert [each.code for each in events if isinstance(each, Event)] == [
        "overspeed",
        "alarm.button",
    ]
    assert [each.name for each in mapped.losses] == ["radio"]
    assert mapped.refusals == ()
    code, told = run("dialect", "try", file, first)
    assert code == 0
    assert "loss │ #1 │ radio │ rssi" in told


def put(file: Path, version: str, name: str = "own") -> None:
    """A mapping file of that version, which the file's length tells."""
    told = GB.replace("gb24476-2017", name, 1)
    file.write_text(told.replace('version = "1"', f'version = "{version}"', 1), "utf-8")


def test_a_file_that_changes_is_read_when_it_stands_still(tmp_path: Path) -> None:
    put(tmp_path / "own.toml", "1")
    mappings = dialects.Mappings(tmp_path)
    shipped = mappings.loaded.dialects["camera-box"]
    assert not mappings.look()
    put(tmp_path / "own.toml", "1a")
    assert not mappings.look()  # it may be written yet
    assert mappings.look()
    assert not mappings.look()
    assert mappings.loaded.dialects["own"].version == "1a"
    assert mappings.loaded.dialects["camera-box"] is not None
    assert shipped.name == "camera-box"
    (tmp_path / "own.toml").unlink()
    assert (mappings.look(), mappings.look()) == (False, True)
    assert "own" not in mappings.loaded.dialects


def test_a_file_that_cannot_be_read_any_more_leaves_what_it_said(tmp_path: Path) -> None:
    put(tmp_path / "own.toml", "1a")
    put(tmp_path / "gb.toml", "1a", "gb24476-2017")
    mappings, amiss = dialects.Mappings(tmp_path), dialects.Amiss(tmp_path)
    before = mappings.loaded.dialects
    assert list(amiss()) == []
    for name in ("own.toml", "gb.toml"):
        (tmp_path / name).write_text("= [", "utf-8")
    assert not any(mappings.look() for _ in range(3))
    assert len(mappings.loaded.wrong) == len(amiss()) == 2
    for name in ("own", "gb24476-2017"):
        assert mappings.loaded.dialects[name] is before[name]
    put(tmp_path / "own.toml", "1abc")
    assert [mappings.look() for _ in range(2)] == [False, True]
    assert mappings.loaded.dialects["own"].version == "1abc"
    assert [each.partition(":")[0] for each in amiss()] == [str(tmp_path / "gb.toml")]
