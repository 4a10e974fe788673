"""Which difference is worth a row of history: pure.

A lift that reports every second costs what it says, not how often it speaks. A message whose
figures lie within their dead-bands of what was stored last is `unchanged`: it moves the newest
state and makes no row, but for one row in each heartbeat interval, so that history also shows that
the lift was heard. Because the comparison is with what was *stored*, a slow drift adds up to a row.
A value that starts or ceases to be zero is always a change: standing still is not driving slowly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

import msgspec

from devices.protocol import messages as m
from ingest.timeseries.port import Value

_SHARED, _SMALL = 4_096, 1_000.0
COMMON = ("ts", "seq", "boot")
_NAMES = ("lift", "point")  # say whose message it is, not what it tells
Values = tuple[object, ...]

# By kind of message and field. A field that is not named here changes with every difference.
DEFAULTS: Mapping[str, float] = MappingProxyType(
    {
        "speed_m_s": 0.05,
        "load_kg": 20.0,
        "car_temp_c": 0.5,
        "temperature_c": 0.2,
        "humidity_pct": 2.0,
        "signal_dbm": 6.0,
        "battery_pct": 2.0,
        "uptime_s": float("inf"),  # moves by itself; `boot` tells of a restart
    }
)


@dataclass(frozen=True, slots=True)
class DeadBands:
    """How much each field may differ, and how long nothing may be stored."""

    by_field: Mapping[str, float] = field(default_factory=lambda: DEFAULTS)
    heartbeat: timedelta = timedelta(minutes=5)

    @classmethod
    def off(cls) -> "DeadBands":
        """Every message is a row."""
        return cls({}, timedelta(0))


class Columns:
    """The fields of one kind of message, in the order of its struct."""

    __slots__ = ("_banded", "_exact", "kind", "names", "nothing", "start")

    def __init__(self, struct: type[msgspec.Struct], bands: Mapping[str, float]) -> None:
        self.kind = struct
        fields = struct.__struct_fields__
        self.start = sum(name in (*COMMON, *_NAMES) for name in fields)
        self.names = fields[self.start :]
        self.nothing: Values = (None,) * len(self.names)
        self._exact = tuple(n for n, name in enumerate(self.names) if name not in bands)
        self._banded = tuple((n, bands[name]) for n, name in enumerate(self.names) if name in bands)

    def values(self, message: msgspec.Struct) -> Values:
        """What the message tells, None where it tells nothing."""
        return msgspec.structs.astuple(message)[self.start :]

    def same(self, stored: Values, told: Values) -> bool:
        """Whether `told` lies within the dead-bands of `stored`; what is not told differs not."""
        for n in self._exact:
            new = told[n]
            if new is not None and new != stored[n]:
                return False
        for n, band in self._banded:
            new, old = told[n], stored[n]
            if new is None or new == old:
                continue
            if old is None or not new or not old or abs(new - old) > band:  # type: ignore[operator]
                return False
        return True

    def fields(self, values: Values) -> dict[str, Value]:
        """By name, without what is not known; states of cameras by camera."""
        known = dict(zip(self.names, values, strict=True))
        if None in values:
            known = {name: value for name, value in known.items() if value is not None}
        if "cameras" in known:
            cameras: Mapping[str, str] = known.pop("cameras")  # type: ignore[assignment]
            known |= {f"camera {camera}": state for camera, state in cameras.items()}
        return known  # type: ignore[return-value]


class Shared:
    """Equal texts and small figures as one value: a province says the same few again and again.

    A firmware's name, a signal strength, a battery's charge: for what comes seldom, since it costs.
    """

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[object, object] = {}

    def values(self, told: Values) -> Values:
        """The same values, each the one that was seen first."""
        known = self._known
        if len(known) > _SHARED:
            known.clear()
        return tuple(
            [
                known.setdefault(each, each)
                if type(each) is str or (type(each) is float and -_SMALL <= each <= _SMALL)
                else each
                for each in told
            ]
        )


def merged(known: Values, told: Values) -> Values:
    """What is known after a message: its own words over the earlier ones."""
    if None not in told:
        return told
    return tuple([old if new is None else new for old, new in zip(known, told, strict=True)])


def columns(bands: DeadBands) -> Mapping[type[msgspec.Struct], Columns]:
    """The columns of every kind of message whose repetition is not worth a row."""
    kinds: Sequence[type[msgspec.Struct]] = (
        m.Status,
        m.Stats,
        m.Heartbeat,
        m.Sensor,
        m.CameraStatus,
    )
    return {kind: Columns(kind, bands.by_field) for kind in kinds}
