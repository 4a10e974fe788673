"""Keeps the alarms of rosters: raises one for each gap ahead, ends it when the gap is filled.

The rule stands in alerts.roster_gaps; the timer is `roster.wake_at`. Several may run: whoever comes
second finds nothing due. It runs beside the staff pages and takes a few rosters at a time, so that
no rescue waits for it.
"""

from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select, update

from alerts import alarm_book, roster_gaps, tables
from alerts.alarm import AlarmState
from alerts.model import Alarm
from alerts.roster_gaps import Stretch
from alerts.store import to_alarm
from core.clock import Clock
from core.db import Database
from core.journal import Actor, Subject
from devices.days import local_day
from devices.findings import Severity
from devices.rosters import queries, store
from devices.rosters import tables as rosters
from devices.rosters.model import KeptRoster, Owner, OwnerKind

GAP = "roster.gap"
AT_ONCE = 3  # rosters of one transaction
WATCH = Actor("engine", "rosters")
_OPEN = (AlarmState.ACTIVE, AlarmState.ACKNOWLEDGED)
_STAMP = "%Y%m%dT%H%M%SZ"


class RosterWatch:
    """Looks at rosters whose time has come. `run_once` is called by a loop of the hub's."""

    def __init__(self, database: Database, clock: Clock, zone: ZoneInfo) -> None:
        self._database = database
        self._clock = clock
        self._zone = zone

    def run_once(self) -> int:
        """Look at a few rosters; answers how many."""
        now = self._clock.now()
        due = self._database.read(partial(due_rosters, now=now))
        if due:
            self._database.write(partial(self._look, due=due, now=now))
        return len(due)

    def _look(
        self, connection: Connection, due: list[tuple[OwnerKind, int]], now: datetime
    ) -> None:
        for kind, owner_id in due:
            owner = queries.owners_by_id(connection, kind, [owner_id])[owner_id]
            look_at(connection, owner, now, self._zone)


def due_rosters(connection: Connection, now: datetime) -> list[tuple[OwnerKind, int]]:
    """Whose rosters are to be looked at, the longest waiting first."""
    r = rosters.roster.c
    rows = connection.execute(
        select(r.owner_kind, r.owner_id).where(r.wake_at <= now).order_by(r.wake_at).limit(AT_ONCE)
    )
    return [(OwnerKind(row.owner_kind), row.owner_id) for row in rows]


def look_at(connection: Connection, owner: Owner, now: datetime, zone: ZoneInfo) -> None:
    """Let exactly the gaps ahead stand as alarms of this owner's, and keep the next look."""
    first = local_day(now - roster_gaps.BACK, zone)
    last = local_day(now + roster_gaps.FORTH, zone)
    kept = store.load(connection, owner.kind, [owner.id], first, last)[owner.id]
    seen = roster_gaps.watch(kept, now, zone)
    standing = _standing(connection, owner)
    for gap in seen.told:
        alarm = next((a for a in standing if roster_gaps.is_same(_begun(a), gap, seen)), None)
        begun_at = gap.begins_at if alarm is None else _begun(alarm)
        detail = roster_gaps.words(begun_at, gap, kept.needed, seen, zone)
        if alarm is None:
            _begin(connection, owner, gap, detail, now)
            continue
        standing.remove(alarm)
        if alarm.detail != detail:
            alarm_book.change(connection, alarm, detail=detail)
    for alarm in standing:
        alarm_book.end(connection, alarm, now, now, WATCH, _why_over(alarm, kept, now))
    r = rosters.roster
    connection.execute(update(r).where(r.c.id == kept.id).values(wake_at=seen.wake_at))


def _begin(connection: Connection, owner: Owner, gap: Stretch, detail: str, now: datetime) -> None:
    c = tables.alarm.c
    stem = f"{GAP}/{owner.ref}/{gap.begins_at.astimezone(UTC):{_STAMP}}"
    earlier = connection.execute(
        select(func.count()).where(c.event_id.startswith(f"{stem}/", autoescape=True))
    ).scalar_one()
    alarm_book.begin(
        connection,
        f"{stem}/{earlier + 1}",
        Subject(owner.kind, owner.code),
        code=GAP,
        severity=Severity.MAJOR,
        detail=detail,
        since=now,
        now=now,
        actor=WATCH,
    )


def _standing(connection: Connection, owner: Owner) -> list[Alarm]:
    t = tables.alarm
    rows = connection.execute(
        select(t).where(
            t.c.subject_kind == str(owner.kind),
            t.c.subject == owner.code,
            t.c.code == GAP,
            t.c.state.in_(_OPEN),
        )
    )
    return [to_alarm(row) for row in rows]


def _begun(alarm: Alarm) -> datetime:
    """When the gap of an alarm begins, which its event id names."""
    stamp = alarm.event_id.rsplit("/", 2)[1]
    return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)


def _why_over(alarm: Alarm, kept: KeptRoster, now: datetime) -> str:
    """`filled`, `over` (its time has come, and people or its end with it) or `not_kept`."""
    if not kept.is_kept or kept.needed == 0:
        return "not_kept"
    return "filled" if _begun(alarm) > now else "over"
