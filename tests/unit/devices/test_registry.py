from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection

from core import journal
from core.db import Database
from core.errors import Conflict, InvalidMessage, NotFound
from core.geo import Position
from core.journal import Actor, Subject
from devices import commands, queries
from devices.directory import Directory, load_directory, registry_version
from devices.model import (
    Camera,
    Gateway,
    Kitchen,
    KitchenKind,
    Lift,
    LiftKind,
    MaintenanceFirm,
    PlaceType,
    RescueStation,
    SourceKind,
    UseUnit,
)
from devices.protocol import topics
from tests.support.databases import open_database

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
BY = Actor("account", "admin")
FIRM = MaintenanceFirm(0, "F1", "Sample Firm", "0371-0000-0001")
UNIT = UseUnit(0, "U1", "Sample Estate", "Sample Officer", "0371-0000-0002")
STATION = RescueStation(
    0, "S1", "Sample Station", "410100", Position(34.7, 113.6), "0371-0000-0003"
)
KITCHEN = Kitchen(
    0,
    "K0021",
    "Sample Canteen",
    KitchenKind.SCHOOL_CANTEEN,
    "410100",
    "410105",
    "示例路 2 号",
    "Sample Operator",
    "JY000000000000",
    "A",
    published=True,
    opens=time(6),
    closes=time(20, 30),
)
CAMERA = Camera(
    "K0021-1",
    0,
    "Stove",
    SourceKind.RTSP,
    "rtsp://user:hidden@camera.example/1",
    published=True,
    enabled=True,
)
LIFT = Lift(
    0,
    "235274",
    "30104101002018110001",
    "410100",
    "410105",
    "示例路 1 号",
    "100% Tower",
    Position(34.7466, 113.6254),
    LiftKind.TRACTION_PASSENGER,
    PlaceType.RESIDENTIAL,
    -2,
    18,
    1.75,
    1000,
    None,
    None,
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        yield opened


@pytest.fixture
def lift(database: Database) -> Lift:
    return database.write(lambda c: commands.upsert_lift(c, LIFT, NOW, BY))


def kept(database: Database) -> dict[str, object]:
    def keep(c: Connection) -> dict[str, object]:
        kitchen = commands.upsert_kitchen(c, KITCHEN, NOW, BY)
        return {
            "firm": commands.upsert_firm(c, FIRM, NOW, BY),
            "use_unit": commands.upsert_use_unit(c, UNIT, NOW, BY),
            "station": commands.upsert_station(c, STATION, NOW, BY),
            "kitchen": kitchen,
            "camera": commands.upsert_camera(c, replace(CAMERA, kitchen_id=kitchen.id), NOW, BY),
        }

    return database.write(keep)


def test_what_is_kept_is_found_by_code_and_by_id(database: Database) -> None:
    done = kept(database)

    def found(c: Connection) -> dict[str, object]:
        firm = queries.firm_by_code(c, "F1")
        unit = queries.use_unit_by_code(c, "U1")
        station = queries.station_by_code(c, "S1")
        kitchen = queries.kitchen_by_code(c, "K0021")
        assert queries.firm_by_id(c, firm.id) == firm
        assert queries.use_unit_by_id(c, unit.id) == unit
        assert queries.station_by_id(c, station.id) == station
        assert queries.kitchen_by_id(c, kitchen.id) == kitchen
        assert queries.firms(c) == (firm,)
        assert queries.use_units(c) == (unit,)
        assert queries.stations(c) == queries.stations(c, "410100") == (station,)
        assert queries.stations(c, "410200") == ()
        assert queries.kitchens(c, "canteen").items == (kitchen,)
        camera = queries.camera_by_id(c, "K0021-1")
        assert queries.cameras_of(c, kitchen.id) == queries.all_cameras(c) == (camera,)
        return {
            "firm": firm,
            "use_unit": unit,
            "station": station,
            "kitchen": kitchen,
            "camera": camera,
        }

    assert database.read(found) == done


def test_keeping_the_same_again_writes_nothing(database: Database) -> None:
    first = kept(database)
    version = database.read(registry_version)
    assert kept(database) == first
    assert database.read(registry_version) == version


def test_a_change_keeps_the_id_and_journals_the_field_not_its_value(database: Database) -> None:
    kept(database)
    changed = replace(FIRM, phone_24h="0371-9999-9999")
    before = database.read(lambda c: queries.firm_by_code(c, "F1"))
    after = database.write(lambda c: commands.upsert_firm(c, changed, NOW, BY))
    assert after == replace(before, phone_24h="0371-9999-9999")
    chain = database.read(lambda c: journal.history(c, Subject("registry", "firm")))
    assert chain[-1].entry.facts == {"code": "F1", "outcome": "changed", "fields": ["phone_24h"]}


def test_no_secret_and_no_personal_data_reach_the_journal(database: Database) -> None:
    kept(database)
    told = database.read(lambda c: str(c.execute(journal.journal_table.select()).all()))
    for secret in ("hidden", "0371", "Sample Officer"):
        assert secret not in told


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: queries.lift_by_code(c, "999999"),
        lambda c: queries.lift_by_id(c, 9),
        lambda c: queries.firm_by_id(c, 9),
        lambda c: queries.station_by_id(c, 9),
        lambda c: queries.use_unit_by_id(c, 9),
        lambda c: queries.kitchen_by_code(c, "none"),
        lambda c: queries.camera_by_id(c, "none"),
        lambda c: queries.gateway_by_id(c, "none"),
    ],
)
def test_what_does_not_exist_is_said_so(
    database: Database, ask: Callable[[Connection], object]
) -> None:
    with pytest.raises(NotFound):
        database.read(ask)


