"""A visit as it is handed in, and everything that speaks against taking it, told at once.

Theory of operation. Every item of the cumulated list is answered exactly once, by hand; a key item
has a photo; two different workers hold certificates valid at that time, both checked in at the
lift by its code or by position, not far apart in time; they stayed long enough, and both signed.
Modelled on TSG T5002-2017 Art. 5 to 7, a provincial reporting interface (hazards S0 to S7, two
workers) and the controls of firms' field applications.

A phone may have worked without a network, so its times are its own. They are kept as they were
said; the difference between its clock at sending and the hub's at receipt is stated as the skew and
taken off wherever a rule compares with other clocks. Beyond a limit the phone's times prove
nothing and are refused. A clock that was wrong at the lift and right when sending cannot be told
apart from a right one, unless a check-in reached the hub at once: that it differs is remarked. The
order of the times among each other is checked all the same.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo

from core.geo import Position, distance_m
from devices.days import local_day
from devices.maintenance.items import Item, ItemList
from devices.maintenance.period import CalledForBy, Period
from devices.objections import Objection

WORKERS = 2


class Answer(StrEnum):
    """What was done about an item."""

    DONE = "done"
    ADJUSTED = "adjusted"
    REPLACED = "replaced"
    NOT_APPLICABLE = "not_applicable"


class Hazard(StrEnum):
    """Hazards that a visit reports; the codes are those of the reporting interface."""

    NONE = "S0"
    ILLEGALLY_MADE = "S1"
    BEYOND_PARAMETERS = "S2"
    SAFETY_PART_FAILED = "S3"
    TO_BE_SCRAPPED = "S4"
    FAULT_OR_ORDER_OPEN = "S5"
    ACCIDENT_NOT_REPORTED = "S6"
    OTHER = "S7"


class Means(StrEnum):
    """How a worker proved to be at the lift."""

    CODE = "code"
    POSITION = "position"


@dataclass(frozen=True, slots=True)
class Answered:
    """One item with its answer; `photos` are keys of kept pictures."""

    code: str
    answer: Answer
    reason: str = ""
    photos: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckIn:
    """A worker at the lift: by the code that stands there, or by position. Device time.

    `received_at` is the hub's own time where the phone had a network, and proves more.
    """

    worker: str
    at: datetime
    means: Means
    position: Position | None = None
    code: str = ""
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """An operator certificate; both days belong to its validity."""

    number: str
    valid_from: date
    valid_until: date


@dataclass(frozen=True, slots=True)
class Submission:
    """A visit as it was handed in; every instant by the clock of the phone that sent it."""

    item_list: str
    period: Period
    called_for_by: CalledForBy
    workers: tuple[str, ...]
    check_ins: tuple[CheckIn, ...]
    started_at: datetime
    finished_at: datetime
    sent_at: datetime
    answers: tuple[Answered, ...]
    hazards: tuple[Hazard, ...]
    signed_by: tuple[str, ...]
    planned_next: date | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What is asked of a visit; a city may ask for more."""

    apart: timedelta = timedelta(minutes=30)
    radius_m: float = 200
    stay: Mapping[Period, timedelta] = field(
        default_factory=lambda: MappingProxyType({p: timedelta(minutes=30) for p in Period})
    )
    skew_stated: timedelta = timedelta(minutes=2)
    skew_refused: timedelta = timedelta(hours=12)
    late_after: timedelta = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Expected:
    """What the hub knows of the lift and of its firm's workers.

    `code` is what the plate at the lift says, `wanted` the depth that is due, `next_due` the last
    legal day of the visit after this one.
    """

    items: ItemList
    position: Position | None
    code: str
    certificates: Mapping[str, tuple[Certificate, ...]]
    wanted: Period
    next_due: date
    zone: ZoneInfo
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Checked:
    """The verdict: taken when there are no objections; remarks go into the record.

    `began_at` and `ended_at` are the phone's times with the skew taken off.
    """

    objections: tuple[Objection, ...]
    remarks: tuple[str, ...]
    skew: timedelta
    began_at: datetime
    ended_at: datetime


def check(handed_in: Submission, expected: Expected, received_at: datetime) -> Checked:
    """Everything that is wrong, and what must be remarked."""
    limits = expected.limits
    skew = received_at - handed_in.sent_at
    off = skew if abs(skew) > limits.skew_stated else timedelta()
    ended_at = handed_in.finished_at + off
    objections = (
        *_answers(handed_in, expected),
        *_workers(handed_in, expected, off),
        *_presence(handed_in, expected),
        *_times(handed_in, limits, skew),
        *_rest(handed_in, expected, local_day(ended_at, expected.zone)),
    )
    remarks = []
    if off:
        remarks.append(f"clock_skew_s:{skew.total_seconds():.0f}")
    remarks += [
        f"check_in_clock_differs:{each.worker}"
        for each in handed_in.check_ins
        if each.received_at and abs(each.at + off - each.received_at) > limits.skew_stated
    ]
    if received_at - ended_at > limits.late_after:
        remarks.append("handed_in_late")
    if not handed_in.period.covers(expected.wanted):
        remarks.append(f"shallower_than_due:{expected.wanted}")
    return Checked(objections, tuple(remarks), skew, handed_in.started_at + off, ended_at)


