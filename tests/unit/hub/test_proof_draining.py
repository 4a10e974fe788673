"""What a proof makes of a spool that grew and drained."""

from hub.proof.draining import Drained, Look, drained, judged

AWAY = [Look(0, 0, 0), Look(10, 2_000, 2_000)]
QUICK = [0.1] * 99 + [0.9]


def test_the_way_down_is_measured_beside_what_goes_on_arriving() -> None:
    found = drained([*AWAY, Look(12, 2_400, 1_000), Look(14, 2_800, 100), Look(20, 4_000, 0)])
    assert found == Drained(2_000, 4, 200, 675)
    assert judged(QUICK, found) == []


def test_what_drains_less_than_twice_as_fast_as_it_comes_breaks_the_promise() -> None:
    found = drained([*AWAY, Look(30, 6_000, 0)])
    [problem] = judged(QUICK, found)
    assert problem == "drained 300 a second while 200 came, promised 2 times as many"


def test_a_late_receipt_breaks_the_promise() -> None:
    found = drained([*AWAY, Look(12, 2_000, 0)])
    assert judged([*QUICK[:-1], 1.0], found) == ["receipts: p99 1.00 s, promised below 1 s"]


def test_a_spool_that_never_grew_or_never_went_proves_nothing() -> None:
    assert drained([]) is None
    assert drained([Look(0, 10, 10), Look(1, 10, 0)]) is None
    assert drained(AWAY) is None
    [problem] = judged(QUICK, None)
    assert "did not grow" in problem
