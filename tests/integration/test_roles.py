"""One process of each role on a data folder."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.ports import free_port
from tests.support.small_city import found_city
from tests.support.wait import wait_until


def test_the_role_of_a_running_process_is_not_taken_twice(tmp_path: Path) -> None:
    found_city(tmp_path)
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HUB_")}  # noqa: TID251
    environment = {**inherited, "HUB_DATA_DIR": str(tmp_path), "HUB_WEB__PORT": str(free_port())}
    command = [sys.executable, "-m", "hub", "serve", "--role", "video"]
    lock = tmp_path / "run" / "video.lock"
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as first:
        try:
            wait_until(
                lambda: lock.exists() and lock.read_text() == str(first.pid),
                timeout_s=60,
                what="the first process to hold its role",
            )
            second = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=60, check=False
            )
        finally:
            first.terminate()
    assert second.returncode == 2
    assert f"the role video runs already on {tmp_path} (process {first.pid})" in " ".join(
        second.stderr.split()
    )
