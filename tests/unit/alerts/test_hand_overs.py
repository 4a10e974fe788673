"""Contracts take effect at midnight of the zone; a running incident keeps the firm it called."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alerts import queries as alert_queries
from alerts.store import load_incident
from alerts.views import view_of
from devices import commands, queries, register_commands
from devices.hand_overs import HandOvers
from devices.model import MaintenanceFirm
from devices.register_model import Contract
from tests.support.rescue import SEAT, START, Rescue

ZONE = ZoneInfo("Asia/Shanghai")
NEW_DAY = date(2026, 11, 24)
MIDNIGHT = datetime(2026, 11, 23, 16, tzinfo=UTC)  # in Shanghai
MINUTE = timedelta(minutes=1)


@pytest.fixture
def rescue(tmp_path: Path) -> Rescue:
    made = Rescue(tmp_path)
    lift = made.lift
    assert lift.firm_id is not None
    old = Contract(0, lift.id, lift.firm_id, "示例合同 1", date(2026, 1, 1))
    made.database.write(lambda c: register_commands.sign_contract(c, old, START, SEAT))
    other = MaintenanceFirm(0, "F2", "另一示例维保公司", "000-0009")
    new = made.database.write(lambda c: commands.upsert_firm(c, other, START, SEAT))
    made.database.write(
        lambda c: register_commands.hand_over(c, [lift.id], new.id, NEW_DAY, "2", START, SEAT)
    )
    return made


def at(rescue: Rescue, moment: datetime) -> None:
    rescue.clock.advance(moment - rescue.clock.now())


def firm_of(rescue: Rescue) -> int | None:
    return rescue.database.read(lambda c: queries.lift_by_id(c, rescue.lift.id)).firm_id


def called(rescue: Rescue, incident_id: str) -> list[str]:
    detail = rescue.database.read(lambda c: alert_queries.incident(c, incident_id))
    return [each.target_name for each in detail.assignments if each.target_kind == "firm"]


def test_a_lift_is_the_other_firms_from_midnight_of_the_zone_on(rescue: Rescue) -> None:
    works = HandOvers(rescue.database, rescue.clock, ZONE)
    old = firm_of(rescue)
    at(rescue, MIDNIGHT - MINUTE)
    assert (works.run_once(), firm_of(rescue)) == (0, old)
    at(rescue, MIDNIGHT)
    assert (works.run_once(), works.run_once()) == (1, 0)
    assert firm_of(rescue) != old


def test_days_that_were_missed_are_made_up_for(rescue: Rescue) -> None:
    at(rescue, MIDNIGHT + timedelta(days=9))
    assert HandOvers(rescue.database, rescue.clock, ZONE).run_once() == 1


def test_a_contract_that_is_signed_for_today_takes_effect_today(rescue: Rescue) -> None:
    works = HandOvers(rescue.database, rescue.clock, ZONE)
    at(rescue, MIDNIGHT)
    works.run_once()
    works.run_once()
    back = Contract(0, rescue.lift.id, 1, "3", NEW_DAY)
    rescue.database.write(
        lambda c: register_commands.sign_contract(c, back, rescue.clock.now(), SEAT)
    )
    assert (works.run_once(), firm_of(rescue)) == (1, 1)


def test_who_is_called_turns_at_midnight_even_before_the_lift_has_moved(rescue: Rescue) -> None:
    at(rescue, MIDNIGHT - MINUTE)
    before = rescue.open("before").incident_id
    assert called(rescue, before) == ["示例维保公司"]


def test_after_midnight_the_other_firm_is_called(rescue: Rescue) -> None:
    at(rescue, MIDNIGHT)
    after = rescue.open("after").incident_id
    assert called(rescue, after) == ["另一示例维保公司"]


def test_an_incident_keeps_the_firm_that_it_called(rescue: Rescue) -> None:
    at(rescue, MIDNIGHT - MINUTE)
    opened = rescue.open().incident_id
    at(rescue, MIDNIGHT + MINUTE)
    HandOvers(rescue.database, rescue.clock, ZONE).run_once()
    rescue.tick(minutes=10)
    assert called(rescue, opened) == ["示例维保公司"]
    incident = rescue.incident(opened)
    view = rescue.database.read(lambda c: view_of(c, load_incident(c, opened), rescue.clock.now()))
    assert view.firm is not None
    assert (view.firm.name, incident.level) == ("示例维保公司", 2)  # silent: a station was asked
