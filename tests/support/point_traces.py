"""Labelled traces of kitchen points: what a day of a cold room looks like, and what must be told.

Same form as the traces of lifts. Seconds; a reading a minute unless the story says otherwise.
"""

from collections.abc import Callable, Iterator

from devices.protocol.messages import Sensor
from tests.support.traces import Step, Trace, trace

MINUTE = 60.0


def reading(at: float, temperature: float | None, point: str = "cold-room-1") -> Step:
    """One reading."""
    ts = int(1_795_420_800_000 + at * 1000)
    return at, Sensor(ts=ts, seq=1, boot="b", point=point, temperature_c=temperature)


def minutes(
    start: int,
    end: int,
    temperature: float | Callable[[int], float],
    point: str = "cold-room-1",
) -> Iterator[Step]:
    """A reading each minute, the same or by the minute."""
    for minute in range(start, end):
        value = temperature(minute) if callable(temperature) else temperature
        yield reading(minute * MINUTE, value, point)


POINT_TRACES: tuple[Trace, ...] = (
    trace("a cold room's quiet day", minutes(0, 300, 4.0), until=18_000),
    trace(
        "the door is open for loading for forty minutes",
        minutes(0, 30, 4.0),
        minutes(30, 70, 11.5),
        minutes(70, 120, 5.0),
        until=7200,
    ),
    trace(
        "the door is left open after closing time",
        minutes(0, 30, 4.0),
        minutes(30, 300, 12.0),
        raised={"point.warm": (75 * MINUTE, 76 * MINUTE)},
        until=18_000,
    ),
    trace(
        "four defrosts a day, each half an hour",
        *(minutes(n * 90, n * 90 + 60, 3.0) for n in range(4)),
        *(minutes(n * 90 + 60, n * 90 + 90, 9.5) for n in range(4)),
        until=21_600,
    ),
    trace(
        "a freezer defrosts",
        minutes(0, 60, -18.0, "freezer-1"),
        minutes(60, 100, -8.0, "freezer-1"),
        minutes(100, 160, -17.0, "freezer-1"),
        until=9600,
    ),
    trace(
        "a freezer's compressor has failed",
        minutes(0, 60, -18.0, "freezer-1"),
        minutes(60, 240, lambda minute: -18.0 + (minute - 60) * 0.2, "freezer-1"),
        raised={"point.warm": (150 * MINUTE, 153 * MINUTE)},
        until=14_400,
    ),
    trace(
        "a cold room that hangs at its limit rings once",
        minutes(0, 200, lambda minute: 8.2 if minute % 3 else 7.8),
        minutes(200, 300, lambda minute: 8.4 if minute % 2 else 8.1),
        raised={"point.warm": (244 * MINUTE, 247 * MINUTE)},
        until=18_000,
    ),
    trace(
        "a thermostat set too low freezes the greens",
        minutes(0, 120, -2.0),
        raised={"point.cold": (45 * MINUTE, 46 * MINUTE)},
        until=7200,
    ),
    trace(
        "a broken probe reads what no cold room can be",
        minutes(0, 30, 4.0),
        minutes(30, 40, -79.0),
        minutes(40, 90, 4.0),
        raised={"sensor.lost": (30 * MINUTE, 31 * MINUTE)},
        until=5400,
    ),
    trace(
        "a probe that drops out while it is warm says nothing of the hours between",
        minutes(0, 10, 4.0),
        minutes(10, 12, 9.0),
        minutes(200, 205, 4.0),
        until=14_400,
    ),
    trace(
        "hot holding is lukewarm over lunch",
        minutes(0, 60, 45.0, "hot-holding-1"),
        raised={"point.cold": (15 * MINUTE, 16 * MINUTE)},
        until=3600,
    ),
    trace(
        "a store room without limits, and a probe of humidity alone",
        minutes(0, 60, 38.0, "store-1"),
        (reading(minute * MINUTE, None) for minute in range(60)),
        until=3600,
    ),
)
