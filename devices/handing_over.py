"""Handing many lifts to another firm from a day on: looked at first, then done in short steps.

What will happen is told by the rule of `devices.contracts` before anything is written: which lifts
change, which contracts end the day before, and which lifts stay and why. A lift without any
contract is handed over by whoever it stands with in the register. The work is done again from the
same facts, a few lifts a transaction; what was done already is done no more, so a hand-over that
broke off is simply asked for again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, select

from core.db import Database
from core.errors import InvalidMessage
from core.journal import Actor
from devices import contract_queries, contracts, register_commands, tables
from devices.contracts import NotHandedOver
from devices.maintenance.queries import Sight
from devices.model import Lift
from devices.register_model import Contract
from devices.store import to_lift

AT_ONCE = 10  # lifts of one transaction: a rescue's commit waits for one of them at most
MOST = 2000  # lifts of one hand-over; a larger one is done by district


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """From the day `on` the lifts that `from_firm` has (of one place, where told) are another's."""

    from_firm: int
    to_firm: int
    on: date
    number: str
    within: str = ""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a hand-over would change: the lifts, contracts ended, and lifts that stay and why."""

    lifts: tuple[Lift, ...]
    ended: int
    refused: tuple[NotHandedOver, ...]


def outlook(connection: Connection, sight: Sight, wish: Wish, today: date) -> Outlook:
    """Look at it; raises InvalidMessage for a day that has gone, one firm twice, too many lifts."""
    if wish.on < today:
        raise InvalidMessage("out_of_range", "choose today or a later day", field="on")
    if wish.from_firm == wish.to_firm:
        raise InvalidMessage("same_firm", "name two different firms", field="to_firm")
    if not wish.number.strip():
        raise InvalidMessage("missing", "give the new contract's number", field="number")
    lifts = _lifts(connection, sight, wish)
    if len(lifts) > MOST:
        raise InvalidMessage("too_many", f"at most {MOST} lifts: choose a district", field="within")
    standing = contract_queries.of_lifts(connection, [each.id for each in lifts])
    known = {each.id: each.rescue_code for each in lifts}
    told = [_told(each, known) for each in standing]
    without = known.keys() - {each.lift_id for each in standing}
    told += [contracts.Contract("", known[each], str(wish.from_firm), date.min) for each in without]
    change = contracts.hand_over(
        told,
        [each.rescue_code for each in lifts],
        from_firm=str(wish.from_firm),
        to_firm=str(wish.to_firm),
        number=wish.number,
        on=wish.on,
    )
    goes = {each.lift for each in change.begun}
    return Outlook(
        tuple(each for each in lifts if each.rescue_code in goes),
        sum(1 for each in change.ended if each.number),
        change.refused,
    )


def carry_out(
    database: Database,
    sight: Sight,
    wish: Wish,
    today: date,
    now: datetime,
    actor: Actor,
    *,
    agreed: int,
) -> int:
    """Do it; answers how many lifts were handed over. Raises as `outlook` does.

    Raises InvalidMessage("changed") when it would not be the `agreed` number of lifts any more.
    """
    found = database.read(lambda c: outlook(c, sight, wish, today))
    if len(found.lifts) != agreed:
        raise InvalidMessage("changed", f"it would be {len(found.lifts)} lifts now", field="agreed")
    ids = [each.id for each in found.lifts]
    done = 0
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        done += database.write(
            lambda c, part=part: register_commands.hand_over(  # type: ignore[misc]
                c, part, wish.to_firm, wish.on, wish.number, now, actor
            )
        )
    return done


def _lifts(connection: Connection, sight: Sight, wish: Wish) -> Sequence[Lift]:
    c = tables.lift.c
    asked: list[ColumnElement[bool]] = [
        *sight.lifts(),
        *Sight(within=wish.within).lifts(),
        c.firm_id == wish.from_firm,
    ]
    rows = connection.execute(
        select(tables.lift).where(*asked).order_by(c.rescue_code).limit(MOST + 1)
    )
    return [to_lift(row) for row in rows]


def _told(each: Contract, known: dict[int, str]) -> contracts.Contract:
    """A kept contract as the rule knows it; the number is never empty, so that it counts."""
    return contracts.Contract(
        each.number or "-", known[each.lift_id], str(each.firm_id), each.starts_on, each.ends_on
    )
