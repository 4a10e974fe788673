"""What every store of history promises: embedded, rolled up or not, InfluxDB 2.7 and 1.8."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs

from core.clock import SystemClock
from ingest.timeseries.embedded import EmbeddedStore
from ingest.timeseries.port import Fill, Point, TimeSeriesStore, Window
from tests.support import influx
from tests.support.rolled import RolledStore

NOW = SystemClock().now()
NOON = datetime(NOW.year, NOW.month, NOW.day, 12, tzinfo=UTC) - timedelta(days=2)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


def served(folder: Path, version: str) -> Iterator[TimeSeriesStore]:
    from tests.support import history  # noqa: PLC0415  (the client may be missing)

    with (
        influx.running(folder, version, influx.LENT) as server,
        closing(history.store(server)) as store,
    ):
        yield store


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimeSeriesStore]:
    with closing(EmbeddedStore(tmp_path_factory.mktemp("days"), SystemClock())) as store:
        yield store


@pytest.fixture(scope="module")
def rolled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimeSeriesStore]:
    with closing(RolledStore(tmp_path_factory.mktemp("rolled"), SystemClock())) as store:
        yield store


@pytest.fixture(scope="module")
def influx_2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimeSeriesStore]:
    yield from served(tmp_path_factory.mktemp("influx"), influx.REFERENCE)


@pytest.fixture(scope="module")
def influx_1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimeSeriesStore]:
    yield from served(tmp_path_factory.mktemp("influx"), influx.SECOND)


@pytest.fixture(
    params=[
        "embedded",
        "rolled",
        pytest.param("influx_2", marks=pytest.mark.influx(influx.REFERENCE, influx.LENT)),
        pytest.param("influx_1", marks=pytest.mark.influx(influx.SECOND)),
    ]
)
def store(request: pytest.FixtureRequest) -> TimeSeriesStore:
    found: TimeSeriesStore = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def lift(request: pytest.FixtureRequest) -> str:
    """A lift of this test alone: the stores live as long as the module."""
    return f"lift of {request.node.originalname}"


def point(lift: str, at: datetime, seq: int, **fields: float | str | bool) -> Point:
    return Point(lift, at + SECOND, at, fields, "status", "G1", seq, "b1")


def test_a_point_comes_back_as_it_was_written(store: TimeSeriesStore, lift: str) -> None:
    whole = Point(
        lift,
        NOON + timedelta(microseconds=1234),
        NOON + timedelta(milliseconds=7),
        {
            "floor": -2,
            "load_kg": 75.0,
            "occupied": True,
            "door": "open",
            "detail": 'a "b"\\\n, c=d',
        },
        "status",
        "G1",
        9_007_199_254_740_991,
        "b 1",
    )
    store.write([whole])
    assert store.last_points(lift, 5) == [whole]


def test_a_whole_number_may_stand_for_a_measure(store: TimeSeriesStore, lift: str) -> None:
    store.write([point(lift, NOON, 1, load_kg=75), point(lift, NOON + SECOND, 2, load_kg=75.5)])
    assert [p.fields["load_kg"] for p in store.last_points(lift, 5)] == [75.5, 75]


def test_two_messages_of_one_lift_and_millisecond_are_two_points(
    store: TimeSeriesStore, lift: str
) -> None:
    store.write([point(lift, NOON, seq, floor=seq) for seq in (1, 2, 3)])
    store.write([structs.replace(point(lift, NOON, 1, floor=4), boot="b2")])
    assert sorted(int(p.fields["floor"]) for p in store.last_points(lift, 9)) == [1, 2, 3, 4]


def test_writing_again_changes_nothing(store: TimeSeriesStore, lift: str) -> None:
    points = [point(lift, NOON + n * SECOND, n, floor=n) for n in range(5)]
    unnumbered = Point(lift, NOON, NOON, {"ok": True}, "cmd-ack")
    for _ in range(3):
        store.write([*points, unnumbered])
    assert len(store.last_points(lift, 99)) == 6


def test_a_window_tells_mean_min_max_last_and_count_of_each_step(
    store: TimeSeriesStore, lift: str
) -> None:
    odd = NOON + timedelta(seconds=17)  # steps begin where the window does
    store.write([point(lift, odd + n * 10 * SECOND, n, speed_m_s=float(n)) for n in range(12)])
    store.write([point(lift, odd - SECOND, 90, speed_m_s=9.0)])
    store.write([point(lift, odd + 2 * MINUTE, 91, speed_m_s=9.0)])
    series = store.window(Window(lift, "speed_m_s", odd, odd + 2 * MINUTE, MINUTE))
    told = [(p.at, p.mean, p.min, p.max, p.last, p.count) for p in series.points]
    assert told == [(odd, 2.5, 0, 5, 5, 6), (odd + MINUTE, 8.5, 6, 11, 11, 6)]


def test_a_window_of_very_many_points_is_the_same(store: TimeSeriesStore, lift: str) -> None:
    tenth = timedelta(milliseconds=100)
    store.write([point(lift, NOON + n * tenth, n, speed_m_s=float(n % 7)) for n in range(6000)])
    series = store.window(Window(lift, "speed_m_s", NOON, NOON + 10 * MINUTE, 5 * MINUTE))
    figures = [float(n % 7) for n in range(6000)]
    for half, told in zip((figures[:3000], figures[3000:]), series.points, strict=True):
        assert told.mean == pytest.approx(sum(half) / 3000)
        assert (told.min, told.max, told.last, told.count) == (0, 6, half[-1], 3000)


def test_a_window_puts_late_messages_where_they_happened(store: TimeSeriesStore, lift: str) -> None:
    late = structs.replace(point(lift, NOON + 5 * SECOND, 1, floor=3), received_at=NOON + DAY)
    store.write([point(lift, NOON + 10 * SECOND, 2, floor=4), late])
    series = store.window(Window(lift, "floor", NOON, NOON + MINUTE, MINUTE))
    assert [(p.min, p.max, p.last, p.count) for p in series.points] == [(3, 4, 4, 2)]


@pytest.mark.parametrize("begins", [0, 17], ids=["on the minute", "17 s past it"])
@pytest.mark.parametrize("step", [MINUTE, 7 * MINUTE, timedelta(hours=1), 90 * SECOND, 20 * SECOND])
def test_steps_may_cut_minutes_and_hours_anywhere(
    store: TimeSeriesStore, lift: str, begins: int, step: timedelta
) -> None:
    told = [(NOON + n * 23 * SECOND, float(n * 37 % 101)) for n in range(400)]
    store.write([point(lift, at, n, load_kg=v) for n, (at, v) in enumerate(told)])
    start, end = NOON + begins * SECOND, NOON + timedelta(hours=2, minutes=10, seconds=11)
    found = store.window(Window(lift, "load_kg", start, end, step)).points
    expected: dict[datetime, list[float]] = {}
    for at, value in told:
        if start <= at < end:
            expected.setdefault(start + (at - start) // step * step, []).append(value)
    assert [(p.at, p.min, p.max, p.last, p.count) for p in found] == [
        (at, min(v), max(v), v[-1], len(v)) for at, v in expected.items()
    ]
    assert [p.mean for p in found] == pytest.approx([sum(v) / len(v) for v in expected.values()])


def test_what_comes_late_for_an_hour_already_read_is_in_it(
    store: TimeSeriesStore, lift: str
) -> None:
    window = Window(lift, "floor", NOON, NOON + timedelta(hours=3), timedelta(hours=1))
    store.write([point(lift, NOON + n * MINUTE, n, floor=n) for n in range(120)])
    before = [(p.max, p.last, p.count) for p in store.window(window).points]
    late = structs.replace(point(lift, NOON + 30 * SECOND, 900, floor=77), received_at=NOON + DAY)
    later = structs.replace(point(lift, NOON + 170 * MINUTE, 901, floor=-1), received_at=NOON + DAY)
    store.write([late, later])
    after = [(p.max, p.last, p.count) for p in store.window(window).points]
    assert before == [(59, 59, 60), (119, 119, 60)]
    assert after == [(77, 59, 61), (119, 119, 60), (-1, -1, 1)]


def test_counters_tell_what_they_counted_and_survive_a_reset(
    store: TimeSeriesStore, lift: str
) -> None:
    counts = [100, 110, 130, 5, 8, 8, 20]  # set back to zero between 130 and 5
    told = [point(lift, NOON + n * 40 * SECOND, n, trips=v) for n, v in enumerate(counts)]
    store.write([*told, point(lift, NOON + timedelta(hours=1), 90, trips=50)])
    window = Window(lift, "trips", NOON, NOON + timedelta(hours=2), MINUTE, Fill.NONE)
    by_minute = store.window(window).points
    assert [p.increase for p in by_minute] == [10, 20, 8, 0, 12, 30]
    assert [p.last for p in by_minute] == [110, 130, 8, 8, 20, 50]
    by_hour = store.windows([lift], replace(window, step=timedelta(hours=1)))[lift].points
    assert [(p.increase, p.count) for p in by_hour] == [(50, 7), (30, 1)]
    assert [p.increase for p in store.window(replace(window, field="floor")).points] == []


def test_a_field_that_two_kinds_of_message_carry_is_one_series(
    store: TimeSeriesStore, lift: str
) -> None:
    store.write([point(lift, NOON, 1, floor=1), point(lift, NOON + 2 * SECOND, 2, floor=2)])
    store.write([structs.replace(point(lift, NOON + SECOND, 3, floor=9, code="x"), kind="event")])
    series = store.window(Window(lift, "floor", NOON, NOON + MINUTE, MINUTE))
    assert [(p.mean, p.min, p.max, p.last, p.count) for p in series.points] == [(4, 1, 9, 2, 3)]


@pytest.mark.parametrize(
    ("fill", "last"),
    [
        (Fill.NONE, [1, 3]),
        (Fill.GAP, [None, 1, None, 3, None]),
        (Fill.PREVIOUS, [None, 1, 1, 3, 3]),
    ],
)
def test_gaps_are_filled_as_asked(
    store: TimeSeriesStore, lift: str, fill: Fill, last: list[float | None]
) -> None:
    store.write([point(lift, NOON + n * MINUTE, n, floor=n) for n in (1, 3)])
    end = NOON + 4 * MINUTE + SECOND  # the fifth step is not whole
    series = store.window(Window(lift, "floor", NOON, end, MINUTE, fill))
    assert [p.last for p in series.points] == last
    assert sum(p.count for p in series.points) == 2


def test_a_field_of_words_has_no_steps(store: TimeSeriesStore, lift: str) -> None:
    store.write([point(lift, NOON, 1, door="open", occupied=True)])
    for field in ("door", "occupied", "camera 3", "never_sent"):
        window = Window(lift, field, NOON, NOON + MINUTE, MINUTE)
        assert store.window(window).points == ()


def test_many_lifts_answer_at_once(store: TimeSeriesStore, lift: str) -> None:
    lifts = [f"{lift} {n}" for n in range(120)]
    store.write([point(name, NOON, 1, floor=n) for n, name in enumerate(lifts)])
    found = store.windows([*lifts, "silent"], Window("", "floor", NOON, NOON + MINUTE, MINUTE))
    assert [found[name].points[0].last for name in lifts] == list(range(120))
    assert found["silent"].points == ()
    latest = store.latest([*lifts, "silent"])
    assert [latest[name].fields["floor"] for name in lifts] == list(range(120))
    assert "silent" not in latest


def test_the_latest_is_the_newest_event_with_its_own_fields_only(
    store: TimeSeriesStore, lift: str
) -> None:
    store.write([point(lift, NOON, 1, floor=1, load_kg=5), point(lift, NOON - DAY, 2, floor=7)])
    store.write([point(lift, NOON + MINUTE, 3, floor=2)])
    assert store.latest([lift])[lift].fields == {"floor": 2}
    newest = [p.fields["floor"] for p in store.last_points(lift, 2)]
    assert newest == [2, 1]


@pytest.mark.parametrize(
    "name",
    ['x"', "a,b=c d", "x\\", "${x}", '") |> drop()', "中文 点", "tab\tnew\nline", "100%", "%41"],
)
def test_any_name_is_only_a_name(store: TimeSeriesStore, name: str) -> None:
    store.write([point(f"K1/{name}", NOON, 1, temperature_c=-18.5)])
    assert store.last_points(f"K1/{name}", 2)[0].lift == f"K1/{name}"
    window = Window(f"K1/{name}", "temperature_c", NOON, NOON + MINUTE, MINUTE)
    assert [p.last for p in store.window(window).points] == [-18.5]


def test_days_are_counted_and_forgotten_by_event(store: TimeSeriesStore, lift: str) -> None:
    long_ago = NOON - 40 * DAY
    first, final = long_ago.date(), (long_ago + 2 * DAY).date()
    late = structs.replace(point(lift, long_ago, 8, floor=1), received_at=long_ago + DAY)
    store.write([point(lift, long_ago + n * DAY, n, floor=n) for n in (0, 1, 2, 3)])
    store.write([late])
    assert store.counts(first, final) == {
        first: 2,
        (long_ago + DAY).date(): 1,
        final: 1,
    }
    store.expire(long_ago + DAY)
    assert store.counts(first, final) == {(long_ago + DAY).date(): 1, final: 1}
