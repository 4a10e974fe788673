"""A camera that is a file, played in a loop at its own pace."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from core.clock import Clock
from video.media import InputContainer, SourceLost, VideoPacket, VideoStream, av, reason_of
from video.rtsp import ContainerFeed

_LONGEST_PAUSE_S = 5.0


@dataclass(frozen=True, slots=True)
class FileSource:
    """The file at `path`. `stop` ends a pause between two pictures at once."""

    path: Path
    clock: Clock
    stop: threading.Event

    @contextmanager
    def open(self) -> Iterator["LoopFeed"]:
        """Open the file; only a plain file will do, never an address."""
        if not self.path.is_file():
            raise SourceLost("not_found")
        try:
            container = av.open(f"file:{self.path.resolve()}", "r")
        except (av.error.FFmpegError, OSError) as error:
            raise SourceLost(reason_of(error)) from None
        with closing(container):
            yield LoopFeed(container, self.clock, self.stop)

    def __repr__(self) -> str:
        return "FileSource(…)"


class LoopFeed:
    """An open file. Time stamps start again with every round; the remuxer makes one line of it."""

    def __init__(self, container: InputContainer, clock: Clock, stop: threading.Event) -> None:
        self._container = container
        self._clock = clock
        self._stop = stop
        self._feed = ContainerFeed(container)

    @property
    def video(self) -> VideoStream:
        """The stream that `packets` yields."""
        return self._feed.video

    def packets(self) -> Iterator[VideoPacket]:
        """Packets when they fall due, round after round, until stopped."""
        while not self._stop.is_set():
            yield from self._round()
            try:
                self._container.seek(0)
            except (av.error.FFmpegError, OSError) as error:
                raise SourceLost(reason_of(error)) from None

    def _round(self) -> Iterator[VideoPacket]:
        started_s = self._clock.monotonic()
        first_s: float | None = None
        try:
            for packet in self._container.demux(self.video):
                if not packet.size or packet.dts is None:
                    continue
                at_s = float(packet.dts * packet.time_base)
                first_s = at_s if first_s is None else first_s
                pause_s = started_s + at_s - first_s - self._clock.monotonic()
                if pause_s > 0:
                    pause = timedelta(seconds=min(pause_s, _LONGEST_PAUSE_S))
                    if self._clock.wait(self._stop, pause):
                        return
                yield packet
        except (av.error.FFmpegError, OSError) as error:
            raise SourceLost(reason_of(error)) from None
        if first_s is None:
            raise SourceLost("no_video")
