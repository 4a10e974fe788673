"""The lists that come with the hub, read from the package; an operator's files go before them."""

from collections.abc import Mapping
from importlib.resources import files
from tomllib import loads
from typing import Any
from zoneinfo import ZoneInfo

from core.errors import NotFound
from devices.maintenance import items, use_unit_duties
from devices.maintenance.log import Rules

ANNEXES = ("A", "B", "C", "D")


def item_list(annex: str) -> items.ItemList:
    """The items of an annex; raises NotFound for one without a shipped list."""
    if annex not in ANNEXES:
        raise NotFound("item list", annex)
    found = items.parse(_tree(f"annex_{annex.lower()}_v1.toml"))
    if isinstance(found, items.Refused):  # tests read every shipped file
        raise NotFound("item list", annex)
    return found


def check_lists() -> use_unit_duties.CheckLists:
    """The check-lists of use units."""
    found = use_unit_duties.parse(_tree("use_unit_v1.toml"))
    if isinstance(found, use_unit_duties.Refused):
        raise NotFound("check-lists", "use_unit_v1")
    return found


def rules(zone: ZoneInfo) -> Rules:
    """The shipped lists, and limits as the rule has them."""
    return Rules(zone, tuple(map(item_list, ANNEXES)), check_lists())


def _tree(name: str) -> Mapping[str, Any]:  # Any: parsed TOML
    return loads((files("devices.maintenance") / "lists" / name).read_text(encoding="utf-8"))
