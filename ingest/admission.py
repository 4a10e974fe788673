"""Whether a message was taken before, and whether a lift can be where it says: pure.

Theory of operation. A gateway numbers its messages within a `boot`. What is not above the highest
number of that boot, and not among the gaps remembered, is a duplicate. The boot before the newest
one is remembered too, so that what a gateway buffered before its restart is neither doubled nor
lost. Numbers skipped are counted as lost before the hub, but for the first gap after the hub's own
restart: what stood in it may have been taken and only not have been worth a row.

A floor that the lift does not have, or a speed beyond twice its rated speed, is a broken sensor or
a wrong registry entry, and refused by name. (Overspeed proper begins at 115 % of rated speed,
GB/T 7588.1 5.6.2.2, and must pass.)
"""

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

REMEMBERED_GAPS = 1000
MOST_SPANS = 100
SPEED_MARGIN = 2.0
Gaps = tuple[int, ...]  # first and end of each span, in order: a province may miss a thousand each


class Reason(StrEnum):
    """Why a readable message was not taken."""

    DUPLICATE = "duplicate"
    STALE = "stale"
    FLOOR = "floor_out_of_range"
    SPEED = "speed_out_of_range"


class Numbers(Struct, frozen=True, gc=False):
    """What is known of one boot: the highest number, and the numbers missing up to it."""

    boot: str
    highest: int
    gaps: Gaps = ()

    @property
    def missing(self) -> frozenset[int]:
        """The missing numbers one by one."""
        return frozenset(n for first, end in _spans(self.gaps) for n in range(first, end))

    def misses(self, seq: int) -> bool:
        """Whether that number has not been taken."""
        return any(first <= seq < end for first, end in _spans(self.gaps))


class Seen(Struct, frozen=True, gc=False):
    """What is known of a gateway's numbering.

    `certain` is False for what a restart of the hub recalled: the next gap proves no loss.
    """

    now: Numbers
    before: Numbers | None = None
    certain: bool = True


class Admitted(Struct, frozen=True, gc=False):
    """Take it; `seen` is to be remembered, `lost` numbers were skipped before it."""

    seen: Seen
    lost: int = 0


class Refused(Struct, frozen=True, gc=False):
    """Do not take it."""

    reason: Reason
    field: str
    detail: str


def admit(  # noqa: PLR0911  (one return a case)
    seen: Seen | None, boot: str, seq: int
) -> Admitted | Refused:
    """Judge a message's number against what is known of its gateway."""
    if seen is None:
        return Admitted(Seen(_first(boot, seq)))
    now = seen.now
    if now.boot == boot:
        if seq == now.highest + 1:  # nearly always
            return Admitted(Seen(Numbers(now.boot, seq, now.gaps), seen.before))
        numbered = _number(now, seq)
        if numbered is None:
            return _duplicate(boot, seq)
        lost = max(seq - now.highest - 1, 0) if seen.certain else 0
        return Admitted(Seen(numbered, seen.before, seen.certain or seq > now.highest), lost)
    before = seen.before
    if before is not None and before.boot == boot:
        numbered = _number(before, seq)
        if numbered is None:
            return _duplicate(boot, seq)
        return Admitted(Seen(now, numbered, seen.certain))
    return Admitted(Seen(_first(boot, seq), now))


def filled(seen: Seen | None, boot: str, seq: int) -> Seen | None:
    """What is known after a missing number came another way; other numbers change nothing."""
    for known in (seen.now, seen.before) if seen else ():
        if known is not None and known.boot == boot and known.misses(seq):
            answer = admit(seen, boot, seq)
            return answer.seen if isinstance(answer, Admitted) else seen
    return seen


def outlived(seen: Seen | None, boot: str) -> bool:
    """Whether the gateway has spoken under a newer boot than that one."""
    if seen is None or seen.before is None:
        return False
    return seen.before.boot == boot != seen.now.boot


def _first(boot: str, seq: int) -> Numbers:
    """A boot of which this is the first that we hear: what it said before may come yet."""
    return Numbers(boot, seq, _with((), 1, seq))


def _number(known: Numbers, seq: int) -> Numbers | None:
    """The boot's numbers with `seq` taken; None when it was taken already."""
    if seq > known.highest:
        return Numbers(known.boot, seq, _with(known.gaps, known.highest + 1, seq))
    if known.misses(seq):
        return Numbers(known.boot, known.highest, _without(known.gaps, seq))
    return None


def _spans(gaps: Gaps) -> Iterator[tuple[int, int]]:
    return zip(gaps[::2], gaps[1::2], strict=True)


def _with(gaps: Gaps, first: int, end: int) -> Gaps:
    """One span more; of all missing numbers the highest are remembered."""
    if first >= end:
        return gaps
    room = REMEMBERED_GAPS
    kept: list[int] = []
    for low, high in sorted([*_spans(gaps), (first, end)], reverse=True)[:MOST_SPANS]:
        if room <= 0:
            break
        least = max(low, high - room)
        room -= high - least
        kept += (high, least)
    return tuple(reversed(kept))


def _without(gaps: Gaps, seq: int) -> Gaps:
    kept: list[int] = []
    for first, end in _spans(gaps):
        for low, high in ((first, seq), (seq + 1, end)) if first <= seq < end else ((first, end),):
            if low < high:
                kept += (low, high)
    return tuple(kept)


def _duplicate(boot: str, seq: int) -> Refused:
    return Refused(Reason.DUPLICATE, "seq", f"{seq} of boot {boot} was taken already")


def plausible(
    floor: int | None,
    speed_m_per_s: float | None,
    floors: tuple[int, int],
    rated_speed_m_per_s: float,
) -> Refused | None:
    """None when a lift with these floors and this rated speed (m/s) can say so."""
    if floor is not None and not floors[0] <= floor <= floors[1]:
        return Refused(
            Reason.FLOOR, "floor", f"floor {floor} is not between {floors[0]} and {floors[1]}"
        )
    if speed_m_per_s is not None and rated_speed_m_per_s > 0:
        limit = SPEED_MARGIN * rated_speed_m_per_s
        if abs(speed_m_per_s) > limit:
            return Refused(
                Reason.SPEED,
                "speed_m_s",
                f"{speed_m_per_s:g} m/s is beyond {limit:g} m/s,"
                f" twice the rated {rated_speed_m_per_s:g}",
            )
    return None
