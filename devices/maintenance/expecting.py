"""What the hub expects of a visit that is handed in: read from the register and the log."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import Connection, select

from devices import register_queries
from devices.days import local_day
from devices.maintenance import items, planning, tables
from devices.maintenance.cycle import Done
from devices.maintenance.log import Plan, Rules
from devices.maintenance.submission import Certificate, Expected, Submission
from devices.model import Lift


def expect(
    connection: Connection,
    lift: Lift,
    firm_id: int,
    plan: Plan,
    told: Submission,
    rules: Rules,
    *,
    code: str,
) -> Expected:
    """What the hub knows of the lift and the firm's workers, to check a visit by."""
    done = planning.counted(connection, lift.id, sandbox=is_trial(connection, firm_id))
    made = Done(told.period, local_day(told.finished_at, rules.zone))
    return Expected(
        items=items.for_kind(rules.lists, lift.kind),
        position=lift.position,
        code=code,
        certificates=_certificates(connection, firm_id),
        wanted=plan.period,
        next_due=planning.after_it(plan, done, made).on,
        zone=rules.zone,
        limits=rules.limits,
    )


def _certificates(connection: Connection, firm_id: int) -> Mapping[str, tuple[Certificate, ...]]:
    """The firm's workers; one who left, or whose certificate is not known, has none that holds."""
    found: dict[str, tuple[Certificate, ...]] = {}
    for each in register_queries.workers(connection, firm_id):
        until = each.certificate_until
        if not each.certificate_number or until is None:
            found[each.code] = ()
            continue
        last = until if each.left_on is None else min(until, each.left_on)
        found[each.code] = (Certificate(each.certificate_number, date.min, last),)
    return found


def is_trial(connection: Connection, firm_id: int) -> bool:
    """Whether the records of that firm never count."""
    c = tables.sandbox_firm.c
    return connection.execute(select(c.firm_id).where(c.firm_id == firm_id)).first() is not None
