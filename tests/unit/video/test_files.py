import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import NotFound
from video import layout, snapshot

NOW = datetime(2026, 11, 23, 8, 0, 0, 123000, tzinfo=UTC)


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\\b", "K1\n", "-x", "x" * 65])
def test_an_id_that_could_climb_out_is_no_camera(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFound):
        layout.hls_folder(tmp_path, name)


@pytest.mark.parametrize("name", ["resume.json", ".index.m3u8.new", "../index.m3u8", "s1.m4s", ""])
def test_only_media_files_are_handed_out(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFound):
        layout.media_file(tmp_path, "K1", name)


@pytest.mark.parametrize("name", ["index.m3u8", "s00000012.m4s", "init-1.mp4"])
def test_playlist_and_segments_are_handed_out(tmp_path: Path, name: str) -> None:
    assert layout.media_file(tmp_path, "K1", name) == tmp_path / "hls" / "K1" / name


def test_the_newest_still_carries_its_instant(tmp_path: Path) -> None:
    assert snapshot.latest(tmp_path, "K1") is None
    for number in range(5):
        at = NOW + timedelta(seconds=number)
        snapshot.keep(tmp_path, "K1", str(number).encode(), at)
    newest = snapshot.latest(tmp_path, "K1")
    assert newest is not None
    assert (newest.path.read_bytes(), newest.captured_at) == (b"4", NOW + timedelta(seconds=4))
    assert len(list(newest.path.parent.iterdir())) == 3


def without_libav(statement: str) -> subprocess.CompletedProcess[str]:
    program = f"import sys; sys.modules['av'] = None; sys.modules['cv2'] = None; {statement}"
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )


def test_pages_need_no_libav() -> None:
    done = without_libav("import video.state, video.access, video.snapshot, video.layout")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", ["video.fleet", "video.source", "video.still", "video.hls"])
def test_a_missing_extra_says_how_to_mend_it(module: str) -> None:
    done = without_libav(f"import {module}")
    assert "pip install '.[video]'" in done.stderr


def test_a_simulated_camera_says_so_too() -> None:
    assert "pip install '.[video]'" in without_libav("import simulators.camera").stderr
