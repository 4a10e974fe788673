from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path

import pytest

from core.datum import Datum
from core.db import Database
from core.errors import Conflict, InvalidMessage
from core.journal import Actor, Subject, verify
from devices import (
    commands,
    queries,
    register_commands,
    register_import,
    register_queries,
    technical,
)
from devices.directory import registry_version
from devices.model import Kitchen, KitchenKind, LiftKind, LiftStatus, MaintenanceFirm
from devices.register_model import (
    Contact,
    ContactRole,
    Contract,
    Delivery,
    Division,
    Dossier,
    Equipment,
    Level,
    OwnerKind,
    Worker,
)
from devices.sheet import Outcome
from tests.support.databases import open_database
from tests.support.registry import sample_lift

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
BY = Actor("account", "admin")
YEAR_END, NEW_YEAR = date(2026, 12, 31), date(2027, 1, 1)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        for n in (1, 2):
            firm = MaintenanceFirm(0, f"F00{n}", f"示例维保 {n} 公司", "0371-00000001")
            opened.write(lambda c, firm=firm: commands.upsert_firm(c, firm, NOW, BY))  # type: ignore[misc]
        for n, code in ((1, "990001"), (2, "990002")):
            lift = replace(sample_lift(n, code), firm_id=1)
            opened.write(lambda c, lift=lift: commands.upsert_lift(c, lift, NOW, BY))  # type: ignore[misc]
        yield opened


def keep(database: Database, command: object, *arguments: object) -> object:
    return database.write(lambda c: command(c, *arguments, NOW, BY))  # type: ignore[operator]


def test_divisions_are_told_by_name_and_by_path(database: Database) -> None:
    for each in (
        Division("410000", "示例省", "Sample province"),
        Division("410100", "示例市一", parent="410000"),
        Division("410105", "示例区", "Sample district", "410100"),
    ):
        keep(database, register_commands.upsert_division, each)
    known = database.read(register_queries.divisions)
    assert known.name("410105") == "示例区"
    assert known.name("410100", "en") == "示例市一"
    assert known.name("999999") == "999999"
    assert known.path("410105") == ("示例省", "示例市一", "示例区")
    assert [each.level for each in known.by_code.values()] == list(Level)
    assert [each.code for each in known.below("410100")] == ["410105"]
    with pytest.raises(InvalidMessage):
        keep(database, register_commands.upsert_division, Division("420000", "示例省二", "", "41"))


def test_papers_are_kept_with_what_the_kind_of_lift_has(database: Database) -> None:
    papers = Dossier(
        project="示例小区",
        floor_names={-1: "B1", 1: "G"},
        technical={"drive_type": "gearless", "roping_ratio": 2, "sheave_mm": None},
        coordinate_origin=Datum.GCJ02,
        installed_on=date(2018, 5, 1),
    )
    keep(database, register_commands.put_dossier, 1, papers)
    kept = database.read(partial(register_queries.dossier, lift_id=1))
    assert kept == replace(papers, technical={"drive_type": "gearless", "roping_ratio": 2})
    assert (kept.shown_floor(-1), kept.shown_floor(7)) == ("B1", "7")
    assert database.read(partial(register_queries.dossier, lift_id=2)) == Dossier()
    wrong = Dossier(technical={"cylinders": 2})
    with pytest.raises(InvalidMessage, match="cylinders"):
        keep(database, register_commands.put_dossier, 1, wrong)


def test_every_kind_of_lift_has_a_schema_and_says_what_is_missing() -> None:
    assert set(technical.SCHEMAS) == set(LiftKind)
    assert technical.missing(LiftKind.MOVING_WALK, {"angle_deg": 6.0}) == (
        "rise_m",
        "width_mm",
        "motor_kw",
        "length_m",
    )
    assert technical.missing(LiftKind.SERVICE, {"drive_type": "drum"}) == ()
    with pytest.raises(InvalidMessage) as refused:
        technical.checked(LiftKind.ESCALATOR, {"angle_deg": 90})
    assert refused.value.field == "angle_deg"
    assert technical.json_schema(LiftKind.ESCALATOR)["$ref"] == "#/$defs/Stairs"


def test_a_worker_may_work_while_certified_and_with_the_firm() -> None:
    worker = Worker(1, 1, "W1", "示例维保员", "T-1", YEAR_END)
    assert worker.may_work(YEAR_END)
    assert not worker.may_work(NEW_YEAR)
    assert not replace(worker, left_on=date(2026, 12, 1)).may_work(YEAR_END)
    assert not replace(worker, certificate_number="").may_work(YEAR_END)


def test_two_contracts_of_a_lift_never_hold_on_one_day(database: Database) -> None:
    first = Contract(0, 1, 1, "示例合同 1", date(2026, 1, 1), YEAR_END)
    keep(database, register_commands.sign_contract, first)
    late = Contract(0, 1, 2, "示例合同 2", YEAR_END)
    with pytest.raises(Conflict, match="示例合同 1"):
        keep(database, register_commands.sign_contract, late)
    keep(database, register_commands.sign_contract, Contract(0, 1, 2, "示例合同 2", NEW_YEAR))
    on = partial(register_queries.firm_on, lift_id=1)
    assert database.read(partial(on, day=YEAR_END)) == 1
    assert database.read(partial(on, day=NEW_YEAR)) == 2
    assert database.read(partial(on, day=date(2025, 1, 1))) is None


