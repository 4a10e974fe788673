"""The playlist of a live stream, and which segments it may forget.

Modelled on RFC 8216 (HLS version 7, fragmented MP4). Addresses are bare file names: whoever serves
the page appends its viewer's link to each. The media sequence never falls, not even over a restart,
and the longest target duration ever told stays, as players demand.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

WINDOW = 6
KEPT_BEHIND = 6


@dataclass(frozen=True, slots=True)
class Segment:
    """A finished segment. `init` names the file with its parameter sets; `began_at` is its start.

    `discontinuity` marks the first segment that needs another decoder set-up than the one before.
    """

    sequence: int
    duration_s: float
    init: str
    began_at: datetime
    discontinuity: bool = False

    @property
    def name(self) -> str:
        """The segment's file name."""
        return f"s{self.sequence:08d}.m4s"


def text(segments: Sequence[Segment], *, target_s: int, discontinuities_before: int) -> str:
    """The playlist of `segments`, oldest first; there must be at least one."""
    longest = max(math.ceil(segment.duration_s) for segment in segments)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{max(target_s, longest)}",
        f"#EXT-X-MEDIA-SEQUENCE:{segments[0].sequence}",
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{discontinuities_before}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    init = ""
    for segment in segments:
        if segment.discontinuity:
            lines.append("#EXT-X-DISCONTINUITY")
        if segment.init != init:
            init = segment.init
            lines.append(f'#EXT-X-MAP:URI="{init}"')
        began = segment.began_at.astimezone(UTC).isoformat(timespec="milliseconds")
        lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{began.replace('+00:00', 'Z')}")
        lines += [f"#EXTINF:{segment.duration_s:.3f},", segment.name]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Shelf:
    """All segments on disk, oldest first: the last WINDOW are shown, some more are kept behind."""

    segments: tuple[Segment, ...] = ()
    target_s: int = 1
    discontinuities_before: int = 0

    def with_segment(self, segment: Segment) -> tuple["Shelf", tuple[str, ...]]:
        """The shelf after one more segment, and the names of the files that may go."""
        all_of_them = (*self.segments, segment)
        kept = all_of_them[-(WINDOW + KEPT_BEHIND) :]
        gone = all_of_them[: len(all_of_them) - len(kept)]
        left_window = all_of_them[-WINDOW - 1 : -WINDOW]
        shelf = Shelf(
            kept,
            max(self.target_s, math.ceil(segment.duration_s)),
            self.discontinuities_before + sum(old.discontinuity for old in left_window),
        )
        inits = {old.init for old in gone} - {old.init for old in kept}
        return shelf, (*(old.name for old in gone), *sorted(inits))

    def playlist(self) -> str:
        """The playlist of the newest segments."""
        return text(
            self.segments[-WINDOW:],
            target_s=self.target_s,
            discontinuities_before=self.discontinuities_before,
        )
