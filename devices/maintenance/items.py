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
from itertools import groupby
from typing import Any

from core.errors import NotFound
from devices.codes import Name
from devices.maintenance.period import Period
from devices.model import LiftKind
from devices.objections import Objection

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

    objections: tuple[Objection, ...]


def parse(tree: Tree) -> ItemList | Refused:
    """Read the tree of a list file; objections name row (from 1) and field: `item[3].code`."""
    objections: list[Objection] = _unknown(tree, _KEYS, "")
    version = _text(tree, "version", "", objections)
    if version and not _VERSION.fullmatch(version):
        objections.append(
            Objection("version", "bad_form", "use letters, digits, points and dashes")
        )
    annex = _text(tree, "annex", "", objections)
    if annex and not re.fullmatch(r"[A-Z]", annex):
        objections.append(Objection("annex", "bad_form", "use one capital letter"))
    title = _name(tree, "title", objections)
    kinds = _lift_kinds(tree.get("lift_kinds"), objections)
    rows = tree.get("item")
    if not isinstance(rows, list) or not rows:
        objections.append(Objection("item", "missing", "give at least one [[item]]"))
        rows = []
    items = [item for n, row in enumerate(rows, 1) if (item := _item(row, annex, n, objections))]
    objections += _order(items)
    modelled_on = _text(tree, "modelled_on", "", objections)
    if objections:
        return Refused(tuple(objections))
    return ItemList(annex, version, modelled_on, title, kinds, tuple(items))


def for_kind(lists: Iterable[ItemList], kind: LiftKind) -> ItemList:
    """The first of `lists` that is for lifts of that kind: an operator's go before shipped ones.

    Raises NotFound where the manufacturer's items are wanted and nobody has entered them.
    """
    for each in lists:
        if kind in each.lift_kinds:
            return each
    raise NotFound("item list", str(kind))


def _item(row: object, annex: str, number: int, objections: list[Objection]) -> Item | None:
    where = f"item[{number}]"
    if not isinstance(row, Mapping):
        objections.append(Objection(where, "bad_form", "write it as [[item]]"))
        return None
    before = len(objections)
    objections += _unknown(row, _ITEM_KEYS, f"{where}.")
    code = _text(row, "code", f"{where}.", objections)
    parts = _CODE.fullmatch(code)
    if code and (parts is None or (annex and parts[1] != annex)):
        objections.append(
            Objection(f"{where}.code", "bad_form", f"use {annex or 'A'}-period 1 to 4-number")
        )
    zh, en = _text(row, "zh", f"{where}.", objections), _text(row, "en", f"{where}.", objections)
    key = row.get("key", False)
    if not isinstance(key, bool):
        objections.append(Objection(f"{where}.key", "bad_form", "use true or false"))
    note = _name(row, "note", objections, f"{where}.") if "note" in row else None
    if parts is None or len(objections) > before:
        return None
    return Item(code, _BY_DEPTH[int(parts[2])], int(parts[3]), Name(en, zh), bool(key), note)


def _order(items: list[Item]) -> list[Objection]:
    """Numbers rise by one from 1 in each period, and periods stand together in rising depth."""
    objections = []
    depths = [period.depth for period, _ in groupby(item.period for item in items)]
    if depths != sorted(set(depths)):
        objections.append(Objection("item", "bad_order", "put the periods together, from 1 to 4"))
    for period in Period:
        numbers = [item.number for item in items if item.period is period]
        for expected, number in enumerate(numbers, 1):
            if number != expected:
                code = next(i.code for i in items if i.period is period and i.number == number)
                objections.append(
                    Objection(code, "bad_order", f"number {expected} is expected here")
                )
                break
    return objections


def _lift_kinds(value: object, objections: list[Objection]) -> frozenset[LiftKind]:
    known = {str(kind) for kind in LiftKind}
    if not isinstance(value, list) or not value or not all(each in known for each in value):
        remedy = f"list some of {', '.join(sorted(known))}"
        objections.append(Objection("lift_kinds", "bad_form", remedy))
        return frozenset()
    return frozenset(LiftKind(each) for each in value)


def _unknown(tree: Tree, known: frozenset[str], where: str) -> list[Objection]:
    remedy = f"known are {', '.join(sorted(known))}"
    return [Objection(f"{where}{key}", "unknown_key", remedy) for key in tree if key not in known]


def _name(tree: Tree, key: str, objections: list[Objection], where: str = "") -> Name:
    value = tree.get(key)
    if not isinstance(value, Mapping):
        objections.append(Objection(f"{where}{key}", "missing", "give it in zh and in en"))
        return Name("", "")
    place = f"{where}{key}."
    return Name(_text(value, "en", place, objections), _text(value, "zh", place, objections))


def _text(tree: Tree, key: str, where: str, objections: list[Objection]) -> str:
    value = tree.get(key)
    if not isinstance(value, str) or not value.strip():
        objections.append(Objection(f"{where}{key}", "missing", "give a text"))
        return ""
    if len(value) > LONGEST:
        objections.append(
            Objection(f"{where}{key}", "too_long", f"use at most {LONGEST} characters")
        )
    return value.strip()
