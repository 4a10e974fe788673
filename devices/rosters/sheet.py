"""The file of rosters: one row lets one person work one shift from a day on.

A row for a single day has the same first and last day; one that goes on has no last. The same
person, shift and first day again changes that row, so a rota is ended by a file, too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select

from core.errors import NotFound
from core.journal import Actor
from devices.cells import Value, coded, day, one_of, pattern, text, time_of_day, whole
from devices.codes import Name
from devices.roster import EVERY_DAY, OnHolidays, Rota, Shift
from devices.rosters import commands, queries, store, tables
from devices.rosters.model import Owner, OwnerKind, Person
from devices.row_plan import Given, Planned, Refused, compared
from devices.sheet import Column, Problem, Sheet, SheetRow

_ON_HOLIDAYS: Mapping[str, Name] = {
    str(OnHolidays.AS_USUAL): Name("as usual", "照常"),
    str(OnHolidays.REST): Name("rest", "休息"),
    str(OnHolidays.ONLY): Name("only then", "仅节假日"),
}
_DAY = "a date such as 2026-11-23"


def _weekdays(cell: str) -> Value:
    """Digits of the week's days, Monday is 1."""
    if not cell or set(cell) - set("1234567"):
        raise ValueError(f"{cell[:16]!r} is no list of weekdays")
    return "".join(sorted(set(cell)))


def _whose(values: Mapping[str, Value]) -> Iterator[Problem]:
    station, firm = values.get("station_code"), values.get("firm_code")
    if bool(station) == bool(firm):
        yield Problem("station_code", "name a station or a firm", "fill one of the two columns")
    if values.get("team_code") and not firm:
        yield Problem("team_code", "a team is of a firm", "name the firm in firm_code")
    first, last = values.get("first"), values.get("last")
    if isinstance(first, date) and isinstance(last, date) and last < first:
        yield Problem("last", f"{last} is before first {first}", "exchange the two")


def _code(name: str, of: str, zh: tuple[str, ...], sample: str = "") -> Column:
    return Column(name, f"code of a registered {of}", sample, text(32), zh, required=False)


ROSTERS = Sheet(
    (
        Column("person", "the person's number", "001", pattern(r"[\w-]{1,32}"), ("工号", "编号")),
        _code("station_code", "station", ("救援站代码", "救援站编号"), "S001"),
        _code("firm_code", "firm", ("维保单位代码", "维保单位编号")),
        _code("team_code", "team of that firm", ("班组", "班组编号")),
        Column(
            "name",
            "at most 64 characters, one line",
            "示例值班员",
            text(64),
            ("姓名",),
            required=False,
            empty="",
        ),
        Column(
            "phone",
            "digits, blanks, + - ( ), 3 to 32 of them",
            "0371-00000002",
            pattern(r"[0-9+() -]{3,32}", secret=True),
            ("电话", "联系电话"),
            required=False,
            empty="",
        ),
        Column("shift", "at most 32 characters", "夜班", text(32), ("班次",)),
        Column("begins", "a time such as 20:00", "20:00", time_of_day, ("开始时间", "上班时间")),
        Column(
            "ends",
            "a time such as 08:00; not after begins: on the next day",
            "08:00",
            time_of_day,
            ("结束时间", "下班时间"),
        ),
        Column("first", _DAY, "2026-11-23", day, ("开始日期", "日期")),
        Column("last", f"{_DAY}; empty: goes on", "2026-11-30", day, ("结束日期",), required=False),
        Column(
            "every",
            "1 to 60: every so many days",
            "2",
            whole(1, 60),
            ("每几天",),
            required=False,
            empty=1,
        ),
        Column(
            "weekdays",
            "digits from 1 (Monday) to 7; empty: all",
            "1234567",
            _weekdays,
            ("星期",),
            required=False,
            empty="1234567",
        ),
        Column(
            "on_holidays",
            one_of(_ON_HOLIDAYS),
            "as_usual",
            coded(_ON_HOLIDAYS),
            ("节假日",),
            required=False,
            empty=str(OnHolidays.AS_USUAL),
        ),
    ),
    ("person",),
    _whose,
    within=("station_code", "firm_code", "team_code", "shift", "first"),
)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row as it stands, or is meant."""

    rota: Rota
    name: str
    phone: str


def plan(connection: Connection, row: SheetRow) -> Planned:
    """What a row would change."""
    given: Given = dict(row.values)
    owner = _owner(connection, given)
    weekdays = given.get("weekdays", "1234567")
    rota = Rota(
        Shift(given["shift"], given["begins"], given["ends"]),
        (row.code,),
        given["first"],
        given.get("last"),
        given.get("every", 1),
        frozenset(int(digit) - 1 for digit in weekdays) or EVERY_DAY,
        OnHolidays(given.get("on_holidays", OnHolidays.AS_USUAL)),
    )
    person, before = _standing(connection, owner, rota)
    name = given.get("name") or person.name
    phone = given.get("phone") or person.phone

    def keep(connection: Connection, after: _Row, now: datetime, actor: Actor) -> object:
        change = commands.Change(owner, now, now.date(), actor)  # a rota may be of any day
        told = Person(row.code, after.name, after.phone)
        return commands.add_rota(connection, change, after.rota, told)

    standing = None if before is None else _Row(before, person.name, person.phone)
    return compared(row, standing, _Row(rota, name, phone), keep)


def _owner(connection: Connection, given: Given) -> Owner:
    station, firm, team = (given.get(f"{of}_code") for of in ("station", "firm", "team"))
    if station:
        field, kind, code = "station_code", OwnerKind.STATION, str(station)
    elif team:
        field, kind, code = "team_code", OwnerKind.TEAM, f"{firm}:{team}"
    else:
        field, kind, code = "firm_code", OwnerKind.FIRM, str(firm or "")
    try:
        return queries.owner(connection, kind, code)
    except NotFound:
        problem = Problem(field, f"{kind} {code!r} is not registered", "import it first")
        raise Refused(problem) from None


def _standing(connection: Connection, owner: Owner, rota: Rota) -> tuple[Person, Rota | None]:
    r, t, p = tables.roster.c, tables.rota.c, tables.person.c
    kept = select(r.id).where(r.owner_kind == str(owner.kind), r.owner_id == owner.id)
    (code,) = rota.people
    who = connection.execute(
        select(p.name, p.phone).where(p.roster_id.in_(kept), p.code == code)
    ).one_or_none()
    row = connection.execute(
        select(tables.rota).where(
            t.roster_id.in_(kept),
            t.person == code,
            t.shift == rota.shift.name,
            t.first_on == rota.first,
        )
    ).one_or_none()
    person = Person(code, who.name, who.phone) if who else Person(code)
    return person, None if row is None else store.to_rota(row)
