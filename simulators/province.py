"""A sample province, grown from a seed: the same plan always gives the same files, row by row.

Everybody and everything in it is made up: its cities are called 示例市一, 示例市二 …, its division
codes begin with 99, which no province has. Streets, estates and buildings are words put together
by chance, in the form that real addresses have. Rows are told one after another, as the columns of
the files that `hub import` takes, so that a province needs no memory to speak of.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from random import Random

Row = Mapping[str, object]

_NUMERALS = "一二三四五六七八九十"
_DISTRICTS = ("东湖区", "西山区", "南桥区", "北苑区", "高新区", "新城区")
_TOWNS = ("青石", "柳林", "石桥", "马庄", "文峰", "龙泉", "白沙", "古城", "东风", "南阳路")
_FIRST = "锦金瑞盛恒华阳天景翠御龙凤云水清明和康福安宁永泰鑫宏嘉丽美雅"
_SECOND = "绣都庭园丰源辉泽湖山河江城苑林海岸港台桥湾峰岭春秋月星光晖"
_ESTATES = ("花园", "小区", "家园", "名邸", "公馆", "新城", "国际", "雅居", "苑", "城")
_ROADS = ("路", "街", "大道", "巷", "东路", "西路", "南街", "北街")
_ROAD_WORDS = (
    *("建设", "人民", "文化", "青年", "迎宾", "学苑", "朝阳", "和平", "解放", "健康", "科学"),
    *("长江", "黄河", "嵩山", "桃园", "梧桐", "银杏", "育才", "光明", "团结", "胜利", "长安"),
)
_BRANDS = ("示例电梯", "样品电梯", "范本电梯", "试制电梯")
# Shares after the place types of published bulletins: about 70 % residential.
_PLACES = (
    *(("residential", 70, ""), ("office", 12, "大厦"), ("mall", 6, "广场"), ("hotel", 4, "酒店")),
    *(("hospital", 3, "医院"), ("school", 2, "学校"), ("transport", 1, "车站")),
    *(("culture_sport", 1, "体育馆"), ("other", 1, "产业园")),
)
_KITCHENS = (
    ("school_canteen", 45, "学校食堂"),
    ("works_canteen", 15, "职工食堂"),
    ("restaurant", 38, "饭店"),
    ("central_kitchen", 2, "中央厨房"),
)
_CODES, _STRIDE = 900_000, 423_461  # prime to each other: every step another code
_TRIAL = "235274"  # the lift of the sample city; a province keeps off it


@dataclass(frozen=True)
class Plan:
    """How large a province, and of which seed."""

    seed: int = 1
    lifts: int = 200_000
    firms: int = 500
    stations: int = 216
    kitchens: int = 20_000
    cities: int = 18
    gateways: bool = False

    @cached_property
    def shares(self) -> list[float]:
        """How the cities share: the first is the largest, the last a tenth of it."""
        weights = [1 - 0.9 * n / max(1, self.cities - 1) for n in range(self.cities)]
        return list(accumulate(weights))


@dataclass(frozen=True, slots=True)
class Estate:
    """A place whose lifts one use unit runs and one firm maintains; `lifts` are numbers from 0."""

    number: int
    city: int
    district: str
    name: str
    street: str
    place_type: str
    firm: int
    buildings: int
    units: int
    latitude: float
    longitude: float
    year: int
    lifts: range

    @property
    def use_unit(self) -> str:
        """The code of who runs its lifts."""
        return f"U{self.number + 1:06d}"


def city_name(city: int) -> str:
    """示例市一, …, 示例市十八."""
    tens, ones = divmod(city + 1, 10)
    word = ("" if tens < 2 else _NUMERALS[tens - 1]) + ("十" if tens else "")  # noqa: PLR2004
    return f"示例市{word}{_NUMERALS[ones - 1] if ones else ''}"


def area_code(city: int) -> str:
    """The city's division code."""
    return f"99{city + 1:02d}00"


def files(plan: Plan) -> Mapping[str, Callable[[], Iterator[Row]]]:
    """What to import, in this order: the kind of file, and what tells its rows."""
    return {
        "divisions": lambda: divisions(plan),
        "firms": lambda: firms(plan),
        "use_units": lambda: use_units(plan),
        "stations": lambda: stations(plan),
        "lifts": lambda: lifts(plan),
        "kitchens": lambda: kitchens(plan),
    }


