import socket
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.db import Database
from hub.doctor import examine
from hub.finding import Finding, Verdict
from hub.schema import migrate
from hub.settings import Mqtt, Public, Settings, Web
from tests.support.ports import free_port

NOW = datetime(2036, 11, 23, 8, tzinfo=UTC)  # later than any file that a test writes


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path,
        web=Web(port=free_port()),
        public=Public(port=free_port()),
        mqtt=Mqtt(port=free_port()),
    )


def look(settings: Settings, subject: str, now: datetime = NOW) -> Finding:
    found = examine(settings, ManualClock(now), running=False)
    return next(f for f in found if f.subject == subject)


def test_a_fresh_folder_is_well(settings: Settings) -> None:
    found = examine(settings, ManualClock(NOW), running=False)
    assert [f for f in found if f.verdict is Verdict.SERIOUS] == []
    assert all(f.remedy for f in found if f.verdict is not Verdict.WELL)


def test_a_taken_port_names_its_setting(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", settings.web.port))
        other.listen()
        finding = look(settings, "staff pages")
    assert finding.verdict is Verdict.SERIOUS
    assert "HUB_WEB__PORT" in finding.remedy


def test_a_database_before_its_migration_is_told(settings: Settings) -> None:
    with closing(sqlite3.connect(settings.data_dir / "hub.db")) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.commit()
    assert look(settings, "database").remedy == "hub migrate"


def test_a_damaged_database_says_restore(settings: Settings) -> None:
    (settings.data_dir / "hub.db").write_bytes(b"not a database" * 100)
    finding = look(settings, "database")
    assert finding.verdict is Verdict.SERIOUS
    assert "restore" in finding.remedy


def test_a_migrated_database_is_well(settings: Settings) -> None:
    with Database(f"sqlite:///{settings.data_dir / 'hub.db'}") as database:
        migrate(database)
    assert look(settings, "database").verdict is Verdict.WELL


def test_a_clock_that_was_set_back_is_noticed(settings: Settings) -> None:
    with Database(f"sqlite:///{settings.data_dir / 'hub.db'}") as database:
        migrate(database)
    written = datetime.fromtimestamp((settings.data_dir / "hub.db").stat().st_mtime, UTC)
    finding = look(settings, "clock", written - timedelta(hours=1))
    assert finding.verdict is Verdict.SERIOUS
    assert "clock" in finding.remedy


def test_a_broker_of_ones_own_that_is_down_is_told(settings: Settings) -> None:
    own = settings.model_copy(update={"mqtt": Mqtt(url=f"mqtt://127.0.0.1:{free_port()}")})
    assert "HUB_MQTT__URL" in look(own, "broker").remedy


def test_a_folder_that_cannot_be_made_is_serious_and_named_whole(settings: Settings) -> None:
    (settings.data_dir / "file").write_text("")
    wrong = settings.model_copy(update={"data_dir": settings.data_dir / "file" / "data"})
    finding = look(wrong, "data folder")
    assert finding.verdict is Verdict.SERIOUS
    assert str(settings.data_dir / "file") in finding.says
    assert "Errno" not in finding.says


def test_the_doctor_leaves_no_trace_in_a_folder_that_it_tried(settings: Settings) -> None:
    fresh = settings.model_copy(update={"data_dir": settings.data_dir / "new" / "data"})
    assert look(fresh, "data folder").says.startswith(f"{settings.data_dir}/new/data, can be")
    assert list(settings.data_dir.iterdir()) == []


def test_a_port_of_the_broker_that_is_taken_names_its_setting(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", settings.mqtt.port))
        other.listen()
        finding = look(settings, "broker")
    assert finding.verdict is Verdict.SERIOUS
    assert "HUB_MQTT__PORT" in finding.remedy