def test_lifts_handed_over_are_the_other_firms_from_the_day_on(database: Database) -> None:
    old = Contract(0, 1, 1, "示例合同 1", date(2026, 1, 1))
    keep(database, register_commands.sign_contract, old)
    handed = keep(database, register_commands.hand_over, (1, 2), 2, NEW_YEAR, "示例合同 9")
    assert handed == 2
    assert keep(database, register_commands.hand_over, (1, 2), 2, NEW_YEAR, "示例合同 9") == 0
    before = database.read(registry_version)
    assert keep(database, register_commands.settle_contracts, YEAR_END) == 0
    assert database.read(registry_version) == before
    assert keep(database, register_commands.settle_contracts, NEW_YEAR) == 2
    assert database.read(registry_version) > before
    assert database.read(lambda c: queries.lift_by_id(c, 1)).firm_id == 2
    assert [each.ends_on for each in database.read(lambda c: register_queries.contracts(c, 1))] == [
        YEAR_END,
        None,
    ]
    assert database.read(lambda c: verify(c, Subject("registry", "contract"))) is None


def test_equipment_deliveries_and_contacts_are_set_whole(database: Database) -> None:
    kitchen = Kitchen(
        *(0, "K1", "示例中央厨房", KitchenKind.CENTRAL_KITCHEN, "410100", "410105", "示例路 1 号"),
        *("示例餐饮公司", "JY1", "A", True, time(6), time(20)),
        licence_until=YEAR_END,
        meals_a_day=3000,
    )
    keep(database, commands.upsert_kitchen, kitchen)
    assert database.read(lambda c: queries.kitchen_by_code(c, "K1")).meals_a_day == 3000
    meals = [Delivery(1, "示例学校", 400, time(10, 30))]
    keep(database, register_commands.set_deliveries, 1, meals)
    assert database.read(lambda c: list(register_queries.deliveries(c, 1))) == meals
    contacts = [
        Contact(ContactRole.SAFETY_OFFICER, "示例安全员", "0371-00000002"),
        Contact(ContactRole.EMERGENCY_24H, "", "0371-00000001"),
    ]
    keep(database, register_commands.set_contacts, OwnerKind.LIFT, 1, contacts)
    kept = database.read(lambda c: register_queries.contacts(c, OwnerKind.LIFT, 1))
    assert sorted(kept, key=str) == sorted(contacts, key=str)
    keep(database, register_commands.set_contacts, OwnerKind.LIFT, 1, [])
    assert database.read(lambda c: register_queries.contacts(c, OwnerKind.LIFT, 1)) == ()
    sheet = register_import.sheets()["stations"].template().encode()
    register_import.run(database, "stations", sheet, NOW, BY, dry=False)
    tools = [Equipment("层门钥匙", 2, date(2026, 11, 1)), Equipment("盘车手轮", 1)]
    keep(database, register_commands.set_equipment, 1, tools)
    assert set(database.read(lambda c: register_queries.equipment(c, 1))) == set(tools)


def test_a_stopped_lift_says_so(database: Database) -> None:
    lift = database.read(lambda c: queries.lift_by_code(c, "990001"))
    assert lift.status is LiftStatus.IN_USE
    keep(database, commands.upsert_lift, replace(lift, status=LiftStatus.STOPPED))
    again = database.read(lambda c: queries.lift_by_code(c, "990001"))
    assert again.status is LiftStatus.STOPPED


@pytest.mark.parametrize("kind", ["divisions", "workers", "contracts", "inspections"])
def test_papers_come_from_files_and_a_second_time_change_nothing(
    database: Database, kind: str
) -> None:
    content = register_import.sheets()[kind].template().encode()
    bring = partial(register_import.run, database, kind, content, NOW, BY)
    told = bring(dry=True)
    done = bring(dry=False)
    assert told.rows == done.rows
    assert [row.outcome for row in done.rows] == [Outcome.INSERTED]
    assert [row.outcome for row in bring(dry=False).rows] == [Outcome.UNCHANGED]


def test_a_file_names_what_is_wrong_with_a_contract(database: Database) -> None:
    text = (
        "rescue_code,firm_code,number,starts_on,ends_on\n"
        "990001,F001,C1,2026-01-01,2026-12-31\n"
        "990001,F002,C2,2026/6/1,\n"
        "990001,F009,C3,2027-01-01,2026-12-31\n"
        "990001,F009,C4,2027-01-01,\n"
    )
    report = register_import.run(database, "contracts", text.encode(), NOW, BY, dry=False)
    assert [(row.outcome.value, row.field) for row in report.rows] == [
        ("inserted", ""),
        ("refused", "starts_on"),
        ("refused", "ends_on"),
        ("refused", "firm_code"),
    ]
