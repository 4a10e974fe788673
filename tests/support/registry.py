"""A small registry in memory: one gateway with two lifts, one with one, one of a kitchen."""

from devices.directory import Directory, directory
from devices.model import Gateway, Lift, LiftKind, PlaceType

AREA = "410100"


def sample_lift(number: int, code: str) -> Lift:
    """A lift of ten stops with a made-up address."""
    return Lift(
        id=number,
        rescue_code=code,
        registration_code=f"31104101002026{code}",
        area=AREA,
        district="410105",
        address=f"示例路 {number} 号",
        building="1",
        position=None,
        kind=LiftKind.TRACTION_PASSENGER,
        place_type=PlaceType.RESIDENTIAL,
        min_floor=-1,
        max_floor=10,
        rated_speed_m_per_s=1.75,
        rated_load_kg=1000,
        firm_id=None,
        use_unit_id=None,
    )


def sample_directory() -> Directory:
    """G1 speaks for 100001; G2 for 100002 and 100003; K1 for the kitchen K0001."""
    lifts = [sample_lift(n, f"10000{n}") for n in (1, 2, 3)]
    gateways = [
        Gateway("G1", AREA, (1,)),
        Gateway("G2", AREA, (2, 3)),
        Gateway("K1", AREA, (), kitchen_id=7),
    ]
    return directory(gateways, lifts, {7: "K0001"})
