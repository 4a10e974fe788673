"""The policy of deadlines: how long each step of a rescue may take, per city.

Theory of operation. A policy is read once from a TOML tree; a wrong or unknown name is refused
with its full path. An incident carries a snapshot of the policy it was opened under, so an edit
of the file never moves the deadlines of a running rescue. `scaled` divides every duration for a
demonstration in which people act faster than life. The zone is no choice of the file but the hub's
setting; the snapshot carries it, because notices tell their deadlines by the clock on the wall.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core.errors import InvalidMessage

AREA_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Deadlines and choices of one city. What each means stands beside it in policy.toml."""

    pickup: timedelta = timedelta(seconds=15)
    dispatch: timedelta = timedelta(seconds=90)
    answer: timedelta = timedelta(minutes=3)
    level2_after_unanswered: timedelta = timedelta(minutes=5)
    level2_stations: int = 2
    level2_at_target_missed: bool = True
    level2_radius_m: int = 10_000
    busy_counts_as_m: int = 3_000
    target_arrival: timedelta = timedelta(minutes=15)
    statutory_arrival: timedelta = timedelta(minutes=30)
    level3_by: timedelta = timedelta(minutes=60)
    level3_automatic: bool = False
    freed_marks: tuple[timedelta, ...] = (timedelta(minutes=90), timedelta(minutes=120))
    callback: timedelta = timedelta(minutes=30)
    cause: timedelta = timedelta(hours=24)
    merge_within: timedelta = timedelta(minutes=30)
    confirm_trapped_after: timedelta = timedelta(seconds=60)
    public_rescue_name: str = "119 消防救援"
    public_rescue_phone: str = "119"
    zone: str = "Asia/Shanghai"  # of the clock by which notices tell times; given by the book

    def scaled(self, factor: float) -> "Policy":
        """Every duration divided by `factor` (> 0); for demonstrations."""
        if factor <= 0:
            raise ValueError(f"factor {factor} is not above 0")
        changes: dict[str, Any] = {}  # Any: the values of several fields
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, timedelta):
                changes[each.name] = value / factor
            elif isinstance(value, tuple):
                changes[each.name] = tuple(mark / factor for mark in value)
        return replace(self, **changes)

    def to_json(self) -> dict[str, object]:
        """A snapshot in the names of policy.toml."""
        out: dict[str, object] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, timedelta):
                out[f"{each.name}_s"] = value.total_seconds()
            elif isinstance(value, tuple):
                out[f"{each.name}_s"] = [mark.total_seconds() for mark in value]
            else:
                out[each.name] = value
        return out


_SAMPLE = Policy()
_KEYS = {
    f"{f.name}_s" if isinstance(getattr(_SAMPLE, f.name), timedelta | tuple) else f.name: f.name
    for f in fields(Policy)
}
_FILE_KEYS = {key: name for key, name in _KEYS.items() if name != "zone"}


def from_json(tree: Mapping[str, Any]) -> Policy:  # Any: parsed JSON
    """Read a snapshot back. Raises InvalidMessage naming the field."""
    return _read(tree, Policy(), "policy", _KEYS)


@dataclass(frozen=True, slots=True)
class PolicyBook:
    """The policy of every city; `zone` is the clock on every wall: of notices, and of days."""

    default: Policy = field(default_factory=Policy)
    by_area: Mapping[str, Policy] = field(default_factory=dict)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))

    def for_area(self, area: str) -> Policy:
        """The policy of the city with that division code, in the book's zone."""
        return replace(self.by_area.get(area, self.default), zone=self.zone.key)

    def scaled(self, factor: float) -> "PolicyBook":
        """The whole book with every duration divided by `factor`."""
        return replace(
            self,
            default=self.default.scaled(factor),
            by_area={area: policy.scaled(factor) for area, policy in self.by_area.items()},
        )


def parse(tree: Mapping[str, Any]) -> PolicyBook:  # Any: parsed TOML
    """Read the tree of a policy file; raises InvalidMessage naming the wrong field."""
    for key in tree:
        if key not in {"default", "area"}:
            raise InvalidMessage("unknown_key", "expected [default] or [area.NNNNNN]", field=key)
    default = _read(_table(tree.get("default", {}), "default"), Policy(), "default")
    by_area = {}
    for area, part in _table(tree.get("area", {}), "area").items():
        if not (area.isascii() and area.isdigit() and len(area) == AREA_DIGITS):
            raise InvalidMessage(
                "bad_field", "an area is a 6-digit division code", field=f"area.{area}"
            )
        by_area[area] = _read(_table(part, f"area.{area}"), default, f"area.{area}")
    return PolicyBook(default, by_area)


def _table(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidMessage("bad_field", "expected a table", field=name)
    return value


def _read(
    tree: Mapping[str, Any], base: Policy, path: str, keys: Mapping[str, str] = _FILE_KEYS
) -> Policy:
    changes: dict[str, Any] = {}
    for key, value in tree.items():
        name = keys.get(key)
        if name is None:
            raise InvalidMessage(
                "unknown_key", f"unknown; known are {', '.join(keys)}", field=f"{path}.{key}"
            )
        changes[name] = _value(value, getattr(base, name), f"{path}.{key}")
    policy = replace(base, **changes)
    _check(policy, path)
    return policy


def _value(value: object, like: object, path: str) -> object:
    match like:
        case timedelta():
            return _duration(value, path)
        case tuple():
            if not isinstance(value, list):
                raise InvalidMessage("bad_field", "expected a list of seconds", field=path)
            return tuple(_duration(each, f"{path}[{i}]") for i, each in enumerate(value))
        case bool():
            if not isinstance(value, bool):
                raise InvalidMessage("bad_field", "expected true or false", field=path)
        case int():
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise InvalidMessage("bad_field", "expected a whole number >= 0", field=path)
        case _:
            if not isinstance(value, str) or not value.strip():
                raise InvalidMessage("bad_field", "expected a text", field=path)
    return value


def _duration(value: object, path: str) -> timedelta:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 30 * 86400:
        raise InvalidMessage(
            "bad_field", "expected seconds, above 0 and at most 30 days", field=path
        )
    return timedelta(seconds=value)


def _check(policy: Policy, path: str) -> None:
    for earlier, later in (
        ("answer", "level2_after_unanswered"),
        ("target_arrival", "statutory_arrival"),
        ("statutory_arrival", "level3_by"),
    ):
        if getattr(policy, earlier) > getattr(policy, later):
            raise InvalidMessage(
                "bad_field", f"must not be shorter than {earlier}_s", field=f"{path}.{later}_s"
            )
    if list(policy.freed_marks) != sorted(set(policy.freed_marks)):
        raise InvalidMessage("bad_field", "must rise", field=f"{path}.freed_marks_s")
