"""A loop of H.264 pictures, drawn and encoded once: a camera that then costs next to nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from simulators.camera_picture import HEIGHT, WIDTH, Look, background, picture

try:
    import av
except ImportError as error:
    raise ImportError("the simulated camera needs: pip install '.[video]'") from error

FPS = 12
_START_CODE = b"\x00\x00\x01"
_IDR, _SEI, _SPS, _PPS = 5, 6, 7, 8


@dataclass(frozen=True, slots=True)
class Clip:
    """Access units in order of display, each a tuple of NAL units without start codes.

    Every unit in `key_units` (indexes) begins with an IDR picture; the first is 0.
    """

    units: tuple[tuple[bytes, ...], ...]
    key_units: tuple[int, ...]
    sps: bytes
    pps: bytes
    fps: int


def record(look: Look, *, fps: int = FPS) -> Clip:
    """Draw and encode the whole loop: one IDR picture a second, no B pictures."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, fps), Fraction(fps)
    encoder.options = _encoding(fps)
    encoder.thread_count = 1
    raw = [
        bytes(packet)
        for frame in _frames(look, look.seconds, fps)
        for packet in encoder.encode(frame)
    ]
    raw += [bytes(packet) for packet in encoder.encode(None)]
    split = [_nal_units(unit) for unit in raw]
    sets = {nal[0] & 31: nal for nal in split[0]}
    units = tuple(tuple(nal for nal in unit if nal[0] & 31 != _SEI) for unit in split)
    keys = tuple(i for i, unit in enumerate(units) if any(nal[0] & 31 == _IDR for nal in unit))
    return Clip(units, keys, sets[_SPS], sets[_PPS], fps)


def write_clip(path: Path, seconds: int, *, look: Look | None = None, fps: int = FPS) -> None:
    """Write `seconds` of a drawn kitchen as an mp4 file, for a camera that plays a file."""
    look = look or Look("SAMPLE KITCHEN FILE", tint=3, seconds=seconds)
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps, options=_encoding(fps))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for frame in _frames(look, seconds, fps):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _encoding(fps: int) -> dict[str, str]:
    return {
        "preset": "veryfast",
        "tune": "zerolatency",
        "profile": "main",
        "crf": "27",
        "x264-params": f"keyint={fps}:min-keyint={fps}:scenecut=0:threads=1:sliced-threads=0",
    }


def _frames(look: Look, seconds: int, fps: int) -> Iterator[av.VideoFrame]:
    ground = background(look)
    for index in range(seconds * fps):
        frame = av.VideoFrame.from_ndarray(picture(ground, look, index / fps), format="bgr24")
        frame.pts, frame.time_base = index, Fraction(1, fps)
        yield frame


def _nal_units(annex_b: bytes) -> list[bytes]:
    """Split at start codes; trailing zeros belong to the next start code."""
    return [part.rstrip(b"\x00") for part in annex_b.split(_START_CODE) if part.strip(b"\x00")]
