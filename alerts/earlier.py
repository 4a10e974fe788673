"""Which lifts a telephone number called for before."""

import re
from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from alerts import tables

MOST = 20
SHORTEST = 7  # digits; less is no number of somebody


def earlier_lifts(connection: Connection, phone: str) -> Sequence[str]:
    """The rescue codes of lifts that incidents told by this number were about, newest first.

    Blanks and hyphens make no difference.
    """
    digits = re.sub(r"[ -]", "", phone)
    if len(digits) < SHORTEST:
        return ()
    r, i = tables.report.c, tables.incident.c
    kept = func.replace(func.replace(r.reporter_phone, " ", ""), "-", "")
    newest = func.max(r.id)
    rows = connection.execute(
        select(i.lift_code)
        .join(tables.incident, i.id == r.incident_id)
        .where(kept == digits, i.lift_code != "")
        .group_by(i.lift_code)
        .order_by(newest.desc())
        .limit(MOST)
    )
    return list(rows.scalars())
