"""H.264 over RTP, interleaved into RTSP: modelled on RFC 6184 (single NAL unit and FU-A)."""

import base64
import struct
from collections.abc import Iterator

from simulators.camera_clip import Clip

CLOCK_HZ = 90_000
PAYLOAD_TYPE = 96
MTU = 1400
_FU_A = 28
_FORMAT = "packetization-mode=1"


def description(clip: Clip, host: str) -> str:
    """The SDP of one H.264 stream, with its parameter sets."""
    sets = ",".join(base64.b64encode(nal).decode() for nal in (clip.sps, clip.pps))
    profile = clip.sps[1:4].hex()
    lines = (
        "v=0",
        f"o=- 0 0 IN IP4 {host}",
        "s=Sample kitchen",
        "t=0 0",
        "a=control:*",
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
        "c=IN IP4 0.0.0.0",
        f"a=rtpmap:{PAYLOAD_TYPE} H264/{CLOCK_HZ}",
        f"a=fmtp:{PAYLOAD_TYPE} {_FORMAT};profile-level-id={profile};sprop-parameter-sets={sets}",
        f"a=framerate:{clip.fps}",
        "a=control:track1",
    )
    return "\r\n".join(lines) + "\r\n"


def payloads(nal: bytes, limit: int = MTU) -> Iterator[bytes]:
    """The RTP payloads of one NAL unit: itself when it fits, else FU-A fragments."""
    if len(nal) <= limit:
        yield nal
        return
    indicator = (nal[0] & 0xE0) | _FU_A
    kind = nal[0] & 0x1F
    step = limit - 2
    for start in range(1, len(nal), step):
        first = 0x80 if start == 1 else 0
        last = 0x40 if start + step >= len(nal) else 0
        yield bytes((indicator, first | last | kind)) + nal[start : start + step]


class Packetiser:
    """Numbers the packets of one session."""

    def __init__(self, *, ssrc: int, channel: int) -> None:
        self._ssrc = ssrc
        self._channel = channel
        self._sequence = 0

    def wrap(self, unit: tuple[bytes, ...], timestamp: int) -> bytes:
        """An access unit as interleaved frames; the last packet carries the marker."""
        parts = [payload for nal in unit for payload in payloads(nal)]
        out = bytearray()
        for index, payload in enumerate(parts):
            marker = 0x80 if index == len(parts) - 1 else 0
            head = struct.pack(
                "!BBHII",
                0x80,
                marker | PAYLOAD_TYPE,
                self._sequence,
                timestamp & 0xFFFFFFFF,
                self._ssrc,
            )
            self._sequence = (self._sequence + 1) & 0xFFFF
            out += struct.pack("!cBH", b"$", self._channel, len(head) + len(payload))
            out += head + payload
        return bytes(out)
