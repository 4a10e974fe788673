"""Where pictures come from: the port that every kind of camera implements."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from video.media import VideoPacket, VideoStream


class Feed(Protocol):
    """An open source: one H.264 stream and its packets, as they come."""

    @property
    def video(self) -> VideoStream:
        """What the stream is: codec, size, parameter sets."""
        ...

    def packets(self) -> Iterator[VideoPacket]:
        """Packets at the source's own pace; raises SourceLost when it fails, ends or is silent."""
        ...


class VideoSource(Protocol):
    """A camera that can be opened again and again."""

    def open(self) -> AbstractContextManager[Feed]:
        """Connect; raises SourceLost. Leaving the context closes the connection."""
        ...
