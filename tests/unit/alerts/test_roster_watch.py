"""A gap of the next 24 hours is an alarm that ends by itself; who is there counts in a ranking."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from alerts import alarms, tables
from alerts.alarms import AlarmFilter
from alerts.confines import Confines
from alerts.model import Alarm
from alerts.roster_watch import RosterWatch
from alerts.store import load_incident, to_alarm
from alerts.views import view_of
from core.errors import Conflict, InvalidMessage
from devices.roster import Leave, Rota, Shift, Swap
from devices.rosters import commands, queries, store
from devices.rosters import tables as rosters
from devices.rosters.commands import Change
from devices.rosters.model import OwnerKind, Person
from tests.support.rescue import SEAT, Rescue

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 11, 23)
DAY, NIGHT = Shift("day", time(8), time(20)), Shift("night", time(20), time(8))
ONE = timedelta(days=1)


def local(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), ZONE).astimezone(UTC)


class Desk:
    """Somebody keeps the roster of station S1, and the watch looks at it."""

    def __init__(self, folder: Path) -> None:
        self.rescue = Rescue(folder)
        self.database = self.rescue.database
        self.watch = RosterWatch(self.database, self.rescue.clock, ZONE)
        self.whose = self.database.read(lambda c: queries.owner(c, OwnerKind.STATION, "S1"))

    def change(self, version: int | None = None) -> Change:
        now = self.rescue.clock.now()
        return Change(self.whose, now, now.astimezone(ZONE).date(), SEAT, version)

    def do(self, work: Callable[[Connection], int]) -> int:
        answer = self.database.write(work)
        self.look()
        return answer

    def rota(
        self, person: str, shift: Shift, first: date = MONDAY, last: date | None = None
    ) -> int:
        return self.do(
            lambda c: commands.add_rota(c, self.change(), Rota(shift, (person,), first, last))
        )

    def leave(self, person: str, first: date, last: date, stand_in: str | None = None) -> int:
        told = Leave(person, first, last, stand_in)
        return self.do(lambda c: commands.add_leave(c, self.change(), told))

    def person(self, code: str) -> int:
        return self.do(lambda c: commands.put_person(c, self.change(), Person(code, "示例")))

    def at(self, moment: datetime) -> None:
        self.rescue.clock.advance(moment - self.rescue.clock.now())
        self.look()

    def look(self) -> None:
        while self.watch.run_once():
            pass

    def alarms(self) -> list[tuple[str, str]]:
        def find(connection: Connection) -> list[Alarm]:
            rows = connection.execute(tables.alarm.select().order_by(tables.alarm.c.event_id))
            return [to_alarm(row) for row in rows]

        return [(a.state.value, a.detail) for a in self.database.read(find)]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_roster_that_nobody_keeps_raises_nothing(desk: Desk) -> None:
    desk.person("anna")
    assert desk.alarms() == []


def test_a_gap_is_told_24_hours_before_and_ends_when_it_is_filled(desk: Desk) -> None:
    desk.rota("anna", DAY)
    assert desk.alarms() == [("active", "11-23 20:00 – 11-24 08:00, 0/1")]
    desk.rota("ben", NIGHT, last=MONDAY + 2 * ONE)
    assert desk.alarms() == [("cleared", "11-23 20:00 – 11-24 08:00, 0/1")]
    desk.at(local(MONDAY + 2 * ONE, 19, 59))
    assert len(desk.alarms()) == 1
    desk.at(local(MONDAY + 2 * ONE, 20, 0))  # the night of the day after has nobody
    assert desk.alarms()[1:] == [("active", "11-26 20:00 – 11-27 08:00, 0/1")]
    desk.rota("cara", NIGHT, MONDAY + 3 * ONE)
    assert [state for state, _ in desk.alarms()] == ["cleared", "cleared"]


@pytest.mark.parametrize(
    ("hour", "minute", "day", "there"),
    [(23, 59, 0, True), (0, 0, 1, False), (0, 1, 1, False), (7, 59, 1, False), (8, 0, 1, True)],
)
def test_leave_takes_somebody_out_at_midnight_of_the_zone(
    desk: Desk, hour: int, minute: int, day: int, *, there: bool
) -> None:
    tuesday = MONDAY + ONE
    desk.rota("anna", DAY)
    desk.rota("ben", NIGHT)
    desk.leave("ben", tuesday, tuesday)
    at = local(MONDAY + day * ONE, hour, minute)
    found = desk.database.read(lambda c: queries.staffed(c, [desk.whose.id], at, ZONE))
    assert found == {desk.whose.id: there}


def test_a_leave_without_a_stand_in_is_an_alarm_and_one_with_is_none(desk: Desk) -> None:
    desk.rota("anna", DAY)
    desk.rota("ben", NIGHT)
    desk.person("cara")
    desk.leave("ben", MONDAY, MONDAY)
    assert desk.alarms() == [
        ("cleared", "11-23 20:00 – 11-24 08:00, 0/1"),  # before ben was entered
        ("active", "11-23 20:00 – 11-24 00:00, 0/1"),
    ]
    kept = desk.database.read(lambda c: queries.one(c, desk.whose, MONDAY, MONDAY))
    assert kept is not None
    (leave_id,) = kept.leaves
    desk.do(lambda c: commands.end_leave(c, desk.change(), leave_id))
    assert [state for state, _ in desk.alarms()] == ["cleared", "cleared"]
    desk.leave("ben", MONDAY, MONDAY, "cara")
    assert [state for state, _ in desk.alarms()] == ["cleared", "cleared"]


def test_the_same_gap_is_told_again_when_it_opens_again(desk: Desk) -> None:
    desk.rota("anna", DAY)
    desk.person("ben")
    desk.rota("ben", NIGHT)
    kept = desk.database.read(lambda c: queries.one(c, desk.whose, MONDAY, MONDAY))
    assert kept is not None
    night = max(kept.rotas)
    desk.do(lambda c: commands.end_rota(c, desk.change(), night, MONDAY - ONE))
    assert [state for state, _ in desk.alarms()] == ["cleared", "active"]


def test_a_gap_ends_with_its_time_and_a_restart_repeats_none(desk: Desk) -> None:
    desk.rota("anna", DAY)
    desk.rota("ben", NIGHT, MONDAY + ONE)
    desk.at(local(MONDAY + ONE, 7, 59))
    assert [state for state, _ in desk.alarms()] == ["active"]
    desk.watch = RosterWatch(desk.database, desk.rescue.clock, ZONE)
    desk.look()
    assert len(desk.alarms()) == 1
    desk.at(local(MONDAY + ONE, 8, 0))
    assert [state for state, _ in desk.alarms()] == ["cleared"]


def test_a_gap_without_end_stays_one_alarm_for_weeks(desk: Desk) -> None:
    desk.rota("anna", Shift("all day", time(8), time(8)), last=MONDAY)
    for days in range(1, 30):
        desk.at(local(MONDAY + days * ONE, 12))
    assert desk.alarms() == [("active", "11-24 08:00 – …, 0/1")]


def test_two_are_needed_and_one_is_there(desk: Desk) -> None:
    desk.rota("anna", Shift("all day", time(8), time(8)))
    desk.do(lambda c: commands.set_terms(c, desk.change(), 2, ()))
    assert desk.alarms()[-1][1].endswith("1/2")
    desk.do(lambda c: commands.set_terms(c, desk.change(), 0, ()))
    assert [state for state, _ in desk.alarms()] == ["cleared"]


def test_a_swap_changes_one_shift_and_must_be_of_a_shift(desk: Desk) -> None:
    desk.rota("ben", NIGHT)
    desk.person("cara")
    swap = Swap(MONDAY, "night", "ben", "cara")
    desk.do(lambda c: commands.add_swap(c, desk.change(), swap))
    late = desk.database.read(
        lambda c: queries.standing(c, [desk.whose], local(MONDAY + ONE, 3), ZONE)
    )
    assert [(each.person, each.instead_of) for each in late[0].on_duty] == [("cara", "ben")]
    with pytest.raises(InvalidMessage):
        desk.do(lambda c: commands.add_swap(c, desk.change(), Swap(MONDAY, "day", "ben", "cara")))
    with pytest.raises(Conflict) as again:
        desk.do(lambda c: commands.add_swap(c, desk.change(), swap))
    assert again.value.reason == "exists"


def test_nobody_changes_what_is_over_or_what_somebody_else_changed(desk: Desk) -> None:
    version = desk.rota("ben", NIGHT)
    desk.person("cara")
    with pytest.raises(Conflict) as stale:
        desk.do(lambda c: commands.put_person(c, desk.change(version), Person("dora")))
    assert stale.value.reason == "stale_version"
    desk.at(local(MONDAY + 3 * ONE, 12))
    with pytest.raises(Conflict) as past:
        desk.do(lambda c: commands.add_swap(c, desk.change(), Swap(MONDAY, "night", "ben", "cara")))
    assert past.value.reason == "past"


def test_who_watches_over_a_city_sees_its_stations_gaps(desk: Desk) -> None:
    desk.rota("anna", DAY)

    def seen(within: str) -> int:
        wanted = AlarmFilter(confines=Confines(within=within))
        return len(desk.database.read(lambda c: alarms.alarm_ids(c, wanted)))

    assert [seen(code) for code in ("", "410100", "410105", "410200")] == [1, 1, 1, 0]
    ids = desk.database.read(lambda c: alarms.alarm_ids(c, AlarmFilter()))
    (row,) = desk.database.read(lambda c: alarms.alarm_rows(c, ids))
    assert (row.place, row.roster) == ("示例救援站 S1", "station/S1")


def test_a_station_without_a_crew_yields_to_one_with_or_without_a_roster(desk: Desk) -> None:
    opened = desk.rescue.open().incident_id

    def ranked() -> list[tuple[str, tuple[str, ...]]]:
        def find(connection: Connection) -> list[tuple[str, tuple[str, ...]]]:
            incident = load_incident(connection, opened)
            view = view_of(connection, incident, desk.rescue.clock.now())
            return [(each.name[-2:], each.shortfalls) for each in view.stations]

        return desk.database.read(find)

    assert ranked() == [("S1", ()), ("S2", ())]
    desk.rota("ben", NIGHT)  # at noon nobody is there
    desk.at(local(MONDAY, 12))
    assert ranked() == [("S2", ()), ("S1", ("nobody_on_duty",))]
    desk.at(local(MONDAY, 20))
    assert ranked() == [("S1", ()), ("S2", ())]


def test_a_thousand_days_of_rows_are_read_by_the_window_alone(desk: Desk) -> None:
    def fill(connection: Connection) -> None:
        for n in range(300):
            first = MONDAY - n * ONE
            rota = Rota(NIGHT, ("ben",), first, first)
            commands.add_rota(connection, desk.change(), rota)

    desk.database.write(fill)
    kept = desk.database.read(
        lambda c: store.load(c, OwnerKind.STATION, [desk.whose.id], MONDAY - ONE, MONDAY)
    )[desk.whose.id]
    assert (len(kept.rotas), kept.kept_since) == (2, MONDAY - 299 * ONE)
    total = desk.database.read(lambda c: c.execute(rosters.rota.select()).all())
    assert len(total) == 300
