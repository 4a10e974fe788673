"""One camera, one thread: open, remux, look once in a while, and again after a failure."""

import random
import threading
from datetime import datetime
from pathlib import Path

from core import backoff, log
from core.clock import Clock
from core.metrics import STREAM_RECONNECTS
from video import snapshot
from video.hls import HlsWriter
from video.layout import hls_folder
from video.media import SourceLost, VideoPacket, VideoStream
from video.source import VideoSource
from video.still import jpeg_of
from video.stream import Limits, Stream, StreamEvent, begun, due, step

_log = log.get(__name__)


class Worker:
    """Plays one camera into its HLS folder until `stop` is set."""

    def __init__(
        self,
        camera_id: str,
        source: VideoSource,
        root: Path,
        clock: Clock,
        *,
        limits: Limits,
        stop: threading.Event,
    ) -> None:
        self.camera_id = camera_id
        self._source = source
        self._root = root
        self._clock = clock
        self._limits = limits
        self._stop = stop
        self._hls = HlsWriter(hls_folder(root, camera_id))
        self._lock = threading.Lock()
        self._stream = begun(clock.now())
        self._looked_at: datetime | None = None

    def look(self, now: datetime) -> Stream:
        """How the stream stands at `now`, by what came and by what time alone has made of it."""
        with self._lock:
            event = due(self._stream, now, self._limits)
            if event is not None:
                self._stream = step(self._stream, event, now, _why(event, self._stream))
            return self._stream

    def run(self) -> None:
        """Play until stopped; after a failure wait a little, and longer each time in a row."""
        attempt = 0
        try:
            while not self._stop.is_set():
                played = self.run_once()
                attempt = 1 if played else attempt + 1
                pause = backoff.delay(
                    attempt,
                    base=self._limits.retry_base,
                    cap=self._limits.retry_cap,
                    jitter=random.random(),  # noqa: S311  (spreads retries, keeps no secret)
                )
                if self._clock.wait(self._stop, pause):
                    break
                STREAM_RECONNECTS.inc()
        finally:
            self._hls.close()

    def run_once(self) -> bool:
        """One connection from its opening to its loss; True when it brought a picture."""
        played = False
        try:
            with self._source.open() as feed:
                self._hls.connect(feed.video)
                key_at = self._clock.now()
                for packet in feed.packets():
                    now = self._clock.now()
                    if self._stop.is_set():
                        return played
                    if packet.is_keyframe:
                        key_at = now
                        self._see(feed.video, packet, now)
                    elif now - key_at > self._limits.key_frame_within:
                        raise SourceLost("no_key_frame")  # noqa: TRY301  (same end as any loss)
                    if self._hls.take(packet, now):
                        played = True
                        self._happened(StreamEvent.PICTURE, now)
        except SourceLost as lost:
            self._happened(StreamEvent.LOST, self._clock.now(), lost.reason)
        except Exception as error:  # noqa: BLE001  (one camera's trouble must not end its thread)
            kind = type(error).__name__  # never the text: it may hold the camera's address
            _log.error("camera_failed", camera=self.camera_id, error=kind)
            self._happened(StreamEvent.LOST, self._clock.now(), "failed")
        return played

    def _happened(self, event: StreamEvent, now: datetime, reason: str = "") -> None:
        with self._lock:
            self._stream = step(self._stream, event, now, reason)

    def _see(self, video: VideoStream, key_frame: VideoPacket, now: datetime) -> None:
        """Keep a still when the last one is old enough."""
        if self._looked_at is not None and now - self._looked_at < self._limits.snapshot_every:
            return
        jpeg = jpeg_of(video, key_frame)
        if jpeg is not None:
            self._looked_at = now
            snapshot.keep(self._root, self.camera_id, jpeg, now)


def _why(event: StreamEvent, stream: Stream) -> str:
    """The reason for what time alone did; an earlier, more telling one stays."""
    if event is StreamEvent.SILENT:
        return "no_pictures"
    return stream.reason or "no_pictures"
