"""Commands of the operator: on-demand terms of a lift, and firms on trial (the sandbox).

Each runs in the caller's transaction and is journalled.
"""

from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from core import journal
from core.db import add_once
from core.errors import NotFound
from core.journal import Actor, Entry, Subject
from devices import tables as registry
from devices.maintenance import planning, store, tables
from devices.maintenance.log import Plan, Rules
from devices.maintenance.on_demand import Terms
from devices.model import Lift


def set_terms(
    connection: Connection,
    lift: Lift,
    terms: Terms | None,
    now: datetime,
    actor: Actor,
    rules: Rules,
    *,
    reason: str = "",
) -> Plan:
    """Let the lift be maintained on demand by these terms; None: by the calendar again."""
    planning.settle(connection, lift.id, now, rules)
    kept = None if terms is None else store.terms_values(terms)
    values = {"demand": kept, "fell_back_on": None}
    t = tables.plan
    connection.execute(update(t).where(t.c.lift_id == lift.id).values(values))
    verb = "plan.terms_ended" if terms is None else "plan.terms_set"
    subject = Subject(store.CHAIN, lift.rescue_code)
    journal.append(connection, Entry(subject, verb, actor, now, kept or {}, reason=reason))
    planning.wake(connection, [lift.id], now)
    return planning.settle(connection, lift.id, now, rules)


def set_trial(
    connection: Connection,
    firm_code: str,
    now: datetime,
    actor: Actor,
    *,
    until_ended: bool,
    reason: str = "",
) -> None:
    """Put a firm on trial, so that its records count nowhere, or end that; raises NotFound.

    What it handed in on trial never counts later, either.
    """
    firm = registry.firm.c
    firm_id = connection.execute(select(firm.id).where(firm.code == firm_code)).scalar_one_or_none()
    if firm_id is None:
        raise NotFound("firm", firm_code)
    t, v, lift = tables.sandbox_firm, tables.visit, registry.lift.c
    if until_ended:
        add_once(connection, t, {"firm_id": firm_id}, since=now)
    else:
        connection.execute(delete(t).where(t.c.firm_id == firm_id))
    # A visit that has not been handed in is of the firm's present kind.
    connection.execute(
        update(v)
        .where(v.c.firm_id == firm_id, v.c.state.in_(("planned", "started")))
        .values(sandbox=until_ended)
    )
    theirs = select(lift.id).where(lift.firm_id == firm_id)
    connection.execute(
        update(tables.plan).where(tables.plan.c.lift_id.in_(theirs)).values(wake_at=now)
    )
    verb = "trial.begun" if until_ended else "trial.ended"
    subject, facts = Subject("registry", "firm"), {"code": firm_code}
    journal.append(connection, Entry(subject, verb, actor, now, facts, reason=reason))
