from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.geo import Position
from devices.maintenance import shipped
from devices.maintenance.period import CalledForBy, Period
from devices.maintenance.submission import (
    Answer,
    Answered,
    Certificate,
    CheckIn,
    Expected,
    Hazard,
    Limits,
    Means,
    Submission,
    check,
)

LIST = shipped.item_list("A")
BEGAN = datetime(2026, 6, 1, 1, tzinfo=UTC)
MIN = timedelta(minutes=1)
HERE = Position(31.2304, 121.4737)
VALID = (Certificate("T-1", date(2024, 1, 1), date(2028, 1, 1)),)


def answered(period: Period) -> tuple[Answered, ...]:
    return tuple(
        Answered(item.code, Answer.DONE, photos=("sha256:0",) if item.key else ())
        for item in LIST.cumulated(period)
    )


GOOD = Submission(
    item_list="A@1",
    period=Period.HALF_MONTH,
    called_for_by=CalledForBy.CALENDAR,
    workers=("w1", "w2"),
    check_ins=(
        CheckIn("w1", BEGAN, Means.CODE, code="plate"),
        CheckIn("w2", BEGAN + 5 * MIN, Means.POSITION, position=HERE),
    ),
    started_at=BEGAN,
    finished_at=BEGAN + 50 * MIN,
    sent_at=BEGAN + 55 * MIN,
    answers=answered(Period.HALF_MONTH),
    hazards=(Hazard.NONE,),
    signed_by=("w1", "w2"),
    planned_next=date(2026, 6, 15),
)
EXPECTED = Expected(
    items=LIST,
    position=HERE,
    code="plate",
    certificates={"w1": VALID, "w2": VALID},
    wanted=Period.HALF_MONTH,
    next_due=date(2026, 6, 16),
    zone=ZoneInfo("Asia/Shanghai"),
)
RECEIVED = GOOD.sent_at + timedelta(seconds=3)


def objections(handed_in: Submission, expected: Expected = EXPECTED) -> set[tuple[str, str]]:
    received = handed_in.sent_at + timedelta(seconds=3)
    return {(f.field, f.reason) for f in check(handed_in, expected, received).objections}


def edited(code: str, change: Callable[[Answered], Answered]) -> Submission:
    return replace(GOOD, answers=tuple(change(a) if a.code == code else a for a in GOOD.answers))


def test_a_whole_visit_is_taken_without_remarks() -> None:
    checked = check(GOOD, EXPECTED, RECEIVED)
    assert checked.objections == ()
    assert checked.remarks == ()
    assert (checked.began_at, checked.ended_at) == (GOOD.started_at, GOOD.finished_at)


@pytest.mark.parametrize("period", list(Period))
def test_a_visit_of_each_depth_answers_its_cumulated_list(period: Period) -> None:
    deeper = replace(GOOD, period=period, answers=answered(period))
    assert objections(deeper) == set()
    if period is not Period.HALF_MONTH:
        short = replace(deeper, answers=GOOD.answers)
        assert len(objections(short)) == len(LIST.cumulated(period)) - 31


@pytest.mark.parametrize(
    ("handed_in", "objection"),
    [
        (replace(GOOD, answers=GOOD.answers[1:]), ("answers[A-1-1]", "not_answered")),
        (replace(GOOD, answers=GOOD.answers * 2), ("answers[A-1-1]", "answered_twice")),
        (
            replace(GOOD, answers=(*GOOD.answers, Answered("A-4-1", Answer.DONE))),
            ("answers[A-4-1]", "unknown_item"),
        ),
        (
            edited("A-1-29", lambda a: replace(a, photos=())),
            ("answers[A-1-29].photos", "photo_missing"),
        ),
        (
            edited("A-1-1", lambda a: replace(a, answer=Answer.NOT_APPLICABLE, reason=" ")),
            ("answers[A-1-1].reason", "reason_missing"),
        ),
        (replace(GOOD, item_list="A@0"), ("item_list", "other_list")),
        (replace(GOOD, workers=("w1",), signed_by=("w1",)), ("workers", "not_two_workers")),
        (replace(GOOD, workers=("w1", "w1")), ("workers", "same_worker")),
        (replace(GOOD, workers=("w1", "w3")), ("workers[w3]", "not_of_the_firm")),
        (replace(GOOD, signed_by=("w1",)), ("workers[w2]", "not_signed")),
        (replace(GOOD, signed_by=("w1", "w2", "w9")), ("signed_by", "not_a_worker")),
        (replace(GOOD, check_ins=GOOD.check_ins[:1]), ("workers[w2]", "not_checked_in")),
        (replace(GOOD, finished_at=BEGAN + 34 * MIN), ("finished_at", "stay_too_short")),
        (replace(GOOD, started_at=GOOD.finished_at + MIN), ("finished_at", "before_start")),
        (replace(GOOD, sent_at=GOOD.finished_at - MIN), ("sent_at", "before_finish")),
        (replace(GOOD, hazards=()), ("hazards", "missing")),
        (replace(GOOD, hazards=(Hazard.NONE, Hazard.OTHER)), ("hazards", "none_and_others")),
        (replace(GOOD, hazards=(Hazard.OTHER, Hazard.OTHER)), ("hazards", "twice")),
        (replace(GOOD, planned_next=None), ("planned_next", "missing")),
        (replace(GOOD, planned_next=date(2026, 6, 17)), ("planned_next", "out_of_range")),
        (replace(GOOD, planned_next=date(2026, 6, 1)), ("planned_next", "out_of_range")),
    ],
)
def test_each_fault_is_told_with_its_field(
    handed_in: Submission, objection: tuple[str, str]
) -> None:
    assert objection in objections(handed_in)


