"""What `./run` says while it makes its environment."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYTHON = """#!/bin/sh
case "$*" in
  *install*) exit {status} ;;
  *) echo "Python 3.11" ;;
esac
"""


def make(folder: Path, *, status: int) -> "subprocess.CompletedProcess[str]":
    """Make an environment whose pip ends with `status`."""
    binaries = folder / ".venv" / "bin"
    binaries.mkdir(parents=True)
    python = binaries / "python"
    python.write_text(PYTHON.format(status=status))
    python.chmod(0o755)
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, folder / name)
    script = f"set -euo pipefail; source {ROOT}/tools/environment.sh; "
    return subprocess.run(
        ["bash", "-c", script + "make_environment requirements.lock"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_first_start_says_how_long_it_takes(tmp_path: Path) -> None:
    told = make(tmp_path, status=0)
    assert told.returncode == 0
    assert "a minute or two" in told.stderr
    assert (tmp_path / ".venv" / "requirements.lock.sum").exists()


def test_an_installation_that_fails_names_the_setting_for_a_mirror(tmp_path: Path) -> None:
    told = make(tmp_path, status=1)
    assert told.returncode != 0
    assert "PIP_INDEX_URL" in told.stderr
    assert not (tmp_path / ".venv" / "requirements.lock.sum").exists()
