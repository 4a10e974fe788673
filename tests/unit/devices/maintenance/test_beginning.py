"""Lifts that came with a file are planned many at once, as each alone would have been."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, select

from core.clock import ManualClock
from core.db import Database
from core.journal import Actor
from devices import commands, register_commands
from devices.maintenance import beginning, planning, tables
from devices.maintenance.ladder import Ladder
from devices.model import MaintenanceFirm
from devices.register_model import Inspection, InspectionKind, InspectionResult
from devices.store import AnyRow
from tests.support.databases import open_database
from tests.support.maintenance_routes import rules
from tests.support.registry import sample_lift
from tests.support.rescue import START

BY = Actor("system", "test")
LIFTS = 25


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        opened.write(_fill)
        yield opened


def _fill(connection: Connection) -> None:
    firm = commands.upsert_firm(
        connection, MaintenanceFirm(0, "F1", "示例维保", "0371-1"), START, BY
    )
    for n in range(1, LIFTS + 1):
        lift = replace(sample_lift(n, f"{300000 + n}"), firm_id=firm.id if n > 2 else None)
        commands.upsert_lift(connection, lift, START, BY)
    released = Inspection(
        id=0,
        lift_id=5,
        kind=InspectionKind.SUPERVISION,
        done_on=date(2025, 12, 24),
        result=InspectionResult.PASSED,
        body="示例检验机构",
        report_number="示例报告 5",
    )
    register_commands.keep_inspection(connection, released, START, BY)


def _stands(connection: Connection) -> tuple[list[AnyRow], list[AnyRow]]:
    plan, visit = tables.plan, tables.visit
    of_visit = [column for column in visit.c if column.name != "id"]
    return (
        list(connection.execute(select(plan).order_by(plan.c.lift_id))),
        list(connection.execute(select(*of_visit).order_by(visit.c.lift_id))),
    )


def _planned(database: Database) -> list[int]:
    return list(database.read(lambda c: c.execute(select(tables.plan.c.lift_id)).scalars().all()))


def test_first_plans_are_those_that_each_lift_alone_would_have(database: Database) -> None:
    ids = database.read(lambda c: beginning.never_visited(c, 0, 100))
    assert len(ids) == LIFTS - 2
    assert database.write(lambda c: beginning.plan_first(c, ids, START, rules())) == LIFTS - 2
    at_once = database.read(_stands)

    def anew(connection: Connection) -> None:
        connection.execute(delete(tables.visit))
        connection.execute(delete(tables.plan))
        for each in ids:
            planning.settle(connection, each, START, rules())

    database.write(anew)
    assert database.read(_stands) == at_once
    checks = {row.lift_id: row.check_due_on for row in at_once[0]}
    assert [each for each, day in checks.items() if day] == [5]


def test_who_has_a_plan_already_is_left_alone(database: Database) -> None:
    database.write(lambda c: planning.settle(c, 7, START, rules()))
    ids = [7, 8, 1]
    assert database.write(lambda c: beginning.plan_first(c, ids, START, rules())) == 1
    assert _planned(database) == [7, 8]


def test_the_ladder_plans_them_all_and_then_rests(database: Database) -> None:
    works = Ladder(database, ManualClock(START), rules())
    assert works.run_once() == LIFTS - 2
    assert works.run_once() == 0
    assert len(_planned(database)) == LIFTS - 2
