"""Numbers, days and instants as they come in, within what a column and the rules can hold."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Path, Query
from pydantic import AwareDatetime, Field

MOST = (1 << 63) - 1  # what an integer column holds; beyond it no row lies
RowId = Annotated[int, Path(ge=0, le=MOST)]
Offset = Annotated[int, Query(ge=0, le=MOST)]
# So far from both ends of the calendar that a rule may add and take off years.
FIRST, LAST = date(1900, 1, 1), date(2199, 12, 31)
Day = Annotated[date, Field(ge=FIRST, le=LAST, description="from 1900 to 2199")]
Moment = Annotated[
    AwareDatetime,
    Field(
        ge=datetime(FIRST.year, 1, 1, tzinfo=UTC),
        lt=datetime(LAST.year + 1, 1, 1, tzinfo=UTC),
        description="from 1900 to 2199",
    ),
]
Version = Annotated[
    int | None,
    Field(ge=0, le=MOST, description="refuse with 409 stale_version when it has moved on since"),
]


def day_of(text: str) -> date | None:
    """The day that `2026-11-23` means; None for anything else."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST <= day <= LAST else None


def whole_number(text: str, most: int = MOST) -> int | None:
    """The number that plain digits mean; None for anything else and for more than `most`.

    Looks at the length first: Python refuses to read thousands of digits.
    """
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(most)):
        return None
    number = int(text)
    return number if number <= most else None
