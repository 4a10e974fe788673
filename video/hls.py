"""From packets to HLS on disk: remuxed, never transcoded.

Theory of operation. One libav muxer lives as long as the camera's parameter sets stay the same and
closes a fragment whenever a key frame comes. Its bytes are cut there into segments of at least
`SHORTEST_S`. The segment is written first, then the playlist that names it, each by replacing a
file; a short `resume.json` lets a restarted process go on with number and time where the last one
stopped. Until a key frame comes after an opening or a damaged packet nothing is taken.
"""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

from video.layout import PLAYLIST, replace_file
from video.media import OutputContainer, VideoPacket, VideoStream, av
from video.playlist import Segment, Shelf
from video.timeline import TICKS_PER_S, Timeline

SHORTEST_S = 0.9
_TICK = Fraction(1, TICKS_PER_S)
_RESUME = "resume.json"
_MUXER = {
    # tfdt is absolute, so that a second muxer goes on where the first one stopped
    "movflags": "empty_moov+default_base_moof+frag_keyframe+frag_discont",
    "use_editlist": "0",
    "avoid_negative_ts": "disabled",
    "video_track_timescale": str(TICKS_PER_S),
    "flush_packets": "1",
}


class _Bytes:
    """What the muxer has written since the last look."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: bytes) -> int:
        self._held += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._held)
        self._held.clear()
        return taken


@dataclass(slots=True)
class _Muxer:
    container: OutputContainer
    stream: VideoStream
    out: _Bytes
    extradata: bytes
    init: str


@dataclass(slots=True)
class _Open:
    """The segment that is being filled."""

    began_ticks: int
    began_at: datetime
    discontinuity: bool


class HlsWriter:
    """The HLS folder of one camera. Not shared between threads."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        resumed = _resumed(folder)
        for stale in (*folder.glob("*.m4s"), *folder.glob("init-*.mp4"), folder / PLAYLIST):
            stale.unlink(missing_ok=True)  # an old picture must not pass for a live one
        self._sequence = resumed.sequence
        self._inits = resumed.inits
        self._timeline = Timeline(resumed.ticks)
        self._shelf = Shelf(discontinuities_before=resumed.discontinuities)
        self._discontinuities = resumed.discontinuities
        self._muxer: _Muxer | None = None
        self._open: _Open | None = None
        self._waiting_for_key = True

    def connect(self, video: VideoStream) -> None:
        """Take packets of `video` from now on; a new init segment only for new parameter sets."""
        extradata = bytes(video.codec_context.extradata or b"")
        self._timeline.reconnect()
        self._waiting_for_key = True
        if self._muxer is not None and self._muxer.extradata == extradata:
            return
        self._drop_muxer()
        self._inits += 1
        out = _Bytes()
        container = av.open(out, "w", format="mp4", options=_MUXER)
        stream = container.add_stream_from_template(video)
        stream.time_base = _TICK
        container.start_encoding()
        init = f"init-{self._inits}.mp4"
        replace_file(self._folder / init, out.take())
        self._muxer = _Muxer(container, stream, out, extradata, init)

    def take(self, packet: VideoPacket, now: datetime) -> bool:
        """Add one packet; True when it was taken (False while waiting for a key frame)."""
        muxer = self._muxer
        if muxer is None or packet.is_corrupt:
            self._waiting_for_key = True
            return False
        if self._waiting_for_key and not packet.is_keyframe:
            return False
        self._waiting_for_key = False
        placed = self._timeline.place(_ticks(packet, packet.dts), _ticks(packet, packet.pts))
        copy = av.Packet(bytes(packet))
        copy.stream, copy.time_base = muxer.stream, _TICK
        copy.dts, copy.pts, copy.duration = placed.dts, placed.pts, self._timeline.step
        copy.is_keyframe = packet.is_keyframe
        muxer.container.mux_one(copy)
        if packet.is_keyframe:
            self._cut(muxer, placed.dts, now)
        return True

    def close(self) -> None:
        """Let the muxer go; what is on disk stays until the next start."""
        self._drop_muxer()

    def _cut(self, muxer: _Muxer, at_ticks: int, now: datetime) -> None:
        """A key frame at `at_ticks` has closed a fragment; a segment long enough is done."""
        if self._open is None:
            newest = self._shelf.segments[-1:]
            changed = any(segment.init != muxer.init for segment in newest)
            restarted = not newest and self._sequence > 0
            self._open = _Open(at_ticks, now, changed or restarted)
            return
        duration_s = (at_ticks - self._open.began_ticks) / TICKS_PER_S
        if duration_s < SHORTEST_S:
            return
        segment = Segment(
            self._sequence, duration_s, muxer.init, self._open.began_at, self._open.discontinuity
        )
        replace_file(self._folder / segment.name, muxer.out.take())
        self._sequence += 1
        self._discontinuities += segment.discontinuity
        self._shelf, gone = self._shelf.with_segment(segment)
        self._note(at_ticks)
        replace_file(self._folder / PLAYLIST, self._shelf.playlist().encode())
        for name in gone:
            (self._folder / name).unlink(missing_ok=True)
        began_at = min(now, segment.began_at + timedelta(seconds=duration_s))
        if now - began_at > timedelta(seconds=2):  # the camera was away meanwhile
            began_at = now
        self._open = _Open(at_ticks, began_at, discontinuity=False)

    def _note(self, ticks: int) -> None:
        # a second is left free for what was taken but not yet cut when the process ends
        state = _Resume(self._sequence, ticks + TICKS_PER_S, self._inits, self._discontinuities)
        replace_file(self._folder / _RESUME, json.dumps(asdict(state)).encode())

    def _drop_muxer(self) -> None:
        if self._muxer is not None:
            with suppress(av.error.FFmpegError):  # it has nothing left that anybody will see
                self._muxer.container.close()
        self._muxer = None
        self._open = None


def _ticks(packet: VideoPacket, value: int | None) -> int | None:
    return None if value is None else round(value * packet.time_base * TICKS_PER_S)


@dataclass(frozen=True, slots=True)
class _Resume:
    """What a restarted process goes on with."""

    sequence: int = 0
    ticks: int = 0
    inits: int = 0
    discontinuities: int = 0


def _resumed(folder: Path) -> _Resume:
    """Where the last process stopped; noughts on a first start or an unreadable file."""
    try:
        state = json.loads((folder / _RESUME).read_bytes())
        return _Resume(**{name: int(value) for name, value in state.items()})
    except (OSError, ValueError, TypeError, AttributeError):
        return _Resume()
