"""The one door to libav, and the words for what can go wrong there.

libav puts the source's address, password and all, into the text of its errors. So that text is
never shown, logged or chained: a failure becomes one of a closed set of reasons.
"""

from typing import TYPE_CHECKING, TypeAlias

try:
    import av
    import av.error
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream
except ImportError as error:
    raise ImportError("video needs its extra: pip install '.[video]'") from error

from core.errors import Unavailable

__all__ = [
    "InputContainer",
    "OutputContainer",
    "SourceLost",
    "VideoPacket",
    "VideoStream",
    "av",
    "reason_of",
]

if TYPE_CHECKING:
    VideoPacket: TypeAlias = Packet[VideoStream]
else:
    VideoPacket = Packet  # generic for the type checker alone

_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (av.error.HTTPUnauthorizedError, "unauthorized"),
    (av.error.HTTPForbiddenError, "unauthorized"),
    (av.error.HTTPNotFoundError, "not_found"),
    (av.error.HTTPError, "refused_by_camera"),
    (av.error.ExitError, "timeout"),
    (av.error.TimeoutError, "timeout"),
    (av.error.ConnectionRefusedError, "connection_refused"),
    (av.error.ConnectionResetError, "connection_lost"),
    (av.error.BrokenPipeError, "connection_lost"),
    (av.error.FileNotFoundError, "not_found"),
    (av.error.PermissionError, "not_readable"),
    (av.error.InvalidDataError, "unreadable"),
    (av.error.EOFError, "ended"),
    (av.error.OSError, "unreachable"),
)


class SourceLost(Unavailable):
    """The source delivers no pictures; `reason` is a stable word, never an address."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"no pictures: {reason}", reason=reason)


def reason_of(error: Exception) -> str:
    """The word for a failure of libav."""
    return next((word for kind, word in _REASONS if isinstance(error, kind)), "failed")
