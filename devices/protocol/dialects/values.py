"""One value of a vendor, read as one of ours: pure, and every misfit is a ValueError in words."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from math import isfinite
from typing import Any

from devices.protocol.dialects.model import TIMES, Form, Source

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?([0-9]{1,18}(\.[0-9]{0,18})?|\.[0-9]{1,18})([eE][+-]?[0-9]{1,2})?")
_FLOOR = re.compile(r"(B|-|负|地下)?[FL]?([0-9]{1,3})[FL层楼]?", re.IGNORECASE)
_COMPACT = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})")
_CERTAINLY_MS = 100_000_000_000  # as seconds, the year 5138
_WHOLE = 2**53
_SHOWN = 40


def token(value: object) -> str:  # noqa: PLR0911  (one return a case)
    """How a value is looked up in a table: 1, 1.0, "1" and "01" are one; so are true and "True"."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < _WHOLE:
            return str(int(value))
        case int() if abs(value) >= _WHOLE:
            return "beyond"  # of no table; str() of a huge integer may refuse
        case str():
            text = value.strip().casefold()
            return (text.lstrip("0") or "0") if text.isascii() and text.isdecimal() else text
        case int() | float():
            return str(value)
        case _:
            return "{}"


def shown(value: object) -> str:
    """A value in a sentence."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = value if isinstance(value, str) else token(value)
    return repr(text[:_SHOWN])


def convert(source: Source, value: object) -> Any:
    """The value in our terms, of the type that `source.form` says (hence Any).

    Raises ValueError in words.
    """
    form = source.form
    if form in TIMES:
        return millis(value, form, source.zone)
    match form:
        case Form.BOOLEAN:
            return _boolean(value)
        case Form.FLOOR:
            return _floor(value)
        case Form.INTEGER:
            return _integer(_number(value) * source.factor + source.shift, value)
        case Form.NUMBER:
            return round(_number(value) * source.factor + source.shift, 6)
        case _:
            return _text(value)


def millis(value: object, form: Form, zone: tzinfo | None) -> int:
    """An instant in milliseconds since 1970 UTC; raises ValueError in words."""
    text = value.strip() if isinstance(value, str) else token(value)
    compact = _COMPACT.fullmatch(text)
    if form is Form.DATE or (form is Form.ANY_TIME and (compact or not _NUMBER.fullmatch(text))):
        if compact:
            at = datetime(*map(int, compact.groups()))  # type: ignore[arg-type]  # noqa: DTZ001
        else:
            try:
                at = datetime.fromisoformat(text.replace("/", "-"))
            except ValueError as error:
                raise ValueError(f"{shown(value)} is no date and time") from error
        if at.tzinfo is None:
            if zone is None:
                raise ValueError("tells no time zone, and the mapping gives none (`zone`)")
            at = at.replace(tzinfo=zone)
        try:
            return (at - _EPOCH) // _MILLISECOND
        except OverflowError as error:
            raise ValueError(f"{shown(value)} is beyond the calendar") from error
    number = _number(value)
    seconds = form is Form.SECONDS or (form is Form.ANY_TIME and abs(number) < _CERTAINLY_MS)
    return int(number * 1000) if seconds else int(number)


def _number(value: object) -> float:
    match value:
        case bool():
            pass
        case int() if abs(value) < _WHOLE:
            return value
        case float() if isfinite(value):
            return value
        case str() if _NUMBER.fullmatch(value.strip()):
            return float(value)
        case _:
            pass
    raise ValueError(f"{shown(value)} is no number")


def _integer(number: float, value: object) -> int:
    if abs(number) >= _WHOLE or number != round(number):
        raise ValueError(f"{shown(value)} gives no whole number")
    return round(number)


def _boolean(value: object) -> bool:
    told = token(value)
    if told not in {"true", "false", "1", "0"}:
        raise ValueError(f"{shown(value)} is neither true nor false: give a value table")
    return told in {"true", "1"}


def _floor(value: object) -> int:
    if isinstance(value, str):
        found = _FLOOR.fullmatch("".join(value.split()))
        if found is None:
            raise ValueError(f"{shown(value)} is no floor")
        return -int(found[2]) if found[1] else int(found[2])
    return _integer(_number(value), value)


def _text(value: object) -> str:
    match value:
        case str():
            return value.strip()
        case bool() | dict() | list() | None:
            raise ValueError(f"{shown(value)} is no text")
        case _:
            return token(value)
