"""Divisions by their names: what people read instead of six-digit codes."""

from collections.abc import Callable

from sqlalchemy import select

from core.db import Database
from devices import tables

Namer = Callable[[str], str]


def namer(database: Database, locale: str) -> Namer:
    """Answers a division's name in that language, else the Chinese one, else the code itself.

    Each code is looked up once; the answer lives as long as a page or a file is being written.
    """
    known: dict[str, str] = {"": ""}
    c = tables.division.c

    def name(code: str) -> str:
        if code not in known:
            asked = select(c.name_zh, c.name_en).where(c.code == code)
            row = database.read(lambda connection: connection.execute(asked).one_or_none())
            english = row.name_en if row is not None and locale.startswith("en") else ""
            known[code] = english or (row.name_zh if row is not None else code)
        return known[code]

    return name
