"""What a lift is technically, by kind: the facts that its maintenance record must begin with.

Modelled on TSG T5002-2017 Art. 8 (drive, load, speed and floors of every lift; cylinders and jack
of hydraulic ones; angle, rise, width and motor of escalators and walks) and on what registers keep
beside (roping for the count of rope bends). Load, speed and floors stand with the lift itself.
Everything may be unknown; what is given must fit. Lengths say their unit, angles are degrees.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from core.errors import InvalidMessage
from devices.model import LiftKind

Diameter = Annotated[int, Meta(ge=10, le=5_000)]
Word = Annotated[str, Meta(max_length=64)]


class ControlMode(StrEnum):
    """How calls are answered."""

    BUTTON = "button"
    SIGNAL = "signal"
    COLLECTIVE = "collective"
    DOWN_COLLECTIVE = "down_collective"
    SINGLE = "single"
    DUPLEX = "duplex"
    GROUP = "group"


class JackType(StrEnum):
    """How a hydraulic jack works on the car."""

    DIRECT = "direct"
    INDIRECT = "indirect"


class _Given(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    demanded: ClassVar[tuple[str, ...]] = ()


class Car(_Given, frozen=True):
    """A car on ropes or a positive drive, service lifts among them."""

    demanded: ClassVar[tuple[str, ...]] = ("drive_type",)
    drive_type: Word | None = None
    control_mode: ControlMode | None = None
    machine_room: bool | None = None
    roping_ratio: Annotated[int, Meta(ge=1, le=8)] | None = None
    sheave_mm: Diameter | None = None
    pulley_mm: Diameter | None = None
    rated_speed_down_m_per_s: Annotated[float, Meta(gt=0, le=20)] | None = None


class HydraulicCar(Car, frozen=True):
    """A car on hydraulic jacks."""

    demanded = ("drive_type", "cylinders", "jack_type")
    cylinders: Annotated[int, Meta(ge=1, le=12)] | None = None
    jack_type: JackType | None = None


class Stairs(_Given, frozen=True):
    """An escalator."""

    demanded: ClassVar[tuple[str, ...]] = ("angle_deg", "rise_m", "width_mm", "motor_kw")
    angle_deg: Annotated[float, Meta(ge=0, le=45)] | None = None
    rise_m: Annotated[float, Meta(ge=0, le=100)] | None = None
    width_mm: Annotated[int, Meta(ge=200, le=2_000)] | None = None
    motor_kw: Annotated[float, Meta(gt=0, le=500)] | None = None
    public_transport: bool | None = None
    indoor: bool | None = None


class Walk(Stairs, frozen=True):
    """A moving walk."""

    demanded = (*Stairs.demanded, "length_m")
    length_m: Annotated[float, Meta(gt=0, le=500)] | None = None


SCHEMAS: Mapping[LiftKind, type[_Given]] = {
    LiftKind.TRACTION_PASSENGER: Car,
    LiftKind.TRACTION_GOODS: Car,
    LiftKind.OBSERVATION: Car,
    LiftKind.POSITIVE_DRIVE_GOODS: Car,
    LiftKind.HYDRAULIC_PASSENGER: HydraulicCar,
    LiftKind.HYDRAULIC_GOODS: HydraulicCar,
    LiftKind.ESCALATOR: Stairs,
    LiftKind.MOVING_WALK: Walk,
    LiftKind.EXPLOSION_PROOF: Car,
    LiftKind.FIREFIGHTERS: Car,
    LiftKind.SERVICE: Car,
}


def checked(kind: LiftKind, given: Mapping[str, object]) -> dict[str, object]:
    """What was given as it is kept: known facts of that kind, within their bounds.

    A fact that is None is unknown and left out. Raises InvalidMessage("bad_field") naming it.
    """
    known = {name: value for name, value in given.items() if value is not None}
    try:
        read = msgspec.convert(known, SCHEMAS[kind])
    except msgspec.ValidationError as error:
        told = str(error)
        _, at, where = told.partition(" - at `$.")
        field = where.rstrip("`") if at else "technical"
        raise InvalidMessage("bad_field", f"technical data: {told}", field=field) from error
    kept: dict[str, object] = msgspec.to_builtins(read)
    return kept


def missing(kind: LiftKind, kept: Mapping[str, object]) -> tuple[str, ...]:
    """The facts that a maintenance record of that kind demands and that are not known."""
    return tuple(name for name in SCHEMAS[kind].demanded if name not in kept)


def json_schema(kind: LiftKind) -> dict[str, object]:
    """The JSON schema of that kind's facts, for forms and for others' programs."""
    return msgspec.json.schema(SCHEMAS[kind])
