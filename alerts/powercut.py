"""When lifts of one building that lose their power are one condition: a pure rule.

Theory of operation. A lift shows a power cut by what it tells (`power.off`, emergency power) or by
its gateway falling silent. Two voices are needed, that began within WINDOW: a lift that tells is a
voice; a silent gateway is one however many lifts it serves (one dead gateway is no power cut), and
none beside a lift of its own that told.
Silence alone carries a cut only where it is everybody's, the building having two gateways or more:
batteries of gateways die with the mains, but so does a router. While a cut stands, whoever shows
one joins it; what was without power long before has a fault of its own. It has ended when nobody
tells of it any more; where nobody ever told, when a gateway speaks again.

Only the signs themselves are folded under the cut. What is critical (somebody trapped, a call)
never is: a power cut traps people, so it must be seen the better for it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

POWER_CUT = "power.building"
WINDOW = timedelta(minutes=10)
FEWEST = 2
TELLING = ("power.off", "mode.eps")
SILENT = "device.offline"
SIGNS = (*TELLING, SILENT)


@dataclass(frozen=True, slots=True)
class Sign:
    """An open condition that may mean a cut. subject: a lift's rescue code, or a gateway's id."""

    event_id: str
    subject: str
    code: str
    since: datetime


class Verdict(StrEnum):
    """What becomes of the building."""

    NOTHING = "nothing"
    BEGINS = "begins"
    STANDS = "stands"
    ENDS = "ends"


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict, the signs that are part of the cut, and the lifts that show it, in order."""

    verdict: Verdict
    signs: tuple[Sign, ...] = ()
    lifts: tuple[str, ...] = ()


def judge(
    gateways: Mapping[str, Collection[str]],
    signs: Collection[Sign],
    *,
    newest: datetime | None,
    standing: datetime | None,
    was_told: bool = False,
) -> Judged:
    """Judge one building. `gateways`: each one's lifts in that building.

    newest: when the sign that has just come began; None: one has gone. standing: when the cut began
    that was raised and not cleared; was_told: a lift has told of it, so that silence alone no
    longer carries it.
    """
    if standing is not None:
        part = [sign for sign in signs if sign.since >= standing - WINDOW]
        telling = any(sign.code in TELLING for sign in part)
        if not telling and (was_told or not _all_silent(gateways, part)):
            return Judged(Verdict.ENDS)
        return _judged(Verdict.STANDS, gateways, part)
    if newest is None:
        return Judged(Verdict.NOTHING)
    near = [sign for sign in signs if abs(sign.since - newest) <= WINDOW]
    told = {sign.subject for sign in near if sign.code in TELLING}
    unheard = {
        s.subject
        for s in near
        if s.code == SILENT and not told.intersection(gateways.get(s.subject, ()))
    }
    lifts = _lifts(gateways, near)
    if min(len(told) + len(unheard), len(lifts)) < FEWEST:
        return Judged(Verdict.NOTHING)
    if not told and not _all_silent(gateways, near):
        return Judged(Verdict.NOTHING)
    return _judged(Verdict.BEGINS, gateways, near)


def _all_silent(gateways: Mapping[str, Collection[str]], signs: Collection[Sign]) -> bool:
    silent = {sign.subject for sign in signs if sign.code == SILENT}
    return len(gateways) >= FEWEST and silent >= gateways.keys()


def _judged(
    verdict: Verdict, gateways: Mapping[str, Collection[str]], signs: Collection[Sign]
) -> Judged:
    ordered = tuple(sorted(signs, key=lambda sign: (sign.since, sign.event_id)))
    return Judged(verdict, ordered, _lifts(gateways, signs))


def _lifts(gateways: Mapping[str, Collection[str]], signs: Collection[Sign]) -> tuple[str, ...]:
    lifts: set[str] = set()
    for sign in signs:
        lifts.update(gateways.get(sign.subject, ()) if sign.code == SILENT else (sign.subject,))
    return tuple(sorted(lifts))
