"""No write may keep a rescue waiting: steps are as large as fits into the time they may take."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from core.clock import ManualClock
from core.db import Database
from devices.pace import BUDGET, FIRST, LEAST, MOST, Pace
from devices.steps import Steps

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
MS = timedelta(milliseconds=1)


def test_a_step_that_took_too_long_is_followed_by_one_that_fits() -> None:
    assert Pace(200).after(200, 80 * MS) == Pace(50)
    assert Pace(50).after(50, 400 * MS) == Pace(LEAST)
    assert Pace(200, least=40).after(200, 400 * MS).rows == 40


def test_quick_steps_grow_by_half_up_to_a_limit() -> None:
    assert Pace(20).after(20, MS) == Pace(30)
    assert Pace(MOST).after(MOST, MS) == Pace(MOST)
    assert Pace(7).after(0, MS) == Pace(7)


@given(
    st.integers(LEAST, MOST),
    st.integers(1, MOST),
    st.timedeltas(timedelta(0), timedelta(seconds=60)),
)
def test_a_pace_fits_the_budget_or_is_the_least(had: int, rows: int, took: timedelta) -> None:
    made = Pace(had).after(rows, took)
    assert LEAST <= made.rows <= MOST
    assert made.rows == LEAST or made.rows * (took / rows) <= BUDGET


def test_steps_follow_a_machine_that_slows_down_and_leave_the_file_free_as_long_as_they_held_it(
    tmp_path: Path,
) -> None:
    clock, sizes, foreseen = ManualClock(NOW), list[int](), list[int]()
    began = clock.now()
    held = timedelta(0)

    def keep(per_row: Callable[[], timedelta]) -> Callable[[Connection, Sequence[int]], int]:
        def write(_: Connection, rows: Sequence[int]) -> int:
            nonlocal held
            clock.advance(len(rows) * per_row())
            held += len(rows) * per_row()
            sizes.append(len(rows))
            return len(rows)

        return write

    with Database(f"sqlite:///{tmp_path / 'hub.db'}") as database:
        steps = Steps(database, clock)
        slow = keep(lambda: MS if sum(sizes) < 300 else 4 * MS)
        done = sum(steps.each(range(600), slow, lambda rows: foreseen.append(len(rows))))
    assert done == 600
    assert foreseen == sizes
    assert sizes[0] == FIRST
    assert sizes[1] == 20
    assert sizes[-2] == 5
    assert sum(size > 5 for size in sizes[-50:]) <= 3  # one step is late, no more
    rested = clock.now() - began - held
    assert rested >= held - 55 * MS  # the last step needs no rest after it
