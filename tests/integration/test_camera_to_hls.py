"""A real RTSP server, a real fleet, real files: what a browser would be given."""

import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import av
import pytest

from core import handoff
from core.clock import SystemClock
from devices import findings
from devices.findings import CameraBack, CameraDark
from devices.model import Camera, SourceKind
from simulators.camera import Fault, Login, Look, write_clip
from tests.support.cameras import cameras
from tests.support.wait import wait_until as wait_briefly
from video import snapshot
from video.fleet import Fleet
from video.layout import hls_folder
from video.media import SourceLost
from video.rtsp import RtspSource
from video.state import StateReader
from video.stream import Limits, StreamState

LOOK = Look("SAMPLE KITCHEN", seconds=4)
QUICK = Limits(
    # Half of it is the patience of one read. A busy machine starves the simulated camera for a
    # second; were we less patient, every such second would cost a reconnect and a key frame.
    silent_after=timedelta(seconds=3),
    offline_after=timedelta(seconds=0.8),
    open_within=timedelta(seconds=2),
    retry_base=timedelta(seconds=0.1),
    retry_cap=timedelta(seconds=0.3),
    snapshot_every=timedelta(seconds=1),
    cameras_every=timedelta(seconds=0.2),
    pictures_noted_every=timedelta(seconds=0.4),
)


wait_until = partial(wait_briefly, timeout_s=40)
"""Patience costs nothing where all is well, and a machine under load is no fault of a camera."""


def camera(url: str, *, name: str = "K0001-1", kind: SourceKind = SourceKind.RTSP) -> Camera:
    return Camera(name, 1, "Sample stove", kind, url, published=True, enabled=True)


@contextmanager
def fleet_of(listed: list[Camera], root: Path) -> Iterator[StateReader]:
    fleet = Fleet(lambda: list(listed), root, SystemClock(), limits=QUICK)
    stop = threading.Event()
    thread = threading.Thread(target=fleet.run, args=(stop,), name="fleet")
    thread.start()
    try:
        yield StateReader(root)
    finally:
        stop.set()
        thread.join(10)


def playlist(root: Path, name: str = "K0001-1") -> str:
    file = hls_folder(root, name) / "index.m3u8"
    return file.read_text() if file.exists() else ""


def sequence(text: str) -> int:
    found = re.search(r"#EXT-X-MEDIA-SEQUENCE:(\d+)", text)
    return int(found.group(1)) if found else -1


def newest(text: str) -> int:
    return sequence(text) + text.count("#EXTINF") - 1


def text_with(root: Path, number: int) -> str:
    """The playlist once it shows segment `number`."""
    wait_until(lambda: newest(playlist(root)) >= number, what=f"segment {number}")
    return playlist(root)


def decode_times(folder: Path, text: str) -> list[float]:
    """Seconds of every picture that the playlist's segments decode to, in order."""
    init = re.findall(r'#EXT-X-MAP:URI="(.+?)"', text)[-1]
    names = re.findall(r"^s\d+\.m4s$", text, re.MULTILINE)
    data = b"".join((folder / name).read_bytes() for name in (init, *names))
    with av.open(BytesIO(data), "r") as container:
        return [float(frame.time or 0) for frame in container.decode(video=0)]


def told(root: Path) -> list[findings.Finding]:
    rows = handoff.after(root / "handoff.db")
    return [findings.decode(row.payload) for row in rows]


def test_a_camera_plays_as_segments_that_decode(tmp_path: Path) -> None:
    with (
        cameras({"k1": LOOK}, login=Login("viewer", "p@ss/word")) as served,
        fleet_of([camera(served.url("k1"))], tmp_path) as state,
    ):
        text = text_with(tmp_path, 2)
        wait_until(lambda: state.camera("K0001-1").state is StreamState.LIVE, what="live")
        wait_until(lambda: snapshot.latest(tmp_path, "K0001-1"), what="a still")
        still = snapshot.latest(tmp_path, "K0001-1")
        assert still is not None
        jpeg = still.path.read_bytes()
    times = decode_times(hls_folder(tmp_path, "K0001-1"), text)
    assert len(times) >= 36
    assert all(0 < b - a < 0.2 for a, b in pairwise(times))
    assert jpeg.startswith(b"\xff\xd8")
    assert "p@ss" not in text
    assert "p%40ss" not in text


def test_a_stall_becomes_dark_and_the_time_line_runs_on_after_it(tmp_path: Path) -> None:
    with cameras({"k1": LOOK}) as served, fleet_of([camera(served.url("k1"))], tmp_path) as state:

        def stands(wanted: StreamState) -> bool:
            return state.camera("K0001-1").state is wanted

        wait_until(lambda: newest(playlist(tmp_path)) >= 1, what="two segments")
        served.inflict("k1", Fault.STALL)
        wait_until(lambda: stands(StreamState.STALLED), what="stalled")
        wait_until(lambda: stands(StreamState.OFFLINE), what="offline")
        before = newest(playlist(tmp_path))
        served.inflict("k1", Fault.NONE)
        wait_until(lambda: stands(StreamState.LIVE), what="live again")
        text = text_with(tmp_path, before + 2)
        wait_until(lambda: len(told(tmp_path)) == 2, what="dark and back told")
        dark, back = told(tmp_path)
    assert isinstance(dark, CameraDark)
    assert isinstance(back, CameraBack)
    assert (dark.camera, dark.state, dark.event_id) == ("K0001-1", "offline", back.event_id)
    assert text.count("#EXT-X-MAP") == 1
    assert "#EXT-X-DISCONTINUITY\n" not in text
    times = decode_times(hls_folder(tmp_path, "K0001-1"), text)
    assert all(0 < b - a < 0.5 for a, b in pairwise(times))


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.GARBAGE])
def test_a_camera_heals_by_itself(tmp_path: Path, fault: Fault) -> None:
    with cameras({"k1": LOOK}) as served, fleet_of([camera(served.url("k1"))], tmp_path) as state:
        wait_until(lambda: newest(playlist(tmp_path)) >= 0, what="a segment")
        served.inflict("k1", fault)
        if fault is Fault.DROP:
            wait_until(lambda: state.camera("K0001-1").state is StreamState.OFFLINE, what="offline")
        seen = newest(playlist(tmp_path))
        served.inflict("k1", Fault.NONE)
        wait_until(lambda: newest(playlist(tmp_path)) >= seen + 2, what="new segments")
        wait_until(lambda: state.camera("K0001-1").state is StreamState.LIVE, what="live")