def divisions(plan: Plan) -> Iterator[Row]:
    """The province, its cities and their districts."""
    yield _division("990000", "示例省", "Sample province", "")
    for city in range(plan.cities):
        code = area_code(city)
        yield _division(code, city_name(city), f"Sample city {city + 1}", "990000")
        for n, name in enumerate(_DISTRICTS):
            yield _division(f"{code[:4]}{n + 2:02d}", name, f"Sample district {n + 1}", code)


def _division(code: str, zh: str, en: str, parent: str) -> Row:
    return {"code": code, "name_zh": zh, "name_en": en, "parent": parent}


def firms(plan: Plan) -> Iterator[Row]:
    """Maintenance firms."""
    for n in range(plan.firms):
        yield {
            "code": f"F{n + 1:04d}",
            "name": f"{city_name(_firm_city(plan, n))}示例电梯维保 {n + 1} 公司",
            "phone_24h": f"0990-1{n:07d}",
        }


def _firm_city(plan: Plan, firm: int) -> int:
    """Firms are spread over the cities as lifts are; every city has one at least."""
    if firm < plan.cities:
        return firm
    return Random(f"{plan.seed}/firm/{firm}").choices(  # noqa: S311  (a province, not a secret)
        range(plan.cities), cum_weights=plan.shares
    )[0]


def estates(plan: Plan) -> Iterator[Estate]:
    """Every place with lifts, city by chance."""
    of_city: dict[int, list[int]] = {}
    for n in range(plan.firms):
        of_city.setdefault(_firm_city(plan, n), []).append(n)
    number = begins = 0
    while begins < plan.lifts:
        dice = Random(f"{plan.seed}/estate/{number}")  # noqa: S311  (likewise)
        made = _estate(plan, dice, number, begins, of_city)
        yield made
        number, begins = number + 1, made.lifts.stop


def _estate(
    plan: Plan, dice: Random, number: int, begins: int, firms: Mapping[int, list[int]]
) -> Estate:
    city = dice.choices(range(plan.cities), cum_weights=plan.shares)[0]
    ordinal = dice.randrange(len(_DISTRICTS))
    place, _, word = dice.choices(_PLACES, weights=[share for _, share, _ in _PLACES])[0]
    name = dice.choice(_FIRST) + dice.choice(_SECOND)
    if place == "residential":
        name += dice.choice(_ESTATES) + dice.choice(("", "", "", "一期", "二期"))
        buildings, units = dice.randint(2, 14), dice.randint(1, 3)
    else:
        name += word
        buildings, units = dice.randint(1, 3), 1
    road = dice.choice(_ROAD_WORDS) if dice.random() < 0.5 else name[1] + dice.choice(_FIRST)  # noqa: PLR2004
    lifts = min(plan.lifts - begins, buildings * units * dice.randint(1, 2))
    return Estate(
        number=number,
        city=city,
        district=f"{area_code(city)[:4]}{ordinal + 2:02d}",
        name=name,
        street=f"{dice.choice(_TOWNS)}街道{road}{dice.choice(_ROADS)}{dice.randint(1, 399)}号",
        place_type=place,
        firm=dice.choice(firms.get(city, [0])),
        buildings=buildings,
        units=units,
        latitude=round(_centre(city)[0] + dice.gauss(0, 0.06), 6),
        longitude=round(_centre(city)[1] + dice.gauss(0, 0.07), 6),
        year=dice.randint(2004, 2025),
        lifts=range(begins, begins + lifts),
    )


