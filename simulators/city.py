"""A sample city, grown from a seed: the same scenario always gives the same one.

Everybody and everything in it is made up and says so in its name. Ids are the city's own ordinal
numbers: whoever stores the city maps them to the ids of the store. One more lift and gateway than
the scenario asks for belong to nobody pretending: `G9001` speaks for lift 235274, so that anybody
with an MQTT client can publish for it.
"""

from dataclasses import dataclass
from datetime import time
from random import Random

from core.geo import Position
from devices.model import (
    Camera,
    Gateway,
    Kitchen,
    KitchenKind,
    Lift,
    LiftKind,
    MaintenanceFirm,
    PlaceType,
    RescueStation,
    SourceKind,
    UseUnit,
)
from simulators.scenario import Scenario

TRIAL_GATEWAY = "G9001"
TRIAL_LIFT = "235274"
CENTRE = Position(34.75, 113.65)

# Last two digits of the district's code, its name, and its centre relative to the city's.
_DISTRICTS = (
    ("02", "中原区", 0.00, -0.06),
    ("03", "二七区", -0.04, -0.02),
    ("04", "管城区", -0.02, 0.05),
    ("05", "金水区", 0.04, 0.04),
    ("08", "惠济区", 0.09, -0.03),
)
# Shares after the place types of published bulletins: about 70 % residential.
_PLACES = (
    (PlaceType.RESIDENTIAL, 70, "示例小区"),
    (PlaceType.OFFICE, 12, "示例大厦"),
    (PlaceType.MALL, 6, "示例商场"),
    (PlaceType.HOTEL, 4, "示例宾馆"),
    (PlaceType.HOSPITAL, 3, "示例医院"),
    (PlaceType.SCHOOL, 2, "示例学校"),
    (PlaceType.TRANSPORT, 1, "示例车站"),
    (PlaceType.CULTURE_SPORT, 1, "示例体育馆"),
    (PlaceType.OTHER, 1, "示例园区"),
)
_REGISTRATION_KIND = {LiftKind.TRACTION_PASSENGER: "3110", LiftKind.TRACTION_GOODS: "3120"}
_HIGH_RISE = 20  # storeys above which lifts are faster


@dataclass(frozen=True, slots=True)
class City:
    """What the registry is seeded with; see the module for what the ids mean."""

    firms: tuple[MaintenanceFirm, ...]
    use_units: tuple[UseUnit, ...]
    stations: tuple[RescueStation, ...]
    lifts: tuple[Lift, ...]
    gateways: tuple[Gateway, ...]
    kitchens: tuple[Kitchen, ...]
    cameras: tuple[Camera, ...]


def order_url(webhook_base: str, kind: str, code: str) -> str:
    """Where the crew of a firm or a station takes its orders; empty without a base."""
    return f"{webhook_base}/orders/{kind}/{code}" if webhook_base else ""


def generate(
    scenario: Scenario, *, webhook_base: str = "", rtsp_url: str = "", clip_path: str = ""
) -> City:
    """Grow the city; `webhook_base` is such as http://127.0.0.1:9100.

    A camera without a source (`rtsp_url` of K0001-1, `clip_path` of the others) is left out.
    """
    dice = Random(scenario.seed)  # noqa: S311  (a city, not a secret)
    plan = scenario.city
    firms = tuple(
        MaintenanceFirm(
            id=n,
            code=f"F{n:03d}",
            name=f"示例电梯维保 {n} 公司",
            phone_24h=f"0371-0000{n:04d}",
            webhook_url=order_url(webhook_base, "firm", f"F{n:03d}"),
        )
        for n in range(1, plan.firms + 1)
    )
    stations = tuple(
        _station(n, plan.area, webhook_base, dice) for n in range(1, plan.stations + 1)
    )
    kitchens = tuple(_kitchen(n, plan.area) for n in range(1, plan.kitchens + 1))
    use_units, lifts, gateways = _estates(scenario, dice)
    lifts.append(_trial_lift(len(lifts) + 1, plan.area))
    gateways.append(Gateway(TRIAL_GATEWAY, plan.area, (lifts[-1].id,)))
    gateways += [Gateway(f"G8{k.id:03d}", plan.area, (), k.id) for k in kitchens]
    return City(
        firms=firms,
        use_units=tuple(use_units),
        stations=stations,
        lifts=tuple(lifts),
        gateways=tuple(gateways),
        kitchens=kitchens,
        cameras=tuple(_cameras(kitchens[: plan.kitchens_with_cameras], rtsp_url, clip_path)),
    )


def _near(dice: Random, district: int, spread: float) -> Position:
    _, _, north, east = _DISTRICTS[district]
    return Position(
        round(CENTRE.latitude + north + dice.uniform(-spread, spread), 6),
        round(CENTRE.longitude + east + dice.uniform(-spread, spread), 6),
    )


def _station(n: int, area: str, webhook_base: str, dice: Random) -> RescueStation:
    district = (n - 1) % len(_DISTRICTS)
    return RescueStation(
        id=n,
        code=f"S{n:03d}",
        name=f"示例{_DISTRICTS[district][1]} {n} 号救援站",
        area=area,
        position=_near(dice, district, 0.015),
        phone=f"0371-0001{n:04d}",
        webhook_url=order_url(webhook_base, "station", f"S{n:03d}"),
    )


