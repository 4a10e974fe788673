"""The register of lifts as the rows of a file that can be imported again.

Lifts are read page by page in order of their codes, each page a snapshot of its own: no page of a
whole province keeps the database from tidying up, and memory stays what one page needs. What
changes meanwhile is told as it stood when its page was read.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, func, select

from core.datum import Datum, from_wgs84
from core.db import Database
from core.geo import Position
from devices import lift_store, tables
from devices.cells import Value
from devices.lift_csv import HEADER

PAGE = 1000
_EXACT = 7  # places after the point: a centimetre


def rows(
    database: Database, *, area: str = "", datum: Datum = Datum.WGS84
) -> Iterator[Sequence[Value]]:
    """The header, then every lift (`area`: of that city), with its coordinates in that datum.

    In WGS-84 the column `datum` is left out, so that an import keeps the origin that stands.
    """
    header = [name for name in HEADER if name != "datum" or datum is not Datum.WGS84]
    yield header
    after = ""
    while True:
        page = database.read(lambda c, after=after: _page(c, after, area))  # type: ignore[misc]
        for row in page:
            latitude, longitude = row["latitude"], row["longitude"]
            if isinstance(latitude, float) and isinstance(longitude, float):
                shown = from_wgs84(Position(latitude, longitude), datum)
                if datum is not Datum.WGS84:
                    row["latitude"] = round(shown.latitude, _EXACT)
                    row["longitude"] = round(shown.longitude, _EXACT)
            row["datum"] = str(datum)
            yield [row[name] for name in header]
        if len(page) < PAGE:
            return
        after = str(page[-1]["rescue_code"])


def _page(connection: Connection, after: str, area: str) -> list[dict[str, Value]]:
    lift, spoken = tables.lift, tables.gateway_lift
    gateway = (
        select(func.min(spoken.c.gateway_id)).where(spoken.c.lift_id == lift.c.id).scalar_subquery()
    )
    asked = (
        lift_store.whole()
        .add_columns(gateway.label("gateway_id"))
        .where(lift.c.rescue_code > after)
        .order_by(lift.c.rescue_code)
        .limit(PAGE)
    )
    if area:
        asked = asked.where(lift.c.area == area)
    return [
        {**lift_store.in_columns(row), "gateway_id": row.gateway_id}
        for row in connection.execute(asked)
    ]
