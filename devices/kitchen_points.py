"""What is normal at a sensor point of a kitchen, by the kind that its name tells.

A point is named on the wire by its kind and a number (`cold-room-1`). Figures are modelled on the
operating practice of Chinese food services (chilled 0 to 8 °C, frozen -12 °C and below, hot holding
60 °C and above, rooms for cold dishes at most 25 °C); the texts themselves were not seen, so they
are defaults of ours and stand here as data. `lasting` is how long a reading must stay outside: a
door open for loading and a defrost of half an hour are part of a cold room's day.
"""

from dataclasses import dataclass
from datetime import timedelta

WARM, COLD, LOST = "point.warm", "point.cold", "sensor.lost"
SILENT_AFTER = timedelta(minutes=30)
"""A point that tells nothing for so long, while its gateway speaks, has lost its sensor."""


@dataclass(frozen=True, slots=True)
class PointLimits:
    """Temperatures in °C; None: no limit. `back` is how far inside a reading ends the condition.

    `possible` is what a sensor of that kind can read at all: beyond it the sensor is at fault.
    """

    low: float | None
    high: float | None
    lasting: timedelta
    back: float = 0.5
    possible: tuple[float, float] = (-50.0, 60.0)


_CHILLED = PointLimits(0.0, 8.0, timedelta(minutes=45))
_FROZEN = PointLimits(None, -12.0, timedelta(minutes=60), back=1.0)
_COLD_DISHES = PointLimits(None, 25.0, timedelta(minutes=15))
_HOT = PointLimits(60.0, None, timedelta(minutes=15), back=1.0, possible=(-20.0, 150.0))

KINDS: tuple[tuple[str, PointLimits], ...] = (
    ("cold-room", _CHILLED),
    ("fridge", _CHILLED),
    ("samples", _CHILLED),  # what is kept of each meal
    ("freezer", _FROZEN),
    ("cold-dishes", _COLD_DISHES),
    ("hot-holding", _HOT),
)


def limits_of(point: str) -> PointLimits | None:
    """The limits of a point by its name; None: of a kind that has none."""
    return next((limits for kind, limits in KINDS if point.startswith(kind)), None)