def test_a_lift_is_found_by_either_code_and_by_any_of_its_words(
    database: Database, lift: Lift
) -> None:
    assert database.read(lambda c: queries.lift_by_code(c, lift.rescue_code)) == lift
    assert database.read(lambda c: queries.lift_by_code(c, lift.registration_code)) == lift
    assert database.read(lambda c: queries.lift_by_id(c, lift.id)) == lift
    for text in ("", "2352", "3010410", "示例路 tower", "100%"):
        page = database.read(lambda c, text=text: queries.find_lifts(c, text))  # type: ignore[misc]
        assert page.items == (lift,), text
    for text in ("5274", "%", "_", "nowhere"):
        page = database.read(lambda c, text=text: queries.find_lifts(c, text))  # type: ignore[misc]
        assert page.total == 0, text
    assert database.read(lambda c: queries.find_lifts(c, area="410105")).total == 1
    assert database.read(lambda c: queries.find_lifts(c, area="410200")).total == 0


def test_pages_tell_the_whole_length(database: Database) -> None:
    for n in range(5):
        other = replace(LIFT, rescue_code=f"10000{n}", registration_code=f"{n}" * 20)
        database.write(lambda c, other=other: commands.upsert_lift(c, other, NOW, BY))  # type: ignore[misc]
    page = database.read(lambda c: queries.find_lifts(c, "", 2, 2))
    assert [each.rescue_code for each in page.items] == ["100002", "100003"]
    assert (page.total, page.limit, page.offset) == (5, 2, 2)
    assert database.read(queries.counts).lifts == 5


def test_two_lifts_never_share_a_registration_code(database: Database, lift: Lift) -> None:
    second = replace(LIFT, rescue_code="999999")
    with pytest.raises(Conflict, match=lift.rescue_code):
        database.write(lambda c: commands.upsert_lift(c, second, NOW, BY))


def test_a_gateway_speaks_for_exactly_what_it_was_enrolled_for(
    database: Database, lift: Lift
) -> None:
    def enrol(*lifts: int) -> Gateway:
        gateway = Gateway("G0017", "410100", lifts)
        return database.write(lambda c: commands.enrol_gateway(c, gateway, NOW, BY))

    assert enrol(lift.id) == Gateway("G0017", "410100", (lift.id,))
    assert database.read(lambda c: queries.gateways_of(c, lift.id)) == (enrol(lift.id),)
    assert database.read(load_directory).lifts_of("G0017") == (lift,)
    enrol()
    assert database.read(lambda c: queries.gateways_of(c, lift.id)) == ()
    with pytest.raises(NotFound):
        enrol(999)
    with pytest.raises(InvalidMessage, match="gateway_id"):
        database.write(lambda c: commands.enrol_gateway(c, Gateway("a/b", "410100"), NOW, BY))


@pytest.fixture(params=[False, True], ids=["whole", "bare"])
def directory(request: pytest.FixtureRequest, database: Database, lift: Lift) -> Directory:
    second = replace(LIFT, rescue_code="235275", registration_code="3" * 20)
    third = replace(LIFT, rescue_code="235276", registration_code="4" * 20)

    def register(c: Connection) -> None:
        other = commands.upsert_lift(c, second, NOW, BY)
        commands.upsert_lift(c, third, NOW, BY)
        kitchen = commands.upsert_kitchen(c, KITCHEN, NOW, BY)
        for gateway in (
            Gateway("ONE", "410100", (lift.id,)),
            Gateway("TWO", "410100", (lift.id, other.id)),
            Gateway("NONE", "410100"),
            Gateway("K0021", "410100", (), kitchen.id),
        ):
            commands.enrol_gateway(c, gateway, NOW, BY)

    database.write(register)
    return database.read(partial(load_directory, bare=request.param))