def with_check_in(number: int, each: CheckIn) -> Submission:
    ins = list(GOOD.check_ins)
    ins[number - 1] = each
    return replace(GOOD, check_ins=tuple(ins))


def test_the_proof_of_being_there_must_be_of_this_lift() -> None:
    first, second = GOOD.check_ins
    other = with_check_in(1, replace(first, code="another plate"))
    assert objections(other) == {("check_ins[0].code", "other_code")}
    far = Position(HERE.latitude + 0.002, HERE.longitude)  # 222 m
    away = with_check_in(2, replace(second, position=far))
    assert objections(away) == {("check_ins[1].position", "too_far_away")}
    wide = replace(EXPECTED, limits=Limits(radius_m=300))
    assert objections(away, wide) == set()
    unknown = replace(EXPECTED, position=None)
    assert objections(GOOD, unknown) == {("check_ins[1]", "lift_position_unknown")}


def test_a_lift_without_a_code_takes_no_code() -> None:
    assert ("check_ins[0].code", "other_code") in objections(GOOD, replace(EXPECTED, code=""))
    empty = with_check_in(1, replace(GOOD.check_ins[0], code=""))
    assert ("check_ins[0].code", "other_code") in objections(empty, replace(EXPECTED, code=""))


def test_thirty_minutes_apart_are_near_enough_and_one_more_is_not() -> None:
    long = replace(GOOD, finished_at=BEGAN + 90 * MIN, sent_at=BEGAN + 95 * MIN)
    _, second = GOOD.check_ins
    near = replace(long, check_ins=(GOOD.check_ins[0], replace(second, at=BEGAN + 30 * MIN)))
    assert objections(near) == set()
    far = replace(long, check_ins=(GOOD.check_ins[0], replace(second, at=BEGAN + 31 * MIN)))
    assert objections(far) == {("check_ins", "too_far_apart")}


def test_a_certificate_must_be_valid_on_the_day_of_the_work() -> None:
    gone = (Certificate("T-2", date(2022, 1, 1), date(2026, 5, 31)),)
    assert objections(GOOD, replace(EXPECTED, certificates={"w1": VALID, "w2": gone})) == {
        ("workers[w2]", "certificate_not_valid")
    }
    renewed = (*gone, Certificate("T-3", date(2026, 6, 1), date(2030, 5, 31)))
    assert objections(GOOD, replace(EXPECTED, certificates={"w1": VALID, "w2": renewed})) == set()


def test_an_offline_phone_keeps_its_times_and_the_skew_is_stated() -> None:
    behind = check(GOOD, EXPECTED, GOOD.sent_at + 20 * MIN)
    assert behind.objections == ()
    assert behind.remarks == ("clock_skew_s:1200",)
    assert behind.ended_at == GOOD.finished_at + 20 * MIN
    later = replace(GOOD, sent_at=GOOD.finished_at + timedelta(days=4))
    assert check(later, EXPECTED, later.sent_at).remarks == ("handed_in_late",)


def test_a_check_in_that_reached_the_hub_at_once_shows_a_clock_that_was_set_since() -> None:
    first = GOOD.check_ins[0]
    honest = with_check_in(1, replace(first, received_at=first.at + timedelta(seconds=9)))
    assert check(honest, EXPECTED, RECEIVED).remarks == ()
    moved = with_check_in(1, replace(first, received_at=first.at + 40 * MIN))
    assert check(moved, EXPECTED, RECEIVED).remarks == ("check_in_clock_differs:w1",)


def test_a_clock_that_proves_nothing_is_refused() -> None:
    for off in (timedelta(hours=13), -timedelta(hours=13)):
        reasons = [f.reason for f in check(GOOD, EXPECTED, GOOD.sent_at + off).objections]
        assert "clock_wrong" in reasons


def test_the_skew_decides_on_which_day_a_certificate_is_looked_at() -> None:
    ends = (Certificate("T-4", date(2022, 1, 1), date(2026, 6, 1)),)
    fast = replace(EXPECTED, certificates={"w1": VALID, "w2": ends})
    assert check(GOOD, fast, RECEIVED).objections == ()
    on_the_next_day = check(GOOD, fast, GOOD.sent_at + timedelta(hours=11, minutes=50))
    assert on_the_next_day.objections == ()  # 20:50 in Shanghai: the same day yet
    evening = replace(
        GOOD,
        **{
            name: getattr(GOOD, name) + timedelta(hours=10)
            for name in ("started_at", "finished_at", "sent_at")
        },
        check_ins=tuple(replace(c, at=c.at + timedelta(hours=10)) for c in GOOD.check_ins),
    )
    reasons = [
        f.reason for f in check(evening, fast, evening.sent_at + timedelta(hours=6)).objections
    ]
    assert "certificate_not_valid" in reasons


def test_a_shallower_visit_than_due_is_taken_and_remarked() -> None:
    wanted = replace(EXPECTED, wanted=Period.QUARTER)
    checked = check(GOOD, wanted, RECEIVED)
    assert checked.objections == ()
    assert checked.remarks == ("shallower_than_due:quarter",)


def test_everything_wrong_is_told_at_once_each_with_a_remedy() -> None:
    nothing = replace(GOOD, answers=(), workers=(), check_ins=(), signed_by=(), hazards=())
    told = check(nothing, EXPECTED, RECEIVED).objections
    assert len(told) == 31 + 2
    assert all(f.remedy for f in told)
