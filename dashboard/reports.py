"""Reports from the public: taken by the public process, handed to the rescue process.

Theory of operation. The public surface never writes the relational database. A report is a row in
its own file, on the disk before the reporter is thanked; the rescue process follows that file and
opens or joins an incident. The reporter gets a signed link that shows how it goes on, and nothing
about anybody else. Two windows bound abuse: so many reports from one address, and so many for one
lift; who is refused is told to telephone, because a refused report may be a true one.
"""

import sqlite3
import threading
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import Connection, select

from alerts import tables as alert_tables
from core import handoff
from core.clock import Clock
from core.errors import Forbidden, InvalidMessage
from core.ids import sortable_key
from dashboard.problems import TooManyRequests
from devices import findings
from devices.findings import PublicReport

WINDOW = timedelta(minutes=10)
MOST_PER_ADDRESS = 5
MOST_PER_LIFT = 20
MOST_KEYS = 10_000
LINK_LASTS = timedelta(hours=24)
MOST_PEOPLE = 99
LONGEST_NOTE = 500
LONGEST_NAME = 64
LONGEST_PHONE = 32
_PHONE_SIGNS = frozenset("0123456789+-() ")


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody filled in. Everything but `trapped` may be left out."""

    trapped: bool
    people: int | None = None
    injured: bool = False
    note: str = ""
    reporter_name: str = ""
    reporter_phone: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How a report goes on. `state` is `received` until the rescue process has taken it."""

    lift_code: str
    reported_at: datetime
    state: str
    level: int = 0
    dispatched_at: datetime | None = None
    acknowledged_at: datetime | None = None
    en_route_at: datetime | None = None
    on_scene_at: datetime | None = None
    freed_at: datetime | None = None
    closed_at: datetime | None = None


class Window:
    """So many of one key within `WINDOW`; forgets the keys unused for longest."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen: OrderedDict[str, deque[datetime]] = OrderedDict()

    def wait(self, key: str, now: datetime) -> timedelta | None:
        """How long until `key` may again; None when it may now."""
        seen = self._seen.get(key, deque())
        while seen and now - seen[0] >= WINDOW:
            seen.popleft()
        return WINDOW - (now - seen[0]) if len(seen) >= self._most else None

    def count(self, key: str, now: datetime) -> None:
        """Count one of `key`."""
        self._seen.setdefault(key, deque()).append(now)
        self._seen.move_to_end(key)
        while len(self._seen) > MOST_KEYS:
            self._seen.popitem(last=False)


class PublicReports:
    """The public process's pen and its counters. Any thread may call."""

    def __init__(self, file: Path, secret: bytes, clock: Clock) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._clock = clock
        self._signer = URLSafeSerializer(secret, salt="public-report")
        self._lock = threading.Lock()
        self._by_address = Window(MOST_PER_ADDRESS)
        self._by_lift = Window(MOST_PER_LIFT)
        self._connection = sqlite3.connect(
            file, timeout=5, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        handoff.create(self._connection)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def take(self, lift_code: str, told: Told, *, address: str) -> str:
        """Keep a report of that lift; answers the token of its progress page.

        Raises InvalidMessage (naming the field) and TooManyRequests. When it returns, the report
        is on the disk.
        """
        checked = _checked(told)
        now = self._clock.now()
        event_id = f"public-{sortable_key(now)}"
        report = PublicReport(
            event_id=event_id,
            lift=lift_code,
            at=now,
            trapped=checked.trapped,
            people=checked.people,
            injured=checked.injured,
            note=checked.note,
            reporter_name=checked.reporter_name,
            reporter_phone=checked.reporter_phone,
        )
        with self._lock:
            self._refuse_floods(lift_code, address, now)
            handoff.append(
                self._connection,
                event_id=findings.row_id(report),
                at=now,
                payload=findings.encode(report),
            )
            self._by_address.count(address, now)
            self._by_lift.count(lift_code, now)
        return str(self._signer.dumps([event_id, lift_code, int(now.timestamp())]))

    def progress(self, connection: Connection, token: str) -> Progress:
        """How the report of `token` goes on; raises Forbidden when it is forged or a day old."""
        try:
            event_id, lift_code, at = self._signer.loads(token)
        except (BadSignature, ValueError, TypeError) as error:
            raise Forbidden("this link is not valid") from error
        now = self._clock.now()
        reported_at = datetime.fromtimestamp(at, now.tzinfo)
        if now - reported_at > LINK_LASTS:
            raise Forbidden("this link is over; please telephone")
        return _progress(connection, event_id, lift_code, reported_at)

    def _refuse_floods(self, lift_code: str, address: str, now: datetime) -> None:
        waits = (self._by_address.wait(address, now), self._by_lift.wait(lift_code, now))
        longest = max((wait for wait in waits if wait is not None), default=None)
        if longest is not None:
            raise TooManyRequests(
                "many reports have come in just now; if somebody is trapped, please telephone",
                retry_after_s=int(longest.total_seconds()) + 1,
            )


def public_reports(request: Request) -> PublicReports:
    """The process's reports (public surface only)."""
    found: PublicReports = request.app.state.reports
    return found


Reports = Annotated[PublicReports, Depends(public_reports)]


def _checked(told: Told) -> Told:
    """Trim, and refuse what is out of bounds, naming the field."""
    if told.people is not None and not 0 <= told.people <= MOST_PEOPLE:
        raise InvalidMessage("out_of_range", f"say 0 to {MOST_PEOPLE}", field="people")
    texts = {
        "note": (told.note.strip(), LONGEST_NOTE),
        "reporter_name": (told.reporter_name.strip(), LONGEST_NAME),
        "reporter_phone": (told.reporter_phone.strip(), LONGEST_PHONE),
    }
    for name, (text, longest) in texts.items():
        if len(text) > longest:
            raise InvalidMessage("too_long", f"at most {longest} characters", field=name)
    phone = texts["reporter_phone"][0]
    if not set(phone) <= _PHONE_SIGNS:
        raise InvalidMessage("not_a_phone", "digits only", field="reporter_phone")
    return Told(
        told.trapped,
        told.people,
        told.injured,
        texts["note"][0],
        texts["reporter_name"][0],
        phone,
    )


def _progress(
    connection: Connection, event_id: str, lift_code: str, reported_at: datetime
) -> Progress:
    i, r = alert_tables.incident.c, alert_tables.report.c
    row = connection.execute(
        select(alert_tables.incident)
        .join(alert_tables.report, r.incident_id == i.id)
        .where(r.event_key == event_id)
    ).one_or_none()
    if row is None:
        return Progress(lift_code, reported_at, "received")
    return Progress(
        lift_code,
        reported_at,
        row.state,
        row.level,
        row.dispatched_at,
        row.acknowledged_at,
        row.en_route_at,
        row.on_scene_at,
        row.freed_at,
        row.closed_at,
    )
