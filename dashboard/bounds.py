"""Whole numbers as they come in by addresses, headers and forms, within what a column holds."""

from typing import Annotated

from fastapi import Path, Query

MOST = (1 << 63) - 1  # what an integer column holds; beyond it no row lies
RowId = Annotated[int, Path(ge=0, le=MOST)]
Offset = Annotated[int, Query(ge=0, le=MOST)]


def whole_number(text: str, most: int = MOST) -> int | None:
    """The number that plain digits mean; None for anything else and for more than `most`.

    Looks at the length first: Python refuses to read thousands of digits.
    """
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(most)):
        return None
    number = int(text)
    return number if number <= most else None