def _estates(scenario: Scenario, dice: Random) -> tuple[list[UseUnit], list[Lift], list[Gateway]]:
    """Buildings of a handful of lifts: one estate is one use unit, one gateway and one firm."""
    plan = scenario.city
    codes = iter(_rescue_codes(plan.lifts, dice))
    units: list[UseUnit] = []
    lifts: list[Lift] = []
    gateways: list[Gateway] = []
    while len(lifts) < plan.lifts:
        n = len(gateways) + 1
        place, _, name = dice.choices(_PLACES, weights=[share for _, share, _ in _PLACES])[0]
        district = dice.randrange(len(_DISTRICTS))
        centre = _near(dice, district, 0.028)
        storeys = dice.randint(6, 33) if place is PlaceType.RESIDENTIAL else dice.randint(4, 26)
        units.append(UseUnit(n, f"U{n:04d}", f"{name} {n} 物业", "示例安全员", f"0371-1{n:07d}"))
        own = range(1, min(plan.lifts_per_gateway, plan.lifts - len(lifts)) + 1)
        for building in own:
            identity = len(lifts) + 1
            goods = place is not PlaceType.RESIDENTIAL and dice.random() < 0.1  # noqa: PLR2004
            kind = LiftKind.TRACTION_GOODS if goods else LiftKind.TRACTION_PASSENGER
            division = f"{plan.area[:4]}{_DISTRICTS[district][0]}"
            lifts.append(
                Lift(
                    id=identity,
                    rescue_code=next(codes),
                    registration_code=(
                        f"{_REGISTRATION_KIND[kind]}{division}"
                        f"{dice.randint(2006, 2024)}{identity:06d}"
                    ),
                    area=plan.area,
                    district=division,
                    address=f"{_DISTRICTS[district][1]}示例路 {n} 号",
                    building=f"{name} {n} · {building} 号楼",
                    position=Position(
                        round(centre.latitude + 0.0006 * building, 6),
                        round(centre.longitude + 0.0004 * (building % 3), 6),
                    ),
                    kind=kind,
                    place_type=place,
                    min_floor=-1 if dice.random() < 0.5 else 1,  # noqa: PLR2004
                    max_floor=storeys,
                    rated_speed_m_per_s=_rated_speed(storeys, goods=goods),
                    rated_load_kg=2000 if goods else dice.choice((630, 800, 1000)),
                    firm_id=(n - 1) % plan.firms + 1,
                    use_unit_id=n,
                )
            )
        gateways.append(
            Gateway(f"G{n:04d}", plan.area, tuple(lift.id for lift in lifts[-len(own) :]))
        )
    return units, lifts, gateways


def _rated_speed(storeys: int, *, goods: bool) -> float:
    if goods:
        return 0.5
    return 2.5 if storeys > _HIGH_RISE else 1.75 if storeys > _HIGH_RISE / 2 else 1.0


def _rescue_codes(count: int, dice: Random) -> list[str]:
    """`count` six-digit codes, rising, none of them the trial lift's."""
    numbers = set(dice.sample(range(100_000, 1_000_000), count + 1)) - {int(TRIAL_LIFT)}
    return [str(number) for number in sorted(numbers)[:count]]


def _trial_lift(identity: int, area: str) -> Lift:
    district = f"{area[:4]}05"
    return Lift(
        id=identity,
        rescue_code=TRIAL_LIFT,
        registration_code=f"3110{district}2020{900_001:06d}",
        area=area,
        district=district,
        address="金水区示例路 12 号",
        building="示例小区 12 号楼",
        position=Position(34.781, 113.684),
        kind=LiftKind.TRACTION_PASSENGER,
        place_type=PlaceType.RESIDENTIAL,
        min_floor=-1,
        max_floor=18,
        rated_speed_m_per_s=1.75,
        rated_load_kg=1000,
        firm_id=1,
        use_unit_id=1,
    )


def _kitchen(n: int, area: str) -> Kitchen:
    kinds = tuple(KitchenKind)
    kind = kinds[(n - 1) % len(kinds)]
    title = {
        KitchenKind.SCHOOL_CANTEEN: "示例学校食堂",
        KitchenKind.WORKS_CANTEEN: "示例工厂食堂",
        KitchenKind.RESTAURANT: "示例饭店",
        KitchenKind.CENTRAL_KITCHEN: "示例中央厨房",
    }[kind]
    ordinal, name, *_ = _DISTRICTS[(n + 2) % len(_DISTRICTS)]
    return Kitchen(
        id=n,
        code=f"K{n:04d}",
        name=f"{title} {n}",
        kind=kind,
        area=area,
        district=f"{area[:4]}{ordinal}",
        address=f"{name}示例街 {n} 号",
        operator=f"示例餐饮 {n} 公司",
        licence_number=f"JY3{area}{n:07d}",
        grade="ABC"[(n - 1) % 3],
        published=True,
        opens=time(0, 0),
        closes=time(23, 59),
    )


def _cameras(kitchens: tuple[Kitchen, ...], rtsp_url: str, clip_path: str) -> list[Camera]:
    cameras: list[Camera] = []
    for kitchen in kitchens:
        if kitchen.id == 1 and rtsp_url:
            cameras.append(_camera(kitchen, 1, "烹饪区", SourceKind.RTSP, rtsp_url))
        if clip_path:
            cameras.append(_camera(kitchen, 2, "备餐间", SourceKind.FILE, clip_path))
    return cameras


def _camera(kitchen: Kitchen, n: int, label: str, kind: SourceKind, url: str) -> Camera:
    return Camera(
        id=f"{kitchen.code}-{n}",
        kitchen_id=kitchen.id,
        label=label,
        source_kind=kind,
        source_url=url,
        published=True,
        enabled=True,
    )
