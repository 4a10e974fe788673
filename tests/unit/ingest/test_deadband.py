"""Which difference is worth a row."""

import msgspec
import pytest

from devices.protocol import messages as m
from ingest.deadband import COMMON, DeadBands, columns, merged

COLUMNS = columns(DeadBands())
STATUS = COLUMNS[m.Status]


def values(**told: object) -> tuple[object, ...]:
    read = msgspec.convert({"ts": 1, "seq": 1, "boot": "b", **told}, m.Status)
    return STATUS.values(read)


STORED = values(
    mode="normal", car="running", floor=3, speed_m_s=1.7, load_kg=200, car_temp_c=30, occupied=True
)


@pytest.mark.parametrize(
    "told",
    [
        {"speed_m_s": 1.74},
        {"load_kg": 219},
        {"car_temp_c": 29.6},
        {"floor": 3},
        {},
    ],
)
def test_within_its_band_or_not_told_is_the_same(told: dict[str, object]) -> None:
    assert STATUS.same(STORED, values(**told))


@pytest.mark.parametrize(
    "told",
    [
        {"speed_m_s": 1.76},
        {"speed_m_s": 0},
        {"load_kg": 221},
        {"load_kg": 0},
        {"floor": 4},
        {"mode": "inspection"},
        {"occupied": False},
        {"door": "open"},
    ],
)
def test_beyond_its_band_or_new_is_a_difference(told: dict[str, object]) -> None:
    assert not STATUS.same(STORED, values(**told))


def test_the_last_bit_of_speed_is_a_difference() -> None:
    assert not STATUS.same(values(speed_m_s=0.03), values(speed_m_s=0))
    assert not STATUS.same(values(speed_m_s=0), values(speed_m_s=0.03))


def test_without_bands_every_difference_counts() -> None:
    off = columns(DeadBands.off())[m.Status]
    assert not off.same(STORED, values(load_kg=201))


def test_words_are_merged_over_earlier_ones() -> None:
    known = merged(STORED, values(floor=4))
    assert STATUS.fields(known) == {**STATUS.fields(STORED), "floor": 4}


def test_cameras_are_told_one_by_one() -> None:
    shape = COLUMNS[m.CameraStatus]
    read = m.CameraStatus(ts=1, seq=1, boot="b", cameras={"1": "live", "2": "offline"})
    assert shape.fields(shape.values(read)) == {"camera 1": "live", "camera 2": "offline"}


@pytest.mark.parametrize("kind", COLUMNS, ids=lambda kind: kind.__name__)
def test_the_columns_are_what_follows_the_common_fields(kind: type[msgspec.Struct]) -> None:
    fields = kind.__struct_fields__
    assert fields[:3] == COMMON
    assert not {"lift", "point", *COMMON} & set(COLUMNS[kind].names)
    assert len(COLUMNS[kind].names) == len(fields) - COLUMNS[kind].start
