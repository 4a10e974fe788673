"""All cameras: a worker for each that is enabled, and the record of how they stand."""

import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from core import log
from core.clock import Clock
from core.errors import NotFound
from core.metrics import STREAM_STATE
from core.pulse import Pulse
from devices.model import Camera, SourceKind
from video.file import FileSource
from video.layout import checked, hls_folder, snapshot_folder
from video.rtsp import RtspSource
from video.source import VideoSource
from video.state import StateWriter
from video.stream import Limits, Stream, StreamState
from video.worker import Worker

_log = log.get(__name__)
_TICK = timedelta(milliseconds=200)
_FAREWELL_S = 1.0


@dataclass(slots=True)
class _Watched:
    camera: Camera
    worker: Worker
    thread: threading.Thread
    stop: threading.Event


class Fleet:
    """Follows the list that `cameras` answers; files and records lie below `root`.

    Only one fleet may run on a root. A camera that leaves the list, is disabled or gets another
    source is stopped; leaving also takes its pictures from the disk.
    """

    def __init__(
        self,
        cameras: Callable[[], Sequence[Camera]],
        root: Path,
        clock: Clock,
        *,
        limits: Limits | None = None,
        pulse: Pulse | None = None,
    ) -> None:
        self._pulse = pulse or Pulse()
        self._cameras = cameras
        self._root = root
        self._clock = clock
        self._limits = limits or Limits()
        self._state = StateWriter(root)
        self._watched: dict[str, _Watched] = {}
        self._leaving: dict[str, _Watched] = {}
        self._wanted: dict[str, Camera] | None = None
        self._asked_at: datetime | None = None
        self._noted: dict[str, Stream] = {}
        self._pictures_noted_at = clock.now()
        self._refused: frozenset[str] = frozenset()

    def run(self, stop: threading.Event) -> None:
        """Watch until `stop` is set; workers get a second to end, libav keeps some for longer."""
        try:
            while True:
                self.run_once()
                self._pulse.beat()
                if self._clock.wait(stop, _TICK):
                    return
        finally:
            for watched in self._watched.values():
                watched.stop.set()
            for watched in (*self._watched.values(), *self._leaving.values()):
                watched.thread.join(_FAREWELL_S / (len(self._watched) + len(self._leaving)))
            self._state.close()

    def run_once(self) -> None:
        """Follow the list where it is due, see off who has ended, record how all stand."""
        now = self._clock.now()
        if self._asked_at is None or now - self._asked_at >= self._limits.cameras_every:
            self._asked_at = now
            self._ask()
        self._reap(now)
        self._match(now)
        self._record(now)

    def _ask(self) -> None:
        """The list as it is now; where it cannot be read the last one stays good."""
        try:
            listed = self._cameras()
        except Exception as error:  # noqa: BLE001  (whatever the registry's store can raise)
            _log.warning("camera_list_unreadable", error=type(error).__name__)
            return
        wanted = {camera.id: camera for camera in listed if camera.enabled}
        bad = frozenset(camera_id for camera_id in wanted if not _may_be_folder(camera_id))
        if bad - self._refused:
            _log.error("camera_id_refused", cameras=sorted(bad), remedy="letters, digits, - and _")
        self._refused = bad
        self._wanted = {name: camera for name, camera in wanted.items() if name not in bad}

    def _reap(self, now: datetime) -> None:
        """See off workers that have ended; take a camera's traces away when it is not wanted."""
        for camera_id, watched in list(self._leaving.items()):
            if not watched.thread.is_alive():
                del self._leaving[camera_id]
        if self._wanted is None:
            return
        for camera_id in self._state.known() - self._wanted.keys() - self._leaving.keys():
            if camera_id in self._watched:
                continue  # is told to stop by _match first
            self._state.forget(camera_id, now)
            shutil.rmtree(hls_folder(self._root, camera_id), ignore_errors=True)
            shutil.rmtree(snapshot_folder(self._root, camera_id), ignore_errors=True)
            _log.info("camera_left", camera=camera_id)

    def _match(self, now: datetime) -> None:
        """Stop who is wanted no longer or otherwise, start who is missing."""
        if self._wanted is None:
            return
        for camera_id, watched in list(self._watched.items()):
            wanted = self._wanted.get(camera_id)
            if wanted is None or _source_key(wanted) != _source_key(watched.camera):
                watched.stop.set()
                self._leaving[camera_id] = self._watched.pop(camera_id)
                self._noted.pop(camera_id, None)
                STREAM_STATE.labels(camera_id).set(0)
        for camera_id in self._wanted.keys() - self._watched.keys() - self._leaving.keys():
            self._watched[camera_id] = self._start(self._wanted[camera_id])
            _log.info("camera_watched", camera=camera_id, at=now.isoformat())

    def _start(self, camera: Camera) -> _Watched:
        stop = threading.Event()
        source = source_of(camera, self._clock, self._limits, stop)
        worker = Worker(camera.id, source, self._root, self._clock, limits=self._limits, stop=stop)
        thread = threading.Thread(target=worker.run, name=f"camera-{camera.id}", daemon=True)
        thread.start()
        return _Watched(camera, worker, thread, stop)

    def _record(self, now: datetime) -> None:
        """Write changes at once, and every few seconds when each camera last showed something."""
        streams = {name: watched.worker.look(now) for name, watched in self._watched.items()}
        changed = {
            name: stream
            for name, stream in streams.items()
            if _told(stream) != _told(self._noted.get(name))
        }
        if now - self._pictures_noted_at >= self._limits.pictures_noted_every:
            self._pictures_noted_at = now
            write = {n: s for n, s in streams.items() if s != self._noted.get(n)}
        else:
            write = changed
        if not write:
            return
        self._state.record(write, now)
        self._noted |= write
        for name, stream in changed.items():
            STREAM_STATE.labels(name).set(stream.state is StreamState.LIVE)
            _log.info("camera_state", camera=name, state=stream.state, reason=stream.reason)


def source_of(camera: Camera, clock: Clock, limits: Limits, stop: threading.Event) -> VideoSource:
    """The driver for a camera's source."""
    match camera.source_kind:
        case SourceKind.RTSP:
            return RtspSource(camera.source_url, limits.open_within, limits.silent_after)
        case SourceKind.FILE:
            return FileSource(_path(camera.source_url), clock, stop)


def _path(source: str) -> Path:
    parts = urlsplit(source)
    return Path(unquote(parts.path)) if parts.scheme == "file" else Path(source)


def _source_key(camera: Camera) -> tuple[SourceKind, str]:
    return camera.source_kind, camera.source_url


def _told(stream: Stream | None) -> tuple[StreamState, datetime, str] | None:
    return None if stream is None else (stream.state, stream.since, stream.reason)


def _may_be_folder(camera_id: str) -> bool:
    try:
        checked(camera_id)
    except NotFound:
        return False
    return True
