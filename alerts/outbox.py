"""What waits to be carried: which notices are due, and whose turn it is.

Theory of operation. A notice waits for its own destination only, so it is claimed by destination:
one claim takes a few of each, first what concerns people who are trapped, then what is due longest.
A claim moves `next_at` by CLAIM and counts the attempt. CLAIM is longer than any sender may take
(the courier refuses a sender that could take longer), so what has run out is nobody's any more.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, case, func, select, tuple_, update

from alerts import store
from alerts.ladder import Kind
from alerts.model import Notice, NoticeState
from alerts.tables import incident, notice

CLAIM = timedelta(seconds=60)
_URGENCY = case((incident.c.kind == Kind.TRAPPED, 0), else_=1)


@dataclass(frozen=True, slots=True, order=True)
class Destination:
    """Where notices wait for each other: one address of one sender."""

    sender: str
    address: str


def destination_of(each: Notice) -> Destination:
    """Where a notice goes."""
    return Destination(each.sender, each.destination)


def pick_up(connection: Connection, now: datetime) -> None:
    """Make due what a courier before us had claimed when it was killed, or would try later."""
    c = notice.c
    waiting = (c.state == NoticeState.PENDING) & (c.next_at > now)
    connection.execute(update(notice).where(waiting).values(next_at=now))


def any_due(
    connection: Connection,
    senders: Collection[str],
    now: datetime,
    but: Collection[Destination] = (),
) -> bool:
    """Whether a notice waits for one of `senders`, to another destination than `but`."""
    due = select(notice.c.id).where(*_due(senders, now, but)).limit(1)
    return connection.execute(due).first() is not None


def candidates(
    connection: Connection,
    senders: Collection[str],
    now: datetime,
    *,
    each: int,
    limit: int,
    but: Collection[Destination] = (),
) -> list[tuple[int, Destination]]:
    """Ids of due notices in the order of their turn, at most `each` of a destination."""
    c = notice.c
    ranked = (
        select(
            c.id,
            c.sender,
            c.destination,
            c.next_at,
            _URGENCY.label("urgency"),
            func.row_number()
            .over(partition_by=(c.sender, c.destination), order_by=(_URGENCY, c.next_at, c.id))
            .label("place"),
        )
        .join(incident, incident.c.id == c.incident_id)
        .where(*_due(senders, now, but))
        .subquery()
    )
    r = ranked.c
    rows = connection.execute(
        select(r.id, r.sender, r.destination)
        .where(r.place <= each)
        .order_by(r.urgency, r.place, r.next_at, r.id)
        .limit(limit)
    )
    return [(row.id, Destination(row.sender, row.destination)) for row in rows]


def claim(connection: Connection, ids: Sequence[int], now: datetime) -> list[Notice]:
    """Take the notices of those ids for one attempt each."""
    if not ids:
        return []
    c = notice.c
    connection.execute(
        update(notice).where(c.id.in_(ids)).values(attempts=c.attempts + 1, next_at=now + CLAIM)
    )
    found = {
        row.id: store.to_notice(row)
        for row in connection.execute(select(notice).where(c.id.in_(ids)))
    }
    return [found[each] for each in ids]


def claim_next(connection: Connection, where: Destination, now: datetime) -> Notice | None:
    """Take the next due notice of one destination; None when nothing waits there."""
    c = notice.c
    ids = connection.execute(
        select(c.id)
        .join(incident, incident.c.id == c.incident_id)
        .where(*_due([where.sender], now, ()), c.destination == where.address)
        .order_by(_URGENCY, c.next_at, c.id)
        .limit(1)
    ).scalars()
    return next(iter(claim(connection, list(ids), now)), None)


def _due(
    senders: Collection[str], now: datetime, but: Collection[Destination]
) -> list[ColumnElement[bool]]:
    c = notice.c
    due = [c.next_at <= now, c.state == NoticeState.PENDING, c.sender.in_(senders)]
    if but:
        full = [(each.sender, each.address) for each in sorted(but)]
        due.append(tuple_(c.sender, c.destination).not_in(full))
    return due
