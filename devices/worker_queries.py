"""Workers of firms with their certificates, as a list: narrowed, in parts.

A firm sees its own people; others those of the firms that maintain lifts which they may see.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select

from devices import register_store, tables
from devices.maintenance.queries import Sight
from devices.register_model import Worker

_W, _F, _T = tables.firm_worker.c, tables.firm.c, tables.firm_team.c
ORDERS: dict[str, tuple[ColumnElement[Any], ...]] = {  # Any: columns of different types
    "until": (func.coalesce(_W.certificate_until, date.min), _F.code, _W.code),
    "firm": (_F.name, _W.code),
    "name": (_W.name, _W.id),
}


class CertificateState(StrEnum):
    """Where a worker's certificate stands on a day."""

    VALID = "valid"
    ENDING = "ending"  # valid, and ends by the day asked for
    ENDED = "ended"
    MISSING = "missing"
    LEFT = "left"  # the worker has left the firm


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerFilter:
    """Which workers; what is empty narrows nothing, but those who left are told only by state."""

    sight: Sight
    today: date
    soon: date
    state: CertificateState | None = None
    text: str = ""
    firm_id: int | None = None


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker with the names of the firm and the team."""

    worker: Worker
    firm: str
    team: str

    def state(self, today: date, soon: date) -> CertificateState:
        """Where the certificate stands."""
        w = self.worker
        if w.left_on is not None and w.left_on < today:
            return CertificateState.LEFT
        if not w.certificate_number or w.certificate_until is None:
            return CertificateState.MISSING
        if w.certificate_until < today:
            return CertificateState.ENDED
        ending = w.certificate_until <= soon
        return CertificateState.ENDING if ending else CertificateState.VALID


def worker_ids(
    connection: Connection,
    wanted: WorkerFilter,
    order: str = "until",
    *,
    descending: bool = False,
    limit: int,
    offset: int = 0,
) -> list[int]:
    """Our ids of those workers, in an order of ORDERS."""
    by = [each.desc() if descending else each.asc() for each in ORDERS[order]]
    asked = _asked(select(_W.id), wanted).order_by(*by).limit(limit).offset(offset)
    return list(connection.execute(asked).scalars())


def worker_count(connection: Connection, wanted: WorkerFilter) -> int:
    """How many those are."""
    found: int = connection.execute(_asked(select(func.count()), wanted)).scalar_one()
    return found


def worker_rows(connection: Connection, ids: Collection[int]) -> list[WorkerRow]:
    """Those workers, in that order."""
    asked = (
        select(tables.firm_worker, _F.name.label("firm"), _T.name.label("team"))
        .join(tables.firm, _F.id == _W.firm_id)
        .outerjoin(tables.firm_team, _T.id == _W.team_id)
        .where(_W.id.in_(ids))
    )
    found = {
        row.id: WorkerRow(register_store.to_worker(row), row.firm, row.team or "")
        for row in connection.execute(asked)
    }
    return [found[each] for each in ids if each in found]


def _asked(statement: Select[Any], wanted: WorkerFilter) -> Select[Any]:  # Any: what is selected
    sight, lift = wanted.sight, tables.lift.c
    clauses: list[ColumnElement[bool]] = []
    if sight.firm_id is not None:
        clauses.append(_W.firm_id == sight.firm_id)
    elif reached := sight.lifts():
        clauses.append(_W.firm_id.in_(select(lift.firm_id).where(*reached).distinct()))
    if wanted.firm_id is not None:
        clauses.append(_W.firm_id == wanted.firm_id)
    clauses += _of_state(wanted)
    if wanted.text:
        clauses.append(
            or_(
                _W.code.startswith(wanted.text, autoescape=True),
                _W.name.contains(wanted.text, autoescape=True),
                _W.certificate_number.startswith(wanted.text, autoescape=True),
            )
        )
    return statement.select_from(tables.firm_worker.join(tables.firm, _F.id == _W.firm_id)).where(
        *clauses
    )


def _of_state(wanted: WorkerFilter) -> list[ColumnElement[bool]]:
    known, until = _W.certificate_number != "", _W.certificate_until
    stays = or_(_W.left_on.is_(None), _W.left_on >= wanted.today)
    match wanted.state:
        case CertificateState.LEFT:
            return [_W.left_on < wanted.today]
        case CertificateState.MISSING:
            return [stays, or_(~known, until.is_(None))]
        case CertificateState.ENDED:
            return [stays, known, until < wanted.today]
        case CertificateState.ENDING:
            return [stays, known, until >= wanted.today, until <= wanted.soon]
        case CertificateState.VALID:
            return [stays, known, until > wanted.soon]
        case None:
            return [stays]
