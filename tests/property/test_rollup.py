"""Roll-ups are what a naive look at the values says."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.timeseries import rollup
from ingest.timeseries.figures import (
    COUNTERS,
    HOUR_US,
    MINUTE_US,
    Figures,
    counted,
    figures,
    merge,
)
from ingest.timeseries.port import Value

WHOLE = st.integers(-(1 << 60), 1 << 60)
NUMBERS = WHOLE | st.floats(allow_nan=False, allow_infinity=False, width=32)
SMALL = st.integers(0, 1000)
FIELDS = st.dictionaries(
    st.sampled_from(["floor", "speed_m_s", "trips", "door", "occupied", "温度 x"]),
    SMALL | st.booleans() | st.text(max_size=3) | st.floats(0, 100, width=16),
)
ROWS = st.lists(st.tuples(st.integers(0, HOUR_US - 1), FIELDS), max_size=60)


def naive(values: list[float]) -> tuple[float, ...]:
    rises = 0.0
    for before, after in itertools.pairwise(values):
        rises += after - before if after >= before else after
    return (
        len(values),
        sum(values),
        min(values),
        max(values),
        values[-1],
        values[0],
        rises,
    )


@given(st.lists(SMALL, min_size=1, max_size=40), st.data())
def test_stretches_however_cut_merge_into_the_whole(values: list[int], data: st.DataObject) -> None:
    cuts = data.draw(st.sets(st.integers(1, len(values)), max_size=6).map(sorted))
    edges = [0, *[cut for cut in cuts if cut < len(values)], len(values)]
    told = None
    for start, end in itertools.pairwise(edges):
        part = figures(values[start:end], counter=True)
        told = part if told is None else merge(told, part, counter=True)
    assert told == naive([float(v) for v in values])


@given(st.lists(SMALL, min_size=1), st.lists(SMALL, min_size=1), st.lists(SMALL, min_size=1))
def test_it_does_not_matter_which_are_merged_first(
    one: list[int], two: list[int], three: list[int]
) -> None:
    a, b, c = (figures(each, counter=True) for each in (one, two, three))
    left = merge(merge(a, b, counter=True), c, counter=True)
    assert left == merge(a, merge(b, c, counter=True), counter=True)


@given(NUMBERS, NUMBERS)
def test_a_counter_never_counts_backwards(before: float, after: float) -> None:
    assert counted(abs(before), abs(after)) >= 0


@given(ROWS)
def test_minutes_and_their_summary_are_what_the_rows_say(
    rows: list[tuple[int, dict[str, Value]]],
) -> None:
    rows.sort(key=lambda row: row[0])
    hour = 495_000 * HOUR_US
    minutes = rollup.roll((hour + at, fields) for at, fields in rows)
    whole = rollup.summary(minutes)
    kept, kept_whole = rollup.pack(minutes), rollup.pack(whole)
    for name in ("floor", "speed_m_s", "trips", "door", "occupied", "温度 x", "never"):
        told = [
            (at, float(fields[name]))
            for at, fields in rows
            if name in fields and type(fields[name]) in {int, float}
        ]
        expected = {}
        for n in range(60):
            if values := [value for at, value in told if at // MINUTE_US == n]:
                expected[n] = _without_rises(name, naive(values))
        assert {n: _near(name, f) for n, f in rollup.unpack(kept, name).items()} == expected
        values = [value for _, value in told]
        assert [_near(name, f) for f in rollup.unpack(kept_whole, name).values()] == (
            [_without_rises(name, naive(values))] if values else []
        )


def _near(name: str, told: Figures) -> tuple[float, ...]:
    return _without_rises(name, tuple(told))


def _without_rises(name: str, told: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(round(each, 6) for each in (told if name in COUNTERS else told[:5]))


@given(st.dictionaries(st.integers(0, 59), st.lists(NUMBERS, min_size=1, max_size=4)))
@settings(max_examples=60)
def test_what_is_packed_is_read_back(minutes: dict[int, list[float]]) -> None:
    stretches = {n: figures([float(v) for v in values]) for n, values in minutes.items()}
    back = rollup.unpack(rollup.pack({"x": stretches, "y": {}}), "x")
    assert {n: f[:5] for n, f in back.items()} == {n: f[:5] for n, f in stretches.items()}
    assert list(back) == sorted(stretches)
