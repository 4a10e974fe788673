"""Roll-ups of one lift: an hour of rows as minutes and as a whole, packed and read back. Pure.

Theory of operation. The hour of an event, in UTC, is the unit: whatever is known of a lift's hour
is computed from all of its rows at once, so that doing it again (for late rows, after a crash)
gives the same. Packed, an hour is one value: a map of fields, of which a reader decodes only the
one it wants; each field holds which minutes there are (a mask) and the figures of each, a lone
value where a minute has only one. A summary is the same with a single stretch.
"""

import zlib
from collections.abc import Iterable, Mapping

import msgspec

from ingest.timeseries.figures import COUNTERS, HOUR_US, MINUTE_US, Figures, cells, merge
from ingest.timeseries.port import Value

Stretches = Mapping[int, Figures]  # by number within the hour
Fields = Mapping[str, Stretches]

_PLAIN, _DEFLATED = b"\x01", b"\x02"
_WORTH_DEFLATING = 200
_pack = msgspec.msgpack.Encoder().encode
_unpack_all = msgspec.msgpack.Decoder(dict[str, msgspec.Raw]).decode
_unpack_one = msgspec.msgpack.Decoder(tuple[int, list[float | list[float]]]).decode


def roll(rows: Iterable[tuple[int, Mapping[str, Value]]]) -> Fields:
    """The minutes of one hour's rows, (micros, fields) in event order; words are left out."""
    values: dict[str, list[tuple[int, float]]] = {}
    for at, fields in rows:
        for name, value in fields.items():
            if isinstance(value, float | int) and not isinstance(value, bool):
                values.setdefault(name, []).append((at, value))
    return {
        name: {
            at % HOUR_US // MINUTE_US: figures
            for at, figures in cells(told, _minute, counter=name in COUNTERS)
        }
        for name, told in values.items()
    }


def _minute(at_us: int) -> int:
    return at_us // MINUTE_US


def summary(minutes: Fields) -> Fields:
    """The hour as one stretch."""
    whole: dict[str, Stretches] = {}
    for name, stretches in minutes.items():
        counter = name in COUNTERS
        told = None
        for n in sorted(stretches):
            told = stretches[n] if told is None else merge(told, stretches[n], counter=counter)
        if told is not None:
            whole[name] = {0: told}
    return whole


def pack(fields: Fields) -> bytes:
    """As bytes to keep."""
    body = _pack({name: _packed(some, name in COUNTERS) for name, some in fields.items()})
    if len(body) < _WORTH_DEFLATING:
        return _PLAIN + body
    return _DEFLATED + zlib.compress(body, 1)


def unpack(kept: bytes, field: str) -> Stretches:
    """The stretches of one field, in order; none where it never was told."""
    body = zlib.decompress(kept[1:]) if kept[:1] == _DEFLATED else kept[1:]
    raw = _unpack_all(body).get(field)
    if raw is None:
        return {}
    mask, told = _unpack_one(raw)
    numbers = [n for n in range(mask.bit_length()) if mask >> n & 1]
    return {n: _figures(each) for n, each in zip(numbers, told, strict=True)}


def _packed(stretches: Stretches, counter: bool) -> tuple[int, list[object]]:  # noqa: FBT001
    mask = sum(1 << n for n in stretches)
    told: list[object] = []
    for n in sorted(stretches):
        f = stretches[n]
        if f.number == 1:
            told.append(_short(f.last))
        else:
            kept = f if counter else f[:5]
            told.append([_short(each) for each in kept])
    return mask, told


def _short(value: float) -> float:
    """The same number, a whole one as an integer: a byte or two instead of nine."""
    whole = int(value)
    return whole if whole == value and abs(whole) < 1 << 53 else float(value)


def _figures(told: float | list[float]) -> Figures:
    if not isinstance(told, list):
        return Figures(1, told, told, told, told, told)
    number, total, least, most, last, *counter = told
    first, increase = counter or (last, 0.0)
    return Figures(int(number), total, least, most, last, first, increase)
