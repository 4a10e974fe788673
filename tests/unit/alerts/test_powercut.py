"""Lifts of one building that lose their power are one alarm, and nobody inside is folded away."""

import pytest

from alerts import alarms, queries
from alerts.alarm import AlarmState
from alerts.alarms import AlarmFilter
from alerts.commands import acknowledge_alarm
from alerts.confines import Confines
from alerts.powercut import POWER_CUT
from core import journal
from core.journal import Subject
from tests.support.buildings import Building
from tests.support.rescue import SEAT, Rescue

CUT = ("235275", POWER_CUT)


def test_one_lift_without_power_is_its_own_alarm(rescue: Rescue) -> None:
    home = Building(rescue, 4)
    assert home.begins("235276", "power.off") == "raised"
    assert home.begins("235274", "power.off", 5) == "raised"  # another building
    assert home.shown() == [("235276", "power.off"), ("235274", "power.off")]


def test_all_lifts_of_a_building_are_one_alarm_that_names_them(rescue: Rescue) -> None:
    home = Building(rescue, 4)
    came = [home.begins(lift, "power.off", n) for n, lift in enumerate(home.lifts)]
    assert came == ["raised", "folded", "folded", "folded"]
    assert home.shown() == [CUT]
    (cut,) = [a for a in home.alarms() if a.code == POWER_CUT]
    assert cut.detail.split() == home.lifts
    assert (cut.subject_kind, cut.severity) == ("building", "major")
    repeated = [home.begins(lift, "power.off", n) for n, lift in enumerate(home.lifts)]
    assert repeated == ["repeated"] * 4
    assert len(home.alarms()) == 5


def test_it_ends_when_nobody_tells_of_it_and_what_lasts_stands_alone_again(rescue: Rescue) -> None:
    home = Building(rescue, 3)
    home.begins("235275", "power.off", 0)
    home.begins("235276", "power.off", 2)
    home.begins("B3", "device.offline", 40)
    assert home.shown() == [CUT]
    home.ends("235275", "power.off", 0, 600)
    assert home.shown() == [CUT]
    home.ends("235276", "power.off", 2, 610)
    (cut,) = [a for a in home.alarms() if a.code == POWER_CUT]
    assert cut.state is AlarmState.CLEARED
    assert ("B3", "device.offline") in home.shown()
    assert ("235275", "power.off") not in home.shown()


def test_whoever_is_trapped_in_a_power_cut_is_seen(rescue: Rescue) -> None:
    home = Building(rescue, 3)
    home.begins("235275", "power.off", 0)
    home.begins("235276", "power.off", 1)
    assert home.begins("235277", "trapped.between", 60, occupied=True) == "opened"
    assert home.shown() == [CUT, ("235277", "trapped.between")]
    assert len(rescue.database.read(queries.board)) == 1


def test_silence_alone_is_a_cut_only_where_it_is_everybodys(rescue: Rescue) -> None:
    home = Building(rescue, 3)
    home.begins("B1", "device.offline", 0)
    home.begins("B2", "device.offline", 1)
    assert len(home.shown()) == 2
    home.begins("B3", "device.offline", 20)
    assert home.shown() == [CUT]
    home.ends("B2", "device.offline", 1, 400)
    assert set(home.shown()) == {CUT, ("B1", "device.offline"), ("B3", "device.offline")}


def test_one_dead_gateway_of_four_lifts_is_no_power_cut(rescue: Rescue) -> None:
    home = Building(rescue, 4, per_gateway=4)
    home.begins("B1", "device.offline", 0)
    assert home.shown() == [("B1", "device.offline")]
    home.begins("235275", "power.off", 3)  # its own lift, and its own battery
    assert len(home.shown()) == 2
    home.begins("235276", "power.off", 4)
    assert home.shown() == [CUT]


def test_what_began_hours_apart_is_no_cut_but_joins_one_that_stands(rescue: Rescue) -> None:
    home = Building(rescue, 4)
    home.begins("235275", "power.off", 0)
    home.begins("235276", "power.off", 4000)
    assert len(home.shown()) == 2
    home.begins("235277", "power.off", 4010)
    own = ("235275", "power.off")
    assert home.shown() == [own, CUT]
    assert home.begins("235278", "power.off", 9000) == "folded"
    (cut,) = [a for a in home.alarms() if a.code == POWER_CUT]
    assert cut.detail.split() == home.lifts[1:]
    for lift, began in (("235276", 4000), ("235277", 4010), ("235278", 9000)):
        home.ends(lift, "power.off", began, 9999)
    assert home.alarms()[0].folded_into == ""
    assert {a.state for a in home.alarms() if a.code == POWER_CUT} == {AlarmState.CLEARED}


@pytest.mark.parametrize("late", [True, False])
def test_who_acknowledges_the_cut_acknowledges_what_it_tells(rescue: Rescue, *, late: bool) -> None:
    home = Building(rescue, 3)
    home.begins("235275", "power.off", 0)
    home.begins("235276", "power.off", 1)
    if not late:
        home.begins("235277", "power.off", 2)
    now = rescue.clock.now()
    rescue.database.write(lambda c: acknowledge_alarm(c, "235276:power.off-1/cut", now, SEAT))
    if late:
        home.begins("235277", "power.off", 2)
    assert {a.state for a in home.alarms()} == {AlarmState.ACKNOWLEDGED}
    for n, lift in enumerate(home.lifts):
        home.ends(lift, "power.off", n, 500)
    assert {a.state for a in home.alarms()} == {AlarmState.CLOSED}


def test_the_list_leaves_out_what_is_folded_and_finds_it_under_the_cut(rescue: Rescue) -> None:
    home = Building(rescue, 3)
    for n, lift in enumerate(home.lifts):
        home.begins(lift, "power.off", n)
    cut = "235276:power.off-1/cut"

    def listed(wanted: AlarmFilter) -> list[str]:
        return rescue.database.read(lambda c: alarms.alarm_ids(c, wanted))

    assert listed(AlarmFilter(confines=Confines(within="410100"))) == [cut]
    assert len(listed(AlarmFilter(folded_into=cut))) == 3
    assert len(listed(AlarmFilter(folded=True))) == 4
    (row,) = rescue.database.read(lambda c: alarms.alarm_rows(c, [cut]))
    assert (row.place, row.lift_code) == ("示例路 2 号 1 号楼", "235275")
    told = rescue.database.read(lambda c: journal.history(c, Subject("lift", "235277")))
    assert "alarm_folded" in {each.entry.verb for each in told}


def test_without_an_address_nothing_is_beside_anything(rescue: Rescue) -> None:
    home = Building(rescue, 2)
    rescue.database.write(lambda c: c.exec_driver_sql("UPDATE lift SET address = ''"))
    home.begins("235275", "power.off", 0)
    home.begins("235276", "power.off", 1)
    assert len(home.shown()) == 2
