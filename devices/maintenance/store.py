"""Rows to the maintenance log's values and back. Takes an open connection and never commits."""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from typing import Any

from sqlalchemy import Connection, insert, select

from core import journal
from core.chain import canonical
from core.errors import NotFound
from core.journal import Actor, Entry, Subject
from devices.maintenance import tables
from devices.maintenance.log import Photo, Plan, Visit
from devices.maintenance.on_demand import Terms
from devices.maintenance.period import CalledForBy, Period
from devices.maintenance.record import Head, Record, RecordKind
from devices.maintenance.stopping import ServiceState
from devices.maintenance.submission import Hazard
from devices.maintenance.visit import VisitState
from devices.store import AnyRow, Values

CHAIN = "maintenance"  # the journal's subject that keeps each lift's head
VISIT = "visit"  # … and the one that tells a visit's moves
APPENDED = "record.appended"


def to_plan(row: AnyRow) -> Plan:
    """A row of `maintenance_plan`."""
    told = {each.name: getattr(row, each.name) for each in fields(Plan)}
    return Plan(
        **told
        | {
            "service": ServiceState(row.service),
            "period": Period(row.period),
            "last_period": Period(row.last_period) if row.last_period else None,
            "demand": None if row.demand is None else to_terms(row.demand),
            "reasons": tuple(row.reasons),
        }
    )


def to_terms(kept: Mapping[str, Any]) -> Terms:  # Any: JSON as `terms_values` made it
    """Terms of on-demand maintenance out of their column."""
    return Terms(
        since=date.fromisoformat(kept["since"]),
        until=None if kept["until"] is None else date.fromisoformat(kept["until"]),
        longest_days=kept["longest_days"],
        online_share_at_least=kept["online_share_at_least"],
        grace_days=kept["grace_days"],
    )


def terms_values(terms: Terms) -> Values:
    """Terms as their column keeps them."""
    return {
        "since": terms.since.isoformat(),
        "until": None if terms.until is None else terms.until.isoformat(),
        "longest_days": terms.longest_days,
        "online_share_at_least": terms.online_share_at_least,
        "grace_days": terms.grace_days,
    }


def to_visit(row: AnyRow) -> Visit:
    """A row of `maintenance_visit`."""
    told = {each.name: getattr(row, each.name) for each in fields(Visit)}
    return Visit(
        **told
        | {
            "state": VisitState(row.state),
            "period": Period(row.period),
            "called_for_by": CalledForBy(row.called_for_by),
            "workers": tuple(row.workers),
            "remarks": tuple(row.remarks),
            "hazards": tuple(Hazard(each) for each in row.hazards),
        }
    )


def to_record(row: AnyRow) -> Record:
    """A row of `maintenance_record`; raises ValueError for content that is no JSON."""
    return Record(
        id=row.id,
        lift_code=row.lift_code,
        seq=row.seq,
        kind=RecordKind(row.kind),
        content=json.loads(row.content),
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
        amends=row.amends,
        why=row.why,
        previous=row.previous,
        digest=row.digest,
    )


def to_photo(row: AnyRow) -> Photo:
    """A row of `maintenance_photo`."""
    return Photo(**{each.name: getattr(row, each.name) for each in fields(Photo)})


def plan_or_none(connection: Connection, lift_id: int) -> Plan | None:
    """The plan of a lift; None while it has none."""
    row = connection.execute(
        select(tables.plan).where(tables.plan.c.lift_id == lift_id)
    ).one_or_none()
    return None if row is None else to_plan(row)


def load_visit(connection: Connection, visit_id: str) -> Visit:
    """The visit of that id; raises NotFound."""
    row = connection.execute(
        select(tables.visit).where(tables.visit.c.id == visit_id)
    ).one_or_none()
    if row is None:
        raise NotFound("visit", visit_id)
    return to_visit(row)


def load_record(connection: Connection, record_id: str) -> tuple[Record, AnyRow]:
    """The record of that id and its row; raises NotFound."""
    row = connection.execute(
        select(tables.record).where(tables.record.c.id == record_id)
    ).one_or_none()
    if row is None:
        raise NotFound("record", record_id)
    return to_record(row), row


def head(connection: Connection, lift_code: str) -> Head | None:
    """The newest link of a lift's chain; None before the first."""
    c = tables.record.c
    row = connection.execute(
        select(c.seq, c.digest).where(c.lift_code == lift_code).order_by(c.seq.desc()).limit(1)
    ).one_or_none()
    return None if row is None else Head(row.seq, row.digest)


def append_record(
    connection: Connection, record: Record, *, visit_id: str, firm_id: int, actor: Actor
) -> None:
    """Write a link and note the chain's new head in the journal, in the caller's transaction."""
    connection.execute(
        insert(tables.record).values(
            id=record.id,
            lift_code=record.lift_code,
            seq=record.seq,
            kind=str(record.kind),
            content=canonical(record.content),
            recorded_at=record.recorded_at,
            recorded_by=record.recorded_by,
            amends=record.amends,
            why=record.why,
            previous=record.previous,
            digest=record.digest,
            visit_id=visit_id,
            firm_id=firm_id,
        )
    )
    facts = {
        "record": record.id,
        "kind": str(record.kind),
        "seq": record.seq,
        "digest": record.digest,
        "visit": visit_id,
    }
    told = Entry(Subject(CHAIN, record.lift_code), APPENDED, actor, record.recorded_at, facts)
    journal.append(connection, told)