@pytest.mark.parametrize(
    ("device", "code", "found"),
    [
        ("ONE", None, "235274"),
        ("ONE", "235274", "235274"),
        ("ONE", "30104101002018110001", "235274"),
        ("TWO", "235275", "235275"),
    ],
)
def test_a_message_is_resolved_to_its_lift(
    directory: Directory, device: str, code: str | None, found: str
) -> None:
    topic = topics.parse(f"lift/v1/410100/{device}/status")
    assert directory.resolve(topic, code).rescue_code == found


@pytest.mark.parametrize(
    ("topic", "code", "reason"),
    [
        ("lift/v1/410100/NOBODY/status", None, "device_not_enrolled"),
        ("lift/v1/410100/NONE/status", None, "device_not_enrolled"),
        ("lift/v1/410100/K0021/status", None, "device_not_enrolled"),
        ("kitchen/v1/410100/ONE/status", None, "device_not_enrolled"),
        ("lift/v1/410200/ONE/status", None, "area_mismatch"),
        ("lift/v1/410100/TWO/status", None, "lift_missing"),
        ("lift/v1/410100/ONE/status", "999999", "lift_unknown"),
        ("lift/v1/410100/ONE/status", "235276", "not_its_lift"),
    ],
)
def test_a_message_that_speaks_for_no_lift_of_its_own_is_refused_with_a_reason(
    directory: Directory, topic: str, code: str | None, reason: str
) -> None:
    with pytest.raises(InvalidMessage) as refused:
        directory.resolve(topics.parse(topic), code)
    assert refused.value.reason == reason


def test_a_kitchens_gateway_speaks_for_its_kitchen_only(directory: Directory) -> None:
    assert directory.resolve_kitchen(topics.parse("kitchen/v1/410100/K0021/sensor")) == "K0021"
    with pytest.raises(InvalidMessage):
        directory.resolve_kitchen(topics.parse("kitchen/v1/410100/ONE/sensor"))


def test_a_bare_directory_knows_exactly_whom_the_whole_one_knows(database: Database) -> None:
    def enrol(connection: Connection) -> None:
        known = [
            commands.upsert_lift(
                connection,
                replace(
                    LIFT, rescue_code=f"{n:06}", registration_code=f"{n:020}", building=f"B{n}"
                ),
                NOW,
                BY,
            ).id
            for n in (7, 5, 300, 40, 6)
        ]
        for n, lift_ids in enumerate(((known[0],), (known[1], known[4]), ())):
            gateway = Gateway(f"G{n}", "410100", tuple(sorted(lift_ids)))
            commands.enrol_gateway(connection, gateway, NOW, BY)

    empty = database.read(partial(load_directory, bare=True))
    assert (len(empty.gateways), empty.lift("000007"), empty.gateway("G0")) == (0, None, None)
    database.write(enrol)
    whole = database.read(load_directory)
    bare = database.read(partial(load_directory, bare=True))
    assert dict(bare.gateways) == dict(whole.gateways)
    assert bare.dialects() == whole.dialects()
    assert set(bare.lifts_by_code) == set(whole.lifts_by_code)
    assert len(bare.lifts_by_code) == len(whole.lifts_by_code)
    for code, lift in whole.lifts_by_code.items():
        assert bare.lifts_by_code[code] == replace(lift, address="", district="", position=None)
    assert set(bare.lifts_by_id) == set(whole.lifts_by_id)
    for missing in ("000008", "", "0000070"):
        assert bare.lift(missing) is None
    assert bare.lifts_by_id.get(99_999) is None


def test_the_version_moves_with_every_change_of_the_registry_and_with_nothing_else(
    database: Database, lift: Lift
) -> None:
    version = database.read(registry_version)
    assert database.read(load_directory).version == version > 0
    noted = journal.Entry(Subject("incident", "1"), "noted", BY, NOW)
    database.write(lambda c: journal.append(c, noted))
    assert database.read(registry_version) == version
    kept(database)
    assert database.read(registry_version) > version


def test_a_gateway_speaks_the_dialect_that_it_was_enrolled_with(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:

        def enrol(dialect: str) -> Gateway:
            gateway = Gateway("G1", "410100", (), None, dialect)
            return database.write(lambda c: commands.enrol_gateway(c, gateway, NOW, BY))

        before = database.read(registry_version)
        assert enrol("canonical").dialect == "canonical"
        assert enrol("camera-box").dialect == "camera-box"
        assert database.read(registry_version) > before
        known = database.read(load_directory).gateway("G1")
        assert known is not None
        assert known.dialect == "camera-box"
        with pytest.raises(InvalidMessage, match="dialect"):
            enrol("Camera Box")
