from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import pytest

from simulators.camera import write_clip
from video.hls import HlsWriter

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two clips whose parameter sets differ by their frame rate."""
    folder = tmp_path_factory.mktemp("clips")
    paths = (folder / "a.mp4", folder / "b.mp4")
    for path, fps in zip(paths, (12, 10), strict=True):
        write_clip(path, 4, fps=fps)
    return paths


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[HlsWriter]:
    hls = HlsWriter(tmp_path)
    yield hls
    hls.close()


def play(writer: HlsWriter, clip: Path, *, skip: int = 0) -> list[bool]:
    with av.open(str(clip), "r") as container:
        video = container.streams.video[0]
        writer.connect(video)
        packets = [packet for packet in container.demux(video) if packet.size][skip:]
        return [writer.take(packet, NOW + timedelta(seconds=1)) for packet in packets]


def test_other_parameter_sets_get_their_own_init_and_a_discontinuity(
    tmp_path: Path, writer: HlsWriter, clips: tuple[Path, Path]
) -> None:
    first, second = clips
    play(writer, first)
    play(writer, second)
    text = (tmp_path / "index.m3u8").read_text()
    assert text.count("#EXT-X-MAP") == 2
    assert '#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="init-2.mp4"' in text


def test_the_same_parameter_sets_keep_their_init(
    tmp_path: Path, writer: HlsWriter, clips: tuple[Path, Path]
) -> None:
    for _ in range(3):
        play(writer, clips[0])
    text = (tmp_path / "index.m3u8").read_text()
    assert text.count("#EXT-X-MAP") == 1
    assert "#EXT-X-DISCONTINUITY\n" not in text
    assert [file.name for file in tmp_path.glob("init-*")] == ["init-1.mp4"]


def test_nothing_is_taken_before_a_key_frame(writer: HlsWriter, clips: tuple[Path, Path]) -> None:
    taken = play(writer, clips[0], skip=1)
    assert taken[:11] == [False] * 11
    assert all(taken[11:])


def test_an_unreadable_note_of_the_last_process_starts_anew(tmp_path: Path) -> None:
    (tmp_path / "resume.json").write_text('{"sequence": "x"')
    (tmp_path / "s00000007.m4s").write_bytes(b"old")
    HlsWriter(tmp_path).close()
    assert not list(tmp_path.glob("*.m4s"))
