"""Whatever people do, what a simulated lift reports never contradicts itself."""

from hypothesis import given
from hypothesis import strategies as st

from devices.protocol.messages import Direction, Door, Motion
from simulators.lift import (
    STOREY_M,
    Car,
    Command,
    Jam,
    Limits,
    Phase,
    Release,
    Seen,
    Trip,
    parked,
    run_between,
    see,
    step,
    tell,
)

LIMITS = st.builds(
    Limits,
    min_floor=st.integers(-3, 1),
    max_floor=st.integers(2, 40),
    rated_speed_m_per_s=st.sampled_from((0.5, 1.0, 1.75, 2.5, 6.0)),
    rated_load_kg=st.sampled_from((630, 1000, 2000)),
)
TRIPS = st.builds(Trip, st.integers(-4, 41), st.integers(-4, 41), st.integers(1, 30))
COMMANDS = st.lists(
    st.tuples(
        st.floats(0, 40),
        st.one_of(TRIPS, TRIPS, st.builds(Jam, st.integers(0, 5)), st.just(Release())),
    ),
    max_size=25,
)


def assert_consistent(seen: Seen, car: Car, limits: Limits) -> None:
    assert limits.min_floor <= seen.floor <= limits.max_floor
    assert abs(seen.speed_m_per_s) <= limits.rated_speed_m_per_s
    assert 0 <= seen.load_kg <= limits.rated_load_kg
    assert seen.occupied == (seen.load_kg > 0)
    if seen.car is Motion.RUNNING:
        assert seen.door is Door.CLOSED
        sign = {Direction.UP: 1, Direction.DOWN: -1}[seen.direction]
        assert seen.speed_m_per_s * sign > 0
    else:
        assert seen.speed_m_per_s == 0
        assert seen.direction is Direction.NONE
    if seen.door is not Door.CLOSED:
        assert seen.door_zone
    if car.phase is Phase.STUCK:
        assert seen.occupied
        assert not seen.door_zone
        assert seen.car is Motion.STOPPED


@given(LIMITS, COMMANDS, st.floats(0, 1))
def test_what_a_lift_reports_never_contradicts_itself(
    limits: Limits, commands: list[tuple[float, Command]], share: float
) -> None:
    car, now_s = parked(limits.min_floor), 1_764_000_000.0
    for gap_s, command in [*commands, (600.0, Release())]:
        now_s += gap_s
        while car.due_s is not None and car.due_s <= now_s:
            at_s = car.due_s
            before = car
            car = step(car, limits, at_s)
            assert abs(car.floor - before.floor) <= 1
            assert car.due_s is None or car.due_s >= at_s
            assert_consistent(see(car, at_s), car, limits)
            if car.due_s is not None:  # and at any instant before the next milestone
                assert_consistent(see(car, at_s + share * (car.due_s - at_s)), car, limits)
        car = tell(car, command, limits, now_s)
        assert_consistent(see(car, now_s), car, limits)


@given(
    st.integers(-9, 60), st.integers(-9, 60), st.floats(0.25, 6), st.floats(0, 1), st.floats(0, 1)
)
def test_position_and_its_inverse_agree_along_a_run(
    start: int, end: int, limit: float, share: float, later: float
) -> None:
    if start == end:
        return
    run = run_between(start * STOREY_M, end * STOREY_M, 0.0, limit)
    assert run.position_m(0) == run.start_m
    assert abs(run.position_m(run.duration_s) - run.end_m) < 1e-6
    height = run.start_m + share * (run.end_m - run.start_m)
    assert abs(run.position_m(run.when_s(height)) - height) < 1e-4
    first, second = sorted((share * run.duration_s, later * run.duration_s))
    assert (run.position_m(second) - run.position_m(first)) * run.sign >= -1e-9
