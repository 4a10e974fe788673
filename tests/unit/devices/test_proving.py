"""Which lifts are proven able to call, by the rule and by the roll that is asked in SQL."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert

from core.db import Database
from core.journal import Actor
from devices import call_roll, commands
from devices.call_roll import Roll
from devices.maintenance import tables as maintenance
from devices.model import Gateway, Lift, LiftKind, LiftStatus
from devices.proving import EVERY, UNPROVEN, Ability, LastTest, ability
from devices.search import LiftFilter
from hub import schema
from tests.support.registry import sample_lift

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
BY = Actor("system", "test")
JUST = timedelta(seconds=1)
PASSED = LastTest(NOW - EVERY, NOW - EVERY, "G1")
LATE = LastTest(NOW - EVERY - JUST, NOW - EVERY - JUST, "G1")
FAILED = LastTest(NOW - JUST, None, "G1", microphone=False, loudspeaker=True)


@pytest.mark.parametrize(
    ("newest", "connected", "expected"),
    [
        (None, True, Ability.NEVER),
        (None, False, Ability.UNCONNECTED),
        (PASSED, True, Ability.PROVEN),
        (PASSED, False, Ability.UNCONNECTED),
        (LATE, True, Ability.OVERDUE),
        (FAILED, True, Ability.FAILED),
        (replace(FAILED, passed_at=NOW - timedelta(hours=1)), True, Ability.FAILED),
    ],
)
def test_the_newest_test_call_says_whether_a_lift_can_call(
    newest: LastTest | None, *, connected: bool, expected: Ability
) -> None:
    assert ability(newest, NOW, connected=connected) is expected


class Register:
    """Lifts of every kind of ability, each with a gateway unless told."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.number = 0

    def lift(
        self, newest: LastTest | None = None, *, connected: bool = True, **changes: object
    ) -> Lift:
        self.number += 1
        wanted = replace(sample_lift(self.number, f"{100000 + self.number}"), id=0)
        wanted = replace(wanted, **changes)  # type: ignore[arg-type]

        def make(connection: Connection) -> Lift:
            lift = commands.upsert_lift(connection, wanted, NOW, BY)
            if connected:
                name = f"G{self.number}"
                commands.enrol_gateway(connection, Gateway(name, lift.area, (lift.id,)), NOW, BY)
            if newest is not None:
                call_roll.keep(connection, lift.id, newest)
            return lift

        return self.database.write(make)

    def roll(self, *states: Ability, **narrowed: str) -> list[str]:
        wanted = Roll(now=NOW, states=states or UNPROVEN, lifts=LiftFilter(**narrowed))  # type: ignore[arg-type]

        def read(connection: Connection) -> list[str]:
            found = call_roll.rows(connection, call_roll.ids(connection, wanted), NOW)
            figures = call_roll.figures(connection, wanted)
            assert sum(figures[each] for each in wanted.states) == len(found)
            assert {row.ability for row in found} <= set(wanted.states)  # as the pure rule says
            return [row.lift.rescue_code for row in found]

        return self.database.read(read)


def plan(connection: Connection, values: Mapping[str, object]) -> None:
    connection.execute(insert(maintenance.plan).values(**values))


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    with Database(f"sqlite:///{tmp_path / 'hub.db'}") as database:
        schema.migrate(database)
        yield Register(database)


def test_the_roll_names_who_never_proved_it_first_and_leaves_out_who_did(
    register: Register,
) -> None:
    register.lift(PASSED)
    late, failed = register.lift(LATE), register.lift(FAILED)
    never = register.lift()
    alone = register.lift(connected=False)
    assert register.roll() == [failed.rescue_code, never.rescue_code, late.rescue_code]
    assert register.roll(Ability.UNCONNECTED) == [alone.rescue_code]
    figures = register.database.read(lambda c: call_roll.figures(c, Roll(now=NOW)))
    assert figures == dict.fromkeys(Ability, 1)


def test_who_is_out_of_service_or_carries_nobody_is_not_asked(register: Register) -> None:
    register.lift(status=LiftStatus.STOPPED)
    register.lift(status=LiftStatus.SCRAPPED)
    register.lift(kind=LiftKind.ESCALATOR)
    register.lift(kind=LiftKind.SERVICE)
    sealed, asked = register.lift(), register.lift()
    for lift, service in ((sealed, "sealed"), (asked, "in_service")):
        values = {
            "lift_id": lift.id,
            "counts_from": NOW.date(),
            "period": "half_month",
            "service": service,
            "reasons": [],
            "looked_at": NOW,
        }
        register.database.write(partial(plan, values=values))
    assert register.roll() == [asked.rescue_code]


def test_it_is_narrowed_to_what_somebody_may_see_and_asks_for(register: Register) -> None:
    here, there = register.lift(), register.lift(area="410200", district="410202")
    assert register.roll(within="410200") == [there.rescue_code]
    assert register.roll(area="410105") == [here.rescue_code]
    assert register.roll(text=here.rescue_code) == [here.rescue_code]
    assert register.roll(within="410200", area="410100") == []


def test_a_failed_test_keeps_when_the_last_good_one_was(register: Register) -> None:
    lift = register.lift(PASSED)
    register.database.write(lambda c: call_roll.keep(c, lift.id, FAILED))
    kept = register.database.read(lambda c: call_roll.of_lift(c, lift.id))
    assert kept == replace(FAILED, passed_at=PASSED.at)
    assert register.roll() == [lift.rescue_code]


@pytest.mark.parametrize("order", call_roll.ORDERS)
def test_every_order_can_be_turned_round(register: Register, order: str) -> None:
    for newest in (LATE, replace(LATE, at=LATE.at - JUST, passed_at=LATE.at - JUST)):
        register.lift(newest, address=f"示例路 {register.number}")
    wanted = Roll(now=NOW)
    up, down = (
        register.database.read(
            partial(call_roll.ids, wanted=wanted, order=order, descending=descending)
        )
        for descending in (False, True)
    )
    assert up == down[::-1]
