from hypothesis import given
from hypothesis import strategies as st

from video.timeline import TICKS_PER_S, Timeline

STEP = TICKS_PER_S // 10


def test_a_second_connection_lies_behind_the_first() -> None:
    line = Timeline()
    first = [line.place(at, at).dts for at in (500, 500 + STEP, 500 + 2 * STEP)]
    line.reconnect()
    second = [line.place(at, at).dts for at in (9, 9 + STEP)]
    assert first == [0, STEP, 2 * STEP]
    assert second == [3 * STEP, 4 * STEP]


def test_a_first_picture_without_a_time_is_laid_too() -> None:
    line = Timeline(1000)
    assert line.place(None, None).dts == 1000
    line.place(None, 0)
    assert line.place(None, STEP).dts - line.place(None, 2 * STEP).dts == -STEP


def test_a_jump_of_the_cameras_clock_is_taken_out() -> None:
    line = Timeline()
    for at in (0, STEP):
        line.place(at, at)
    assert line.place(5_000 * TICKS_PER_S, None).dts == 2 * STEP
    assert line.place(0, None).dts == 3 * STEP


def test_pictures_shown_later_than_decoded_keep_their_delay() -> None:
    placed = Timeline().place(100, 100 + STEP)
    assert placed.pts - placed.dts == STEP


@given(
    st.lists(
        st.one_of(
            st.just("reconnect"),
            st.tuples(
                st.one_of(st.none(), st.integers(-(2**40), 2**40)),
                st.one_of(st.none(), st.integers(-(2**40), 2**40)),
            ),
        ),
        max_size=60,
    )
)
def test_the_line_never_falls(moves: list[str | tuple[int | None, int | None]]) -> None:
    line, last = Timeline(), -1
    for move in moves:
        if isinstance(move, str):
            line.reconnect()
            continue
        placed = line.place(*move)
        assert placed.dts > last
        assert placed.pts >= placed.dts
        last = placed.dts