def test_a_restart_goes_on_with_number_and_time(tmp_path: Path) -> None:
    with cameras({"k1": LOOK}) as served:
        with fleet_of([camera(served.url("k1"))], tmp_path):
            wait_until(lambda: newest(playlist(tmp_path)) >= 1, what="two segments")
        first = playlist(tmp_path)
        last = decode_times(hls_folder(tmp_path, "K0001-1"), first)[-1]
        with fleet_of([camera(served.url("k1"))], tmp_path):
            text = text_with(tmp_path, newest(first) + 1)
    assert sequence(text) == newest(first) + 1
    assert decode_times(hls_folder(tmp_path, "K0001-1"), text)[0] > last


def test_a_file_plays_round_and_round(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    write_clip(clip, 2)
    listed = [camera(str(clip), kind=SourceKind.FILE)]
    with fleet_of(listed, tmp_path) as state:
        text = text_with(tmp_path, 3)
        wait_until(lambda: state.camera("K0001-1").state is StreamState.LIVE, what="live")
    times = decode_times(hls_folder(tmp_path, "K0001-1"), text)
    assert all(0 < b - a < 0.2 for a, b in pairwise(times))


def test_a_camera_that_leaves_takes_its_pictures_along(tmp_path: Path) -> None:
    with cameras({"k1": LOOK}) as served:
        listed = [camera(served.url("k1"))]
        with fleet_of(listed, tmp_path) as state:
            wait_until(lambda: newest(playlist(tmp_path)) >= 0, what="a segment")
            listed.clear()
            wait_until(lambda: not state.cameras(), what="the row gone")
            wait_until(
                lambda: not hls_folder(tmp_path, "K0001-1").exists(), what="the pictures gone"
            )


@pytest.mark.parametrize(
    "login", [Login("viewer", "right"), Login("viewer", "right", digest=False)]
)
def test_a_wrong_password_is_named_and_appears_nowhere(
    tmp_path: Path, login: Login, capfd: pytest.CaptureFixture[str]
) -> None:
    with cameras({"k1": LOOK}, login=login) as served:
        url = served.url("k1").replace("right", "wrong-secret")
        with fleet_of([camera(url)], tmp_path) as state:
            wait_until(lambda: told(tmp_path), what="the camera told to be dark")
            assert state.camera("K0001-1").reason == "unauthorized"
    said = "".join(capfd.readouterr())
    assert "wrong-secret" not in said
    with closing(sqlite3.connect(tmp_path / "handoff.db")) as kept, kept:
        assert "wrong-secret" not in "\n".join(kept.iterdump())


def held() -> tuple[int, int]:
    """Threads (libav's too) and open files and sockets of this process."""
    threads, files = (sum(1 for _ in Path("/proc/self", each).iterdir()) for each in ("task", "fd"))
    return threads, files


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="only Linux shows what is held")
def test_twenty_losses_leave_no_thread_and_no_socket_behind() -> None:
    patience = timedelta(seconds=10)
    with cameras({"k1": LOOK}) as served:
        source = RtspSource(served.url("k1"), patience, patience)
        nowhere = RtspSource(served.url("none"), patience, patience)

        def lose(n: int) -> None:
            with source.open() as feed:
                packets = feed.packets()
                next(packets)
                if n % 2:  # the camera hangs up; otherwise we do
                    served.inflict("k1", Fault.DROP)
                    with pytest.raises(SourceLost):
                        for _ in packets:
                            pass
            with pytest.raises(SourceLost), (nowhere if n % 2 else source).open():
                raise SourceLost("enough")
            served.inflict("k1", Fault.NONE)

        for n in range(2):
            lose(n)
        before = held()
        for n in range(20):
            lose(n)
        wait_until(
            lambda: all(now <= then for now, then in zip(held(), before, strict=True)),
            what=f"threads and files back to {before}",
        )


def test_a_camera_that_comes_and_goes_keeps_one_worker(tmp_path: Path) -> None:
    def workers() -> list[str]:
        return [each.name for each in threading.enumerate() if each.name.startswith("camera-")]

    with cameras({"k1": LOOK}) as served, fleet_of([camera(served.url("k1"))], tmp_path):
        for _ in range(5):
            seen = newest(playlist(tmp_path))
            wait_until(lambda seen=seen: newest(playlist(tmp_path)) > seen, what="a new segment")  # type: ignore[misc]
            served.inflict("k1", Fault.DROP)
            served.inflict("k1", Fault.NONE)
            assert workers() == ["camera-K0001-1"]
    wait_until(lambda: not workers(), what="the worker gone")
