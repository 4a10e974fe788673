"""Item lists: what is looked at in a visit, as versioned data that an operator can replace.

Theory of operation. A list belongs to one annex and names the lift kinds that it is for; an item
stands under one period, and a visit of that depth or a deeper one answers it. A record keeps the
list's name and version, so that an old record is read with the list it was written by. Codes such
as `A-1-29` are annex, period, number; numbers run from 1 without a gap. Modelled on annexes A to D
of TSG T5002-2017; the wording shipped is the hub's own. Firefighters' and explosion-proof lifts
follow their manufacturers' items (Art. 2): no list is shipped for them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby
from tomllib import loads
from typing import Any

from core.errors import NotFound
from devices.codes import Name
from devices.faults import Fault
from devices.maintenance.period import Period
from devices.model import LiftKind

ANNEXES = ("A", "B", "C", "D")
LONGEST = 200  # characters of a wording
_CODE = re.compile(r"([A-Z])-([1-4])-([1-9][0-9]?)")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]{0,15}")
_BY_DEPTH = {period.depth: period for period in Period}
_KEYS = frozenset({"version", "annex", "modelled_on", "title", "lift_kinds", "item"})
_ITEM_KEYS = frozenset({"code", "zh", "en", "key", "note"})

Tree = Mapping[str, Any]  # Any: parsed TOML, of any shape until it is checked


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to look at. A `key` item wants a photo; `note` says when it applies."""

    code: str
    period: Period
    number: int
    wording: Name
    key: bool = False
    note: Name | None = None


@dataclass(frozen=True, slots=True)
class ItemList:
    """The items of one annex in the order of their codes."""

    annex: str
    version: str
    modelled_on: str
    title: Name
    lift_kinds: frozenset[LiftKind]
    items: tuple[Item, ...]

    @property
    def name(self) -> str:
        """What a record keeps: annex and version."""
        return f"{self.annex}@{self.version}"

    def added(self, period: Period) -> tuple[Item, ...]:
        """The items that `period` adds to the shallower ones."""
        return tuple(item for item in self.items if item.period is period)

    def cumulated(self, period: Period) -> tuple[Item, ...]:
        """Every item that a visit of that depth answers."""
        return tuple(item for item in self.items if period.covers(item.period))


@dataclass(frozen=True, slots=True)
class Refused:
    """A list that cannot be used, with everything that is wrong in it."""

    faults: tuple[Fault, ...]


def parse(tree: Tree) -> ItemList | Refused:
    """Read the tree of a list file; faults name row (from 1) and field: `item[3].code`."""
    faults: list[Fault] = _unknown(tree, _KEYS, "")
    version = _text(tree, "version", "", faults)
    if version and not _VERSION.fullmatch(version):
        faults.append(Fault("version", "bad_form", "use letters, digits, points and dashes"))
    annex = _text(tree, "annex", "", faults)
    if annex and not re.fullmatch(r"[A-Z]", annex):
        faults.append(Fault("annex", "bad_form", "use one capital letter"))
    title = _name(tree, "title", faults)
    kinds = _lift_kinds(tree.get("lift_kinds"), faults)
    rows = tree.get("item")
    if not isinstance(rows, list) or not rows:
        faults.append(Fault("item", "missing", "give at least one [[item]]"))
        rows = []
    items = [item for n, row in enumerate(rows, 1) if (item := _item(row, annex, n, faults))]
    faults += _order(items)
    modelled_on = _text(tree, "modelled_on", "", faults)
    if faults:
        return Refused(tuple(faults))
    return ItemList(annex, version, modelled_on, title, kinds, tuple(items))


def shipped(annex: str) -> ItemList:
    """The list that comes with the hub; raises NotFound for an annex without one."""
    if annex not in ANNEXES:
        raise NotFound("item list", annex)
    file = files("devices.maintenance") / "lists" / f"annex_{annex.lower()}_v1.toml"
    found = parse(loads(file.read_text(encoding="utf-8")))
    if isinstance(found, Refused):  # a test reads every shipped list
        raise NotFound("item list", annex)
    return found


def for_kind(lists: Iterable[ItemList], kind: LiftKind) -> ItemList:
    """The first of `lists` that is for lifts of that kind: an operator's go before shipped ones.

    Raises NotFound where the manufacturer's items are wanted and nobody has entered them.
    """
    for each in lists:
        if kind in each.lift_kinds:
            return each
    raise NotFound("item list", str(kind))


def _item(row: object, annex: str, number: int, faults: list[Fault]) -> Item | None:
    where = f"item[{number}]"
    if not isinstance(row, Mapping):
        faults.append(Fault(where, "bad_form", "write it as [[item]]"))
        return None
    before = len(faults)
    faults += _unknown(row, _ITEM_KEYS, f"{where}.")
    code = _text(row, "code", f"{where}.", faults)
    parts = _CODE.fullmatch(code)
    if code and (parts is None or (annex and parts[1] != annex)):
        faults.append(
            Fault(f"{where}.code", "bad_form", f"use {annex or 'A'}-period 1 to 4-number")
        )
    zh, en = _text(row, "zh", f"{where}.", faults), _text(row, "en", f"{where}.", faults)
    key = row.get("key", False)
    if not isinstance(key, bool):
        faults.append(Fault(f"{where}.key", "bad_form", "use true or false"))
    note = _name(row, "note", faults, f"{where}.") if "note" in row else None
    if parts is None or len(faults) > before:
        return None
    return Item(code, _BY_DEPTH[int(parts[2])], int(parts[3]), Name(en, zh), bool(key), note)


def _order(items: list[Item]) -> list[Fault]:
    """Numbers rise by one from 1 in each period, and periods stand together in rising depth."""
    faults = []
    depths = [period.depth for period, _ in groupby(item.period for item in items)]
    if depths != sorted(set(depths)):
        faults.append(Fault("item", "bad_order", "put the periods together, from 1 to 4"))
    for period in Period:
        numbers = [item.number for item in items if item.period is period]
        for expected, number in enumerate(numbers, 1):
            if number != expected:
                code = next(i.code for i in items if i.period is period and i.number == number)
                faults.append(Fault(code, "bad_order", f"number {expected} is expected here"))
                break
    return faults


def _lift_kinds(value: object, faults: list[Fault]) -> frozenset[LiftKind]:
    known = {str(kind) for kind in LiftKind}
    if not isinstance(value, list) or not value or not all(each in known for each in value):
        remedy = f"list some of {', '.join(sorted(known))}"
        faults.append(Fault("lift_kinds", "bad_form", remedy))
        return frozenset()
    return frozenset(LiftKind(each) for each in value)


def _unknown(tree: Tree, known: frozenset[str], where: str) -> list[Fault]:
    remedy = f"known are {', '.join(sorted(known))}"
    return [Fault(f"{where}{key}", "unknown_key", remedy) for key in tree if key not in known]


def _name(tree: Tree, key: str, faults: list[Fault], where: str = "") -> Name:
    value = tree.get(key)
    if not isinstance(value, Mapping):
        faults.append(Fault(f"{where}{key}", "missing", "give it in zh and in en"))
        return Name("", "")
    place = f"{where}{key}."
    return Name(_text(value, "en", place, faults), _text(value, "zh", place, faults))


def _text(tree: Tree, key: str, where: str, faults: list[Fault]) -> str:
    value = tree.get(key)
    if not isinstance(value, str) or not value.strip():
        faults.append(Fault(f"{where}{key}", "missing", "give a text"))
        return ""
    if len(value) > LONGEST:
        faults.append(Fault(f"{where}{key}", "too_long", f"use at most {LONGEST} characters"))
    return value.strip()
