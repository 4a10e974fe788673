"""How a cell of a file is read: each reader answers a value or raises ValueError with a reason.

A reason repeats the cell, so that people find it, unless it may hold a password.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, time

from devices.codes import Name

Value = str | int | float | bool | date | time | tuple[str, ...] | None
_SHOWN = 40  # characters
_CONTROL = re.compile(r"[\x00-\x1f]")
_WHOLE = re.compile(r"[+-]?[0-9]{1,9}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{1,15})?")


def shown(cell: str) -> str:
    """A cell as a refusal repeats it; an address may hold a password and is not repeated."""
    return "the address" if "://" in cell or "@" in cell else repr(cell[:_SHOWN])


def pattern(expression: str, *, secret: bool = False) -> Callable[[str], Value]:
    """A text of that form; a `secret` one is not repeated in the refusal."""
    compiled = re.compile(expression)

    def read(cell: str) -> Value:
        if not compiled.fullmatch(cell):
            raise ValueError(f"{'it' if secret else shown(cell)} is not of this form")
        return cell

    return read


def text(longest: int) -> Callable[[str], Value]:
    """One line of at most that many characters."""

    def read(cell: str) -> Value:
        if len(cell) > longest:
            raise ValueError(f"{len(cell)} characters are too many")
        if _CONTROL.search(cell):
            raise ValueError("it holds a line break or another control character")
        return cell

    return read


def whole(low: int, high: int) -> Callable[[str], Value]:
    """A whole number within bounds."""

    def read(cell: str) -> Value:
        if not _WHOLE.fullmatch(cell):
            raise ValueError(f"{shown(cell)} is not a whole number")
        if not low <= int(cell) <= high:
            raise ValueError(f"{cell} is out of range")
        return int(cell)

    return read


def decimal(low: float, high: float) -> Callable[[str], Value]:
    """A decimal number within bounds."""

    def read(cell: str) -> Value:
        if not _DECIMAL.fullmatch(cell):
            raise ValueError(f"{shown(cell)} is not a decimal number")
        if not low <= float(cell) <= high:
            raise ValueError(f"{cell} is out of range")
        return float(cell)

    return read


def coded(names: Mapping[str, Name]) -> Callable[[str], Value]:
    """One of these codes, or its Chinese name."""
    meant = {name.zh: str(code) for code, name in names.items()} | {str(c): str(c) for c in names}

    def read(cell: str) -> Value:
        if cell not in meant:
            raise ValueError(f"{shown(cell)} is none of them")
        return meant[cell]

    return read


def one_of(names: Mapping[str, Name]) -> str:
    """The codes with their Chinese names, for people."""
    return "one of " + ", ".join(f"{code} ({name.zh})" for code, name in names.items())


def yes_or_no(cell: str) -> Value:
    """Yes or no, in the words that spreadsheets use."""
    match cell.lower():
        case "yes" | "true" | "1" | "是":
            return True
        case "no" | "false" | "0" | "否":
            return False
        case _:
            raise ValueError(f"{shown(cell)} is neither")


def time_of_day(cell: str) -> Value:
    """Hours and minutes."""
    found = re.fullmatch(r"([01]?[0-9]|2[0-3])[:：]([0-5][0-9])", cell)
    if not found:
        raise ValueError(f"{shown(cell)} is no time of the day")
    return time(int(found[1]), int(found[2]))


def many(read_one: Callable[[str], Value]) -> Callable[[str], Value]:
    """Several, parted by blanks."""

    def read(cell: str) -> Value:
        return tuple(dict.fromkeys(str(read_one(each)) for each in cell.split()))

    return read


def day(cell: str) -> Value:
    """A date, as spreadsheets write it: year, month, day."""
    found = re.fullmatch(r"([0-9]{4})[-/.年]?([0-9]{1,2})[-/.月]?([0-9]{1,2})日?( 0:?0.*)?", cell)
    try:
        if found:
            return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        pass
    raise ValueError(f"{shown(cell)} is no date")