def _centre(city: int) -> tuple[float, float]:
    return 32.0 + 0.9 * (city // 5), 111.5 + 1.0 * (city % 5)


def use_units(plan: Plan) -> Iterator[Row]:
    """Who runs the lifts of each estate."""
    for each in estates(plan):
        yield {
            "code": each.use_unit,
            "name": f"{each.name}物业服务中心",
            "safety_officer": f"示例安全员 {each.number + 1}",
            "phone": f"0990-2{each.number:07d}",
        }


def lifts(plan: Plan) -> Iterator[Row]:
    """Lifts with their papers, estate by estate."""
    offset = plan.seed * 7_919 % _CODES
    skipped = (int(_TRIAL) - 100_000 - offset) * pow(_STRIDE, -1, _CODES) % _CODES
    for estate in estates(plan):
        dice = Random(f"{plan.seed}/lifts/{estate.number}")  # noqa: S311  (likewise)
        for n in estate.lifts:
            step = n + (n >= skipped)
            code = (step * _STRIDE + offset) % _CODES + 100_000
            yield _lift(plan, estate, dice, n, str(code))


def _lift(plan: Plan, estate: Estate, dice: Random, n: int, code: str) -> Row:
    index = n - estate.lifts.start
    building = index % estate.buildings + 1
    unit = index // estate.buildings % estate.units + 1
    car = "ABCD"[index // (estate.buildings * estate.units) % 4]
    goods = estate.place_type not in {"residential", "school"} and dice.random() < 0.1  # noqa: PLR2004
    storeys = dice.randint(6, 33)
    low = dice.choice((-2, -1, 1))
    return {
        "rescue_code": code,
        "registration_code": f"{'3120' if goods else '3110'}{estate.district}{estate.year}{n:06d}",
        "area": area_code(estate.city),
        "district": estate.district,
        "address": f"{city_name(estate.city)}{_DISTRICTS[int(estate.district[-2:]) - 2]}"
        f"{estate.street}",
        "building": f"{estate.name}{building}号楼",
        "latitude": round(estate.latitude + 0.0006 * (building % 5), 6),
        "longitude": round(estate.longitude + 0.0006 * (building // 5), 6),
        "kind": "traction_goods" if goods else "traction_passenger",
        "place_type": estate.place_type,
        "min_floor": low,
        "max_floor": storeys,
        "rated_speed_m_per_s": 0.5 if goods else 2.5 if storeys > 20 else 1.75,  # noqa: PLR2004
        "rated_load_kg": 2000 if goods else dice.choice((630, 800, 1000)),
        "firm_code": f"F{estate.firm + 1:04d}",
        "use_unit_code": estate.use_unit,
        "gateway_id": f"G{estate.number + 1:06d}" if plan.gateways else "",
        "project": estate.name,
        "unit": f"{unit}单元" if estate.units > 1 else "",
        "in_house_number": f"{building}-{unit}-{car}",
        "registration_certificate": f"梯11例{estate.city:02d}{n:06d}({estate.year % 100:02d})",
        "brand": _BRANDS[n % len(_BRANDS)],
        "stops": storeys - low + (1 if low > 0 else 0),
        "installed_on": f"{estate.year}-{n % 12 + 1:02d}-{n % 28 + 1:02d}",
    }


def stations(plan: Plan) -> Iterator[Row]:
    """Second-level rescue stations: one a city at least."""
    for n in range(plan.stations):
        dice = Random(f"{plan.seed}/station/{n}")  # noqa: S311  (likewise)
        city = n if n < plan.cities else _chosen(plan, dice)
        latitude, longitude = _centre(city)
        yield {
            "code": f"S{n + 1:04d}",
            "name": f"{city_name(city)}{dice.choice(_DISTRICTS)}{n + 1}号救援站",
            "area": area_code(city),
            "latitude": round(latitude + dice.gauss(0, 0.05), 6),
            "longitude": round(longitude + dice.gauss(0, 0.06), 6),
            "phone": f"0990-3{n:07d}",
        }


def _chosen(plan: Plan, dice: Random) -> int:
    return dice.choices(range(plan.cities), cum_weights=plan.shares)[0]


def kitchens(plan: Plan) -> Iterator[Row]:
    """School and works canteens, restaurants, central kitchens."""
    for n in range(plan.kitchens):
        dice = Random(f"{plan.seed}/kitchen/{n}")  # noqa: S311  (likewise)
        city = _chosen(plan, dice)
        ordinal = dice.randrange(len(_DISTRICTS))
        kind, _, word = dice.choices(_KITCHENS, weights=[share for _, share, _ in _KITCHENS])[0]
        name = f"{dice.choice(_FIRST)}{dice.choice(_SECOND)}{word}"
        yield {
            "code": f"K{n + 1:05d}",
            "name": f"示例{name}",
            "kind": kind,
            "area": area_code(city),
            "district": f"{area_code(city)[:4]}{ordinal + 2:02d}",
            "address": f"{city_name(city)}{_DISTRICTS[ordinal]}{dice.choice(_TOWNS)}街道"
            f"{dice.choice(_ROAD_WORDS)}{dice.choice(_ROADS)}{dice.randint(1, 399)}号",
            "operator": f"示例餐饮 {n + 1} 公司",
            "licence_number": f"JY3{area_code(city)}{n:07d}",
            "grade": dice.choice("AABBC"),
            "published": "yes",
            "opens": "06:00",
            "closes": "21:00",
            "meals_a_day": dice.randrange(50, 3000, 10),
        }
