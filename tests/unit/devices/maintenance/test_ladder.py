"""The ladder wakes plans, tells each mark once, and leaves trial firms out of what is compared."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from devices import commands, register_commands
from devices.maintenance import planning, queries, store, supervision, terms
from devices.maintenance.ladder import Ladder
from devices.maintenance.on_demand import Terms
from devices.maintenance.planning import Health
from devices.maintenance.queries import PlanFilter, Sight
from devices.maintenance.supervision import GroupedBy
from devices.model import MaintenanceFirm
from devices.register_model import Inspection, InspectionKind, InspectionResult
from tests.support.maintenance_routes import rules
from tests.support.rescue import SEAT, START, Rescue

DAY = timedelta(days=1)
EVERYBODY = ("firm", "use_unit", "district", "city")


@pytest.fixture
def rescue(tmp_path: Path) -> Rescue:
    return Rescue(tmp_path)


def ladder(rescue: Rescue, health: Health | None = None) -> Ladder:
    if health is None:
        return Ladder(rescue.database, rescue.clock, rules())
    return Ladder(rescue.database, rescue.clock, rules(), lambda *_: health)


def told(rescue: Rescue) -> list[tuple[str, str]]:
    rows = rescue.database.read(
        lambda c: queries.reminders(c, Sight(), EVERYBODY, START - DAY, 100)
    )
    return [(row.key, row.told) for row, _ in reversed(rows)]


def test_a_lift_with_a_firm_is_planned_by_itself(rescue: Rescue) -> None:
    works = ladder(rescue)
    assert (works.run_once(), works.run_once()) == (1, 0)
    wanted = PlanFilter(sight=Sight(), today=date(2026, 11, 23))
    (found,) = rescue.database.read(lambda c: queries.plan_ids(c, wanted, limit=9))
    (row,) = rescue.database.read(lambda c: queries.plan_rows(c, [found]))
    assert (row.plan.due_on, row.visit is not None) == (date(2026, 12, 8), True)
    assert row.plan.street == "示例路"


def test_each_rung_is_told_once_however_long_nobody_looked(rescue: Rescue) -> None:
    works = ladder(rescue)
    works.run_once()
    rescue.clock.advance(15 * DAY)  # the due day itself
    assert (works.run_once(), works.run_once()) == (1, 0)
    assert told(rescue) == [("visit/2026-12-08/-2", "firm"), ("visit/2026-12-08/+0", "firm")]
    rescue.clock.advance(20 * DAY)
    works.run_once()
    assert [to for _, to in told(rescue)] == ["firm", "firm", "use_unit", "district", "city"]
    assert works.run_once() == 0


def test_an_inspection_is_reminded_of_once_it_is_known_when_the_lift_was_released(
    rescue: Rescue,
) -> None:
    released = Inspection(
        0,
        rescue.lift.id,
        InspectionKind.SUPERVISION,
        date(2025, 12, 10),
        InspectionResult.PASSED,
        "示例检验院",
        "R-1",
    )
    rescue.database.write(lambda c: register_commands.keep_inspection(c, released, START, SEAT))
    works = ladder(rescue)
    works.run_once()
    plan = rescue.database.read(lambda c: store.plan_or_none(c, rescue.lift.id))
    assert plan is not None
    assert (plan.check_due_on, plan.check_kind) == (date(2026, 12, 31), "inspection")
    rescue.clock.advance(10 * DAY)
    works.run_once()
    assert ("inspection/2026-12-31/-30", "use_unit") in told(rescue)


def test_on_demand_falls_back_by_itself_and_says_so(rescue: Rescue) -> None:
    agreed = Terms(since=date(2026, 11, 1), until=None, longest_days=60)
    plan = rescue.database.write(
        lambda c: terms.set_terms(c, rescue.lift, agreed, START, SEAT, rules())
    )
    assert plan.fell_back_on == date(2026, 11, 23)
    assert {"never_visited", "online_share_unknown"} <= set(plan.reasons)
    back = rescue.database.write(
        lambda c: terms.set_terms(c, rescue.lift, None, START, SEAT, rules())
    )
    assert (back.demand, back.fell_back_on) == (None, None)


def test_what_a_firm_on_trial_has_is_left_out_of_what_is_compared(rescue: Rescue) -> None:
    ladder(rescue).run_once()
    today = date(2027, 1, 1)

    def overdue() -> list[tuple[str, int, int]]:
        groups = rescue.database.read(
            lambda c: supervision.overdue_by(c, Sight(), GroupedBy.DISTRICT, today, today)
        )
        return [(g.key, g.overdue, g.planned) for g in groups]

    assert overdue() == [("410105", 1, 1)]
    for begun, left in ((True, []), (False, [("410105", 1, 1)])):
        rescue.database.write(
            lambda c, b=begun: terms.set_trial(c, "F1", START, SEAT, until_ended=b)  # type: ignore[misc]
        )
        assert overdue() == left


def test_a_lift_without_a_firm_is_due_for_nothing(tmp_path: Path) -> None:
    rescue = Rescue(tmp_path, firm=False)
    assert ladder(rescue).run_once() == 0
    plan = rescue.database.write(lambda c: planning.settle(c, rescue.lift.id, START, rules()))
    assert plan.due_on is None


def test_a_lift_that_goes_to_another_firm_takes_its_visit_along(rescue: Rescue) -> None:
    works = ladder(rescue)
    works.run_once()
    works.run_once()

    def hand_over(connection: Connection) -> int:
        other = MaintenanceFirm(0, "F2", "示例接手单位", "000-0003")
        kept = commands.upsert_firm(connection, other, START, SEAT)
        moved = replace(rescue.lift, firm_id=kept.id)
        commands.upsert_lift(connection, moved, START, SEAT)
        return kept.id

    firm = rescue.database.write(hand_over)
    rescue.clock.advance(timedelta(minutes=2))
    assert (works.run_once(), works.run_once()) == (1, 0)
    rows, total = rescue.database.read(lambda c: queries.visits(c, Sight(), limit=9))
    assert total == 2
    assert {(r.visit.state.value, r.visit.firm_id == firm) for r in rows} == {
        ("lapsed", False),
        ("planned", True),
    }
