"""The life of a camera's stream: connecting, live, stalled, offline.

Theory of operation. A picture makes a stream live from wherever it was. A live stream that is
silent too long, or whose connection ends, is stalled; what is stalled, or has never connected, for
too long is offline. Only then is anybody called: a camera that blinks is not an alarm. The watch is
on pictures, never on the connection: a camera may answer for hours and show nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType


class StreamState(StrEnum):
    """Where a stream stands."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALLED = "stalled"
    OFFLINE = "offline"


class StreamEvent(StrEnum):
    """What can happen to a stream."""

    PICTURE = "picture"  # a picture came
    SILENT = "silent"  # none came for too long
    LOST = "lost"  # the source failed or ended; an attempt to open it failed
    OVERDUE = "overdue"  # not live for too long


_S, _E = StreamState, StreamEvent

LIFE: Mapping[StreamState, Mapping[StreamEvent, StreamState]] = MappingProxyType(
    {
        _S.CONNECTING: {
            _E.PICTURE: _S.LIVE,
            _E.SILENT: _S.CONNECTING,
            _E.LOST: _S.CONNECTING,
            _E.OVERDUE: _S.OFFLINE,
        },
        _S.LIVE: {
            _E.PICTURE: _S.LIVE,
            _E.SILENT: _S.STALLED,
            _E.LOST: _S.STALLED,
            _E.OVERDUE: _S.LIVE,
        },
        _S.STALLED: {
            _E.PICTURE: _S.LIVE,
            _E.SILENT: _S.STALLED,
            _E.LOST: _S.STALLED,
            _E.OVERDUE: _S.OFFLINE,
        },
        _S.OFFLINE: {
            _E.PICTURE: _S.LIVE,
            _E.SILENT: _S.OFFLINE,
            _E.LOST: _S.OFFLINE,
            _E.OVERDUE: _S.OFFLINE,
        },
    }
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient the video room is. Every duration is of the hub's own clock."""

    silent_after: timedelta = timedelta(seconds=5)
    offline_after: timedelta = timedelta(seconds=30)
    open_within: timedelta = timedelta(seconds=5)
    key_frame_within: timedelta = timedelta(seconds=20)
    retry_base: timedelta = timedelta(milliseconds=500)
    retry_cap: timedelta = timedelta(seconds=30)
    snapshot_every: timedelta = timedelta(seconds=30)
    cameras_every: timedelta = timedelta(seconds=2)
    pictures_noted_every: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream now. `since` is when its state began; `reason` why it is not live."""

    state: StreamState
    since: datetime
    reason: str = ""
    last_picture_at: datetime | None = None


def begun(now: datetime, last_picture_at: datetime | None = None) -> Stream:
    """A stream that has just been asked for."""
    return Stream(StreamState.CONNECTING, now, last_picture_at=last_picture_at)


def step(stream: Stream, event: StreamEvent, now: datetime, reason: str = "") -> Stream:
    """The stream after `event`; a loss that changes no state still brings its newer reason."""
    state = LIFE[stream.state][event]
    if event is StreamEvent.PICTURE:
        since = stream.since if state is stream.state else now
        return Stream(state, since, last_picture_at=now)
    if state is not stream.state:
        return replace(stream, state=state, since=now, reason=reason or stream.reason)
    if state is StreamState.LIVE or not reason:
        return stream
    return replace(stream, reason=reason)


def due(stream: Stream, now: datetime, limits: Limits) -> StreamEvent | None:
    """What time alone has made of the stream; None while it is in good time."""
    match stream.state:
        case StreamState.LIVE:
            last = stream.last_picture_at or stream.since
            return StreamEvent.SILENT if now - last >= limits.silent_after else None
        case StreamState.CONNECTING | StreamState.STALLED:
            return StreamEvent.OVERDUE if now - stream.since >= limits.offline_after else None
        case StreamState.OFFLINE:
            return None