def _answers(handed_in: Submission, expected: Expected) -> Iterator[Objection]:
    if handed_in.item_list != expected.items.name:
        yield Objection("item_list", "other_list", f"answer the list {expected.items.name}")
    wanted = {item.code: item for item in expected.items.cumulated(handed_in.period)}
    counts = Counter(each.code for each in handed_in.answers)
    for code in wanted:
        if not counts[code]:
            yield Objection(f"answers[{code}]", "not_answered", "answer this item")
    for code, count in counts.items():
        if code not in wanted:
            yield Objection(
                f"answers[{code}]", "unknown_item", f"it is not in this {handed_in.period}"
            )
        elif count > 1:
            yield Objection(f"answers[{code}]", "answered_twice", "answer each item once")
    for each in handed_in.answers:
        if each.code in wanted:
            yield from _answer(each, wanted[each.code])


def _answer(each: Answered, item: Item) -> Iterator[Objection]:
    where = f"answers[{each.code}]"
    if each.answer is Answer.NOT_APPLICABLE:
        if not each.reason.strip():
            yield Objection(f"{where}.reason", "reason_missing", "say why it does not apply")
    elif item.key and not each.photos:
        yield Objection(
            f"{where}.photos", "photo_missing", "take a photo of the test or measurement"
        )


def _workers(handed_in: Submission, expected: Expected, off: timedelta) -> Iterator[Objection]:
    named = handed_in.workers
    if len(named) != WORKERS:
        yield Objection("workers", "not_two_workers", "name the two workers of this visit")
    if len(set(named)) != len(named):
        yield Objection("workers", "same_worker", "name two different workers")
    days = [
        local_day(at + off, expected.zone) for at in (handed_in.started_at, handed_in.finished_at)
    ]
    for worker in dict.fromkeys(named):
        where = f"workers[{worker}]"
        certificates = expected.certificates.get(worker)
        if certificates is None:
            yield Objection(where, "not_of_the_firm", "name a worker of the firm under contract")
        elif not any(
            c.valid_from <= min(days) and max(days) <= c.valid_until for c in certificates
        ):
            yield Objection(
                where, "certificate_not_valid", "enter the certificate valid on that day"
            )
        if worker not in handed_in.signed_by:
            yield Objection(where, "not_signed", "let this worker sign")
    for signer in dict.fromkeys(handed_in.signed_by):
        if signer not in named:
            yield Objection("signed_by", "not_a_worker", f"{signer} is none of the workers")


def _presence(handed_in: Submission, expected: Expected) -> Iterator[Objection]:
    first: dict[str, CheckIn] = {}
    for n, each in enumerate(handed_in.check_ins):
        if each.worker not in handed_in.workers:
            yield Objection(
                f"check_ins[{n}].worker", "not_a_worker", "name the workers of this visit"
            )
            continue
        if objection := _proof(each, expected, f"check_ins[{n}]"):
            yield objection
        if each.worker not in first or each.at < first[each.worker].at:
            first[each.worker] = each
    for worker in dict.fromkeys(handed_in.workers):
        if worker not in first:
            yield Objection(f"workers[{worker}]", "not_checked_in", "check in at the lift")
    if not first:
        return
    times = [each.at for each in first.values()]
    if max(times) - min(times) > expected.limits.apart:
        minutes = expected.limits.apart // timedelta(minutes=1)
        yield Objection(
            "check_ins", "too_far_apart", f"check in within {minutes} min of each other"
        )
    stay = expected.limits.stay[handed_in.period]
    if handed_in.finished_at - max(times) < stay:
        minutes = stay // timedelta(minutes=1)
        yield Objection("finished_at", "stay_too_short", f"both stay for at least {minutes} min")


def _proof(each: CheckIn, expected: Expected, where: str) -> Objection | None:
    match each.means:
        case Means.CODE:
            if not expected.code or each.code != expected.code:
                return Objection(f"{where}.code", "other_code", "scan the code of this lift")
        case Means.POSITION:
            if expected.position is None:
                return Objection(where, "lift_position_unknown", "scan the code of this lift")
            if each.position is None:
                return Objection(
                    f"{where}.position", "missing", "allow the position, or scan the code"
                )
            away = distance_m(each.position, expected.position)
            if away > expected.limits.radius_m:
                remedy = f"{away:.0f} m away, at most {expected.limits.radius_m:.0f} m count"
                return Objection(f"{where}.position", "too_far_away", remedy)
    return None


def _times(handed_in: Submission, limits: Limits, skew: timedelta) -> Iterator[Objection]:
    if handed_in.finished_at < handed_in.started_at:
        yield Objection("finished_at", "before_start", "give the times in their order")
    if handed_in.sent_at < handed_in.finished_at:
        yield Objection("sent_at", "before_finish", "hand in after the work")
    if abs(skew) > limits.skew_refused:
        yield Objection("sent_at", "clock_wrong", "set the phone's clock, then hand in again")
    for n, each in enumerate(handed_in.check_ins):
        if each.at > handed_in.finished_at:
            yield Objection(f"check_ins[{n}].at", "after_finish", "check in before the work")


def _rest(handed_in: Submission, expected: Expected, done_on: date) -> Iterator[Objection]:
    if not handed_in.hazards:
        yield Objection("hazards", "missing", "say S0 when there is none")
    if Hazard.NONE in handed_in.hazards and len(set(handed_in.hazards)) > 1:
        yield Objection("hazards", "none_and_others", "S0 stands alone")
    if len(set(handed_in.hazards)) != len(handed_in.hazards):
        yield Objection("hazards", "twice", "name each hazard once")
    if handed_in.planned_next is None:
        yield Objection("planned_next", "missing", "name the day of the next visit")
    elif not done_on < handed_in.planned_next <= expected.next_due:
        yield Objection("planned_next", "out_of_range", f"not later than {expected.next_due}")
