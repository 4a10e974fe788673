"""Whether a place lies within a division: the one meaning of "within" for every list and thing.

Places carry two six-digit codes, the city's (`area`) and the district's. A city's code reaches all
of its districts; a district's code reaches that district alone; a directly administered county
carries its own code in both. An empty code reaches the whole province.
"""

from typing import Any

from sqlalchemy import ColumnElement, or_


def covers(code: str, area: str, district: str = "") -> bool:
    """Whether a place of that city and district lies within `code`."""
    return not code or code in {area, district}


def within(code: str, place: Any) -> ColumnElement[bool]:  # Any: a table's columns, by name
    """The same as a clause; `place` has the columns `area` and `district`."""
    return or_(place.area == code, place.district == code)
