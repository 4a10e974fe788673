"""The made-up lifts and gateways of a proof."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from core.journal import Actor
from devices import commands
from devices.model import Gateway, Lift, LiftKind, PlaceType
from simulators import crowd


def enrol(
    connection: Connection,
    numbers: Iterable[int],
    areas: Sequence[str],
    now: datetime,
    actor: Actor,
) -> None:
    """A lift and its gateway for each number of a crowd, in the areas by turns."""
    for number in numbers:
        code, area = crowd.lift_code(number), areas[number % len(areas)]
        sample = Lift(
            id=0,
            rescue_code=code,
            registration_code=f"31104101002026{code}",
            area=area,
            district=f"{area[:4]}05",
            address=f"示例路 {number} 号",
            building=f"{number} 号楼",
            position=None,
            kind=LiftKind.TRACTION_PASSENGER,
            place_type=PlaceType.RESIDENTIAL,
            min_floor=-1,
            max_floor=99,
            rated_speed_m_per_s=1.75,
            rated_load_kg=1000,
            firm_id=None,
            use_unit_id=None,
        )
        lift = commands.upsert_lift(connection, sample, now, actor)
        enrolled = Gateway(crowd.gateway(number), area, (lift.id,))
        commands.enrol_gateway(connection, enrolled, now, actor)
