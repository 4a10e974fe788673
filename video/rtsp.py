"""Cameras that speak RTSP, pulled over TCP, pictures only: sound is never asked for."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from video.media import InputContainer, SourceLost, VideoPacket, VideoStream, av, reason_of

_SCHEMES = ("rtsp", "rtsps")
# Without the first three an open takes 1.9 s instead of 0.1 s: libav would measure the frame rate.
_QUICK = {"fpsprobesize": "0", "analyzeduration": "100000", "probesize": "65536"}
_THOROUGH = {"fpsprobesize": "0", "analyzeduration": "3000000", "probesize": "5000000"}


class ContainerFeed:
    """The H.264 stream of an open libav container."""

    def __init__(self, container: InputContainer) -> None:
        self._container = container
        if not container.streams.video:
            raise SourceLost("no_video")
        self._video = container.streams.video[0]
        if self._video.codec_context.name != "h264":
            raise SourceLost("codec_not_supported")

    @property
    def video(self) -> VideoStream:
        """The stream that `packets` yields."""
        return self._video

    def packets(self) -> Iterator[VideoPacket]:
        """Packets as they come; the end of the stream is a loss like any other."""
        try:
            for packet in self._container.demux(self._video):
                if packet.size:  # libav ends with an empty packet
                    yield packet
        except (av.error.FFmpegError, OSError) as error:
            raise SourceLost(reason_of(error)) from None  # the cause would name the address
        raise SourceLost("ended")


@dataclass(frozen=True, slots=True)
class RtspSource:
    """A camera at `url` (secret). Opening gives up after `open_within`, reading after `silent`."""

    url: str
    open_within: timedelta
    silent: timedelta

    @contextmanager
    def open(self) -> Iterator[ContainerFeed]:
        """Connect and describe; parameter sets missing from the SDP are looked for in the data."""
        if urlsplit(self.url).scheme not in _SCHEMES:
            raise SourceLost("address_not_supported")
        container = self._connect(_QUICK)
        if container.streams.video and not container.streams.video[0].codec_context.width:
            container.close()
            container = self._connect(_THOROUGH)
        with closing(container):
            yield ContainerFeed(container)

    def _connect(self, probing: dict[str, str]) -> InputContainer:
        options = probing | {
            "rtsp_transport": "tcp",
            "allowed_media_types": "video",
            "timeout": str(int(self.silent / timedelta(microseconds=1))),
        }
        # libav waits twice for a silent peer: once for data and once for its farewell
        limits = (self.open_within.total_seconds(), self.silent.total_seconds() / 2)
        try:
            return av.open(self.url, "r", options=options, timeout=limits)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise SourceLost(reason_of(error)) from None  # the cause would name the address

    def __repr__(self) -> str:
        return "RtspSource(…)"  # never the address
