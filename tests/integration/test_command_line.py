"""What a user types, and what they are told."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hub.schema import newest
from tests.support.ports import free_port


def hub(*words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HUB_")}  # noqa: TID251
    return subprocess.run(
        [sys.executable, "-m", "hub", *words],
        env={**inherited, **settings, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_unknown_setting_stops_every_command_and_names_the_nearest() -> None:
    told = hub("doctor", HUB_WEB__PROT="1")
    assert told.returncode == 2
    assert "HUB_WEB__PROT: no such setting; did you mean HUB_WEB__PORT?" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_new_folder_is_migrated_backed_up_and_restored(tmp_path: Path) -> None:
    data, archive, other = tmp_path / "data", tmp_path / "hub.tar.gz", tmp_path / "other"
    assert f"new -> {newest()}" in hub("migrate", "--data", str(data)).stdout
    assert hub("backup", str(archive), "--data", str(data)).returncode == 0
    assert "every hash fits" in hub("restore", "--verify", str(archive)).stdout
    assert hub("restore", str(archive), "--data", str(other)).returncode == 0
    assert (other / "hub.db").exists()
    refused = hub("restore", str(archive), "--data", str(other))
    assert refused.returncode == 2
    assert "not empty" in refused.stderr


def test_a_backup_goes_into_the_data_folder_unless_told(tmp_path: Path) -> None:
    data = tmp_path / "data"
    hub("migrate", "--data", str(data))
    made = hub("backup", "--data", str(data))
    assert made.returncode == 0, made.stderr
    (archive,) = (data / "backups").glob("hub-*.tar.gz")
    assert hub("restore", "--verify", str(archive)).returncode == 0
    assert (data / "backups" / "last").read_text().strip() == str(archive)


def test_a_file_that_is_not_there_is_named_without_a_traceback(tmp_path: Path) -> None:
    told = hub("lifts", "import", str(tmp_path / "none.csv"), "--data", str(tmp_path / "data"))
    assert told.returncode == 2
    assert "none.csv: there is no such file" in told.stderr


@pytest.mark.parametrize("options", [("--dry-run",), (), ("--skip-bad",)])
def test_a_wrong_row_is_told_by_line_and_field_and_keeps_the_file_out_unless_skipped(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    columns = (
        "rescue_code,registration_code,area,district,address,building,kind,place_type,"
        "min_floor,max_floor,rated_speed_m_per_s,rated_load_kg"
    )
    rest = "410100,410105,示例路 1 号,1 号楼,traction_passenger,residential,-1,18,1.75,1000"
    file = tmp_path / "lifts.csv"
    file.write_text(
        f"{columns}\n235274,31104101002026000001,{rest}\n12,31104101002026000002,{rest}\n"
    )
    data = str(tmp_path / "data")
    told = hub("lifts", "import", str(file), "--data", data, *options)
    assert told.returncode == 1
    assert "line 3: refused: rescue_code" in told.stdout
    assert "1 inserted" in told.stdout
    again = hub("lifts", "import", str(file), "--data", data, "--dry-run").stdout
    assert ("1 unchanged" if options == ("--skip-bad",) else "1 inserted") in again


def test_a_certificate_comes_with_a_code_that_installs_its_authority(tmp_path: Path) -> None:
    told = hub("tls", "init", "hub.example", "--data", str(tmp_path))
    assert told.returncode == 0
    assert (tmp_path / "tls/authority-qr.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "tls/server.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "tls").stat().st_mode & 0o777 == 0o700
    assert f"hub serve --data {tmp_path} " in told.stdout


def test_a_role_started_by_itself_runs_without_a_parent(tmp_path: Path) -> None:
    told = hub("serve", "--role", "telemetry", "--data", str(tmp_path / "data"))
    assert told.returncode == 2
    assert "HUB_MQTT__URL" in told.stderr
    told = hub("serve", "--role", "web", "--data", str(tmp_path / "data"))
    assert told.returncode == 2
    assert "hub migrate" in told.stderr


@pytest.mark.parametrize("command", ["serve", "demo", "migrate", "doctor"])
def test_a_setting_that_cannot_be_used_stops_the_start_in_one_line(
    tmp_path: Path, command: str
) -> None:
    told = hub(command, HUB_DATA_DIR=str(tmp_path / "data"), HUB_POLICY_FILE="/nope")
    assert told.returncode == (1 if command == "doctor" else 2)
    (line,) = (told.stdout + told.stderr).splitlines()
    assert "HUB_POLICY_FILE: /nope: there is no such file" in line
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("started", ["auto", "embedded"])
def test_a_broker_port_that_is_taken_stops_the_start_and_names_the_settings(
    tmp_path: Path, started: str
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = str(other.getsockname()[1])
        told = hub(
            "serve",
            HUB_DATA_DIR=str(tmp_path / "data"),
            HUB_WEB__PORT=str(free_port()),
            HUB_PUBLIC__PORT=str(free_port()),
            HUB_MQTT__PORT=taken,
            HUB_MQTT__START=started,
        )
    assert told.returncode == 2
    assert f"port {taken}" in told.stderr
    assert "HUB_MQTT__PORT" in told.stderr
    assert "HUB_MQTT__URL" in told.stderr
