"""What the pretend world is like: a TOML tree read into one frozen value.

Theory of operation. Times of people (crews, callers' patience, the gap between entrapments) are
given as they would be in a real city and divided by `speed` when they are acted out; machines run
in real time. Every key has a default and a bound; a key that is not known is refused by name, so
a mistyped one never passes silently.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import UnionType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.errors import InvalidMessage

SHIPPED = Path(__file__).parent / "scenarios"


@dataclass(frozen=True, slots=True)
class CityScenario:
    """How large the city is. `traffic` scales the number of trips; 1 is a plausible day."""

    area: str = "410100"
    zone: str = "Asia/Shanghai"
    lifts: int = 500
    lifts_per_gateway: int = 5
    firms: int = 12
    stations: int = 8
    kitchens: int = 6
    kitchens_with_cameras: int = 6
    traffic: float = 1.0


@dataclass(frozen=True, slots=True)
class EntrapmentScenario:
    """When people get stuck. The first comes after that many real seconds, so a viewer sees one.

    `every_minutes` is the mean gap in minutes of the city's time; 0 means only by hand.
    """

    first_after_s: float = 5.0
    every_minutes: float = 15.0
    people_max: int = 4
    at_once_max: int = 6


@dataclass(frozen=True, slots=True)
class CrewScenario:
    """How crews behave. Shares are of firms; ranges (least, most) are the city's own minutes."""

    silent_share: float = 0.08
    refusing_share: float = 0.08
    answer_minutes: tuple[float, float] = (0.3, 1.2)
    set_out_minutes: tuple[float, float] = (0.3, 1.0)
    travel_minutes: tuple[float, float] = (3.0, 9.0)
    free_minutes: tuple[float, float] = (2.5, 9.0)
    poll_s: float = 5.0


@dataclass(frozen=True, slots=True)
class SeatScenario:
    """The pretend dispatcher's seat; off, people close the incidents. Ranges as for crews."""

    enabled: bool = True
    call_back_minutes: tuple[float, float] = (1.0, 3.0)
    cause_minutes: tuple[float, float] = (3.0, 8.0)
    close_minutes: tuple[float, float] = (1.0, 2.0)
    level3_minutes: tuple[float, float] = (15.0, 25.0)


@dataclass(frozen=True, slots=True)
class Scenario:
    """The whole pretend world. The same `seed` gives the same city and the same characters."""

    name: str = "city"
    seed: int = 96333
    speed: float = 20.0
    city: CityScenario = CityScenario()
    entrapments: EntrapmentScenario = EntrapmentScenario()
    crews: CrewScenario = CrewScenario()
    seat: SeatScenario = SeatScenario()


_SECTIONS: Mapping[str, type] = {
    "city": CityScenario,
    "entrapments": EntrapmentScenario,
    "crews": CrewScenario,
    "seat": SeatScenario,
}
_BOUNDS: Mapping[str, tuple[float, float]] = {
    "speed": (0.1, 1000),
    "seed": (0, 2**31 - 1),
    "city.lifts": (1, 20_000),
    "city.lifts_per_gateway": (1, 200),
    "city.firms": (1, 99),
    "city.stations": (1, 99),
    "city.kitchens": (0, 99),
    "city.kitchens_with_cameras": (0, 99),
    "city.traffic": (0, 20),
    "entrapments.first_after_s": (0, 86_400),
    "entrapments.every_minutes": (0, 100_000),
    "entrapments.people_max": (1, 20),
    "entrapments.at_once_max": (1, 1000),
    "crews.silent_share": (0, 1),
    "crews.refusing_share": (0, 1),
    "crews.poll_s": (0.05, 600),
}


def load(path: Path) -> Scenario:
    """Read a scenario file; raises InvalidMessage naming the key, OSError when it is not there."""
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise InvalidMessage("bad_toml", f"{path.name}: {error}") from error
    return parse(tree)


def shipped(name: str = "city") -> Scenario:
    """A scenario that comes with the product, by the name of its file."""
    return load(SHIPPED / f"{name}.toml")


def parse(tree: Mapping[str, Any]) -> Scenario:
    """Read a TOML tree (values of any type: hence Any); raises InvalidMessage naming the key."""
    top = dict(tree)
    sections: dict[str, Any] = {}
    for name, section in _SECTIONS.items():
        sub = top.pop(name, {})
        if not isinstance(sub, Mapping):
            raise InvalidMessage("bad_field", "is a table", field=name)
        sections[name] = section(**_values(section, sub, f"{name}."))
    scenario = Scenario(**_values(Scenario, top, ""), **sections)
    _check_words(scenario)
    return scenario


def _values(kind: type, tree: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    known = {each.name: each.type for each in fields(kind)}
    values: dict[str, Any] = {}
    for key, value in tree.items():
        if key not in known:
            remedy = f"not a key; there are {', '.join(sorted(known))}"
            raise InvalidMessage("unknown_key", remedy, field=f"{prefix}{key}")
        values[key] = _value(known[key], value, f"{prefix}{key}")
    return values


def _value(kind: type | UnionType | str, value: Any, name: str) -> Any:
    if kind in (int, float):
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole and not (kind is float and isinstance(value, float)):
            raise InvalidMessage("bad_field", f"is a number, not {value!r}", field=name)
        low, high = _BOUNDS[name]
        if not low <= value <= high:
            raise InvalidMessage("bad_field", f"is {low:g} to {high:g}, not {value}", field=name)
        return kind(value) if kind is float else value
    if kind is bool or kind is str:
        if not isinstance(value, kind):
            raise InvalidMessage("bad_field", f"is a {kind.__name__}", field=name)
        return value
    return _range(value, name)


def _range(value: Any, name: str) -> tuple[float, float]:
    match value:
        case [int() | float() as least, int() | float() as most] if 0 <= least <= most <= 10_000:  # noqa: PLR2004  (a week of minutes)
            return float(least), float(most)
        case _:
            raise InvalidMessage("bad_field", "is [least, most] in minutes", field=name)


def _check_words(scenario: Scenario) -> None:
    area = scenario.city.area
    if not (len(area) == 6 and area.isascii() and area.isdigit()):  # noqa: PLR2004
        raise InvalidMessage("bad_field", "is a 6-digit division code", field="city.area")
    try:
        ZoneInfo(scenario.city.zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidMessage("bad_field", "is no time zone", field="city.zone") from error
    if scenario.crews.silent_share + scenario.crews.refusing_share > 1:
        raise InvalidMessage(
            "bad_field", "and refusing_share together are at most 1", field="crews.silent_share"
        )
