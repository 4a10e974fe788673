"""The journal as a list: who did what to which subject, narrowed, in parts, newest first.

What an account sees of it: who sees the whole province sees every entry; a shift leader of a city
or a district sees the entries of incidents there, and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from alerts import tables
from core import journal
from core.journal import journal_table, personal_table
from dashboard.scope import Scope
from devices import tables as registry
from devices.maintenance import tables as log

PART = 400
_T = journal_table.c


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries; what is empty narrows nothing. `text` begins a subject's id or an actor's."""

    scope: Scope
    text: str = ""
    kind: str = ""
    actor: str = ""
    verb: str = ""
    since: datetime | None = None
    before: datetime | None = None

    def clauses(self) -> list[ColumnElement[bool]]:
        """What the filter asks of a row."""
        wanted: list[ColumnElement[bool]] = [
            or_(
                _T.subject_id.startswith(word, autoescape=True),
                _T.actor_id.startswith(word, autoescape=True),
            )
            for word in self.text.split()
        ]
        if not self.scope.sees_all:
            inside = select(tables.incident.c.id).where(*self.scope.confines.incidents())
            wanted.append(and_(_T.subject_kind == "incident", _T.subject_id.in_(inside)))
        for column, value in (
            (_T.subject_kind, self.kind),
            (_T.actor_id, self.actor),
            (_T.verb, self.verb),
        ):
            if value:
                wanted.append(column == value)
        if self.since is not None:
            wanted.append(_T.at >= self.since)
        if self.before is not None:
            wanted.append(_T.at < self.before)
        return wanted


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry; `address` is empty where it is not known or was erased."""

    id: int
    at: datetime
    actor_kind: str
    actor: str
    address: str
    kind: str
    subject: str
    verb: str
    reason: str
    facts: tuple[tuple[str, str], ...]  # by name


def ids(
    connection: Connection,
    wanted: AuditFilter,
    *,
    descending: bool = True,
    limit: int,
    offset: int = 0,
) -> list[int]:
    """The journal id of every entry that `wanted` lets through."""
    by = _T.id.desc() if descending else _T.id.asc()
    asked = select(_T.id).where(*wanted.clauses()).order_by(by).limit(limit).offset(offset)
    return list(connection.execute(asked).scalars())


def count(connection: Connection, wanted: AuditFilter) -> int:
    """How many entries `wanted` lets through."""
    asked = select(func.count()).select_from(journal_table).where(*wanted.clauses())
    return connection.execute(asked).scalar_one()


def rows(connection: Connection, keys: Sequence[int]) -> list[AuditRow]:
    """The entries of those ids, in that order."""
    p = personal_table.c
    found: dict[int, AuditRow] = {}
    for start in range(0, len(keys), PART):
        part = keys[start : start + PART]
        known = select(p.journal_id, p.value).where(
            p.journal_id.in_(part), p.name == journal.ADDRESS
        )
        addresses = {row.journal_id: row.value for row in connection.execute(known)}
        for row in connection.execute(select(journal_table).where(_T.id.in_(part))):
            facts = tuple(
                (name, ", ".join(map(str, fact)) if isinstance(fact, list) else str(fact))
                for name, fact in row.facts.items()
                if name != journal.DIGESTS and fact not in ("", None, [])
            )
            found[row.id] = AuditRow(
                row.id,
                row.at,
                row.actor_kind,
                row.actor_id,
                addresses.get(row.id, ""),
                row.subject_kind,
                row.subject_id,
                row.verb,
                row.reason,
                facts,
            )
    return [found[key] for key in keys if key in found]


def names(connection: Connection, found: Sequence[AuditRow]) -> dict[tuple[str, str], str]:
    """What subjects that go by a number of ours are called: use units, visits, random checks."""
    told: dict[tuple[str, str], str] = {}
    units = {
        int(each.subject) for each in found if each.kind == "use_unit" and each.subject.isdecimal()
    }
    u, v, lift = registry.use_unit.c, log.visit.c, registry.lift.c
    for unit in connection.execute(select(u.id, u.name).where(u.id.in_(units))):
        told["use_unit", str(unit.id)] = unit.name
    visits = {each.subject for each in found if each.kind == "visit"}
    asked = select(v.id, lift.rescue_code, v.planned_on).join(registry.lift, lift.id == v.lift_id)
    for visit in connection.execute(asked.where(v.id.in_(visits))):
        told["visit", visit.id] = f"{visit.rescue_code} {visit.planned_on or ''}".strip()
    checks = {each.subject for each in found if each.kind == "random_check"}
    r = log.random_check.c
    for check in connection.execute(select(r.id, r.since, r.until).where(r.id.in_(checks))):
        told["random_check", check.id] = f"{check.since} – {check.until}"
    return told


def kinds(connection: Connection) -> list[str]:
    """The kinds of subjects that the journal knows."""
    return list(
        connection.execute(select(_T.subject_kind).distinct().order_by(_T.subject_kind)).scalars()
    )
