"""Changes to a roster, in the caller's transaction, each with its journal entry.

Every one checks the version that was seen (None: whichever), moves it on, and wakes the watch over
gaps. What is over is kept as it was: nobody changes afterwards who was on duty. The journal names
people by their numbers, never by name or telephone.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, Table, delete, insert, select, update

from core import journal
from core.errors import Conflict, InvalidMessage, NotFound
from core.journal import Actor, Entry, Subject
from devices.days import ONE_DAY
from devices.roster import Leave, Roster, Rota, Swap, swaps_without_effect
from devices.rosters import store, tables
from devices.rosters.model import KeptRoster, Owner, Person
from devices.store import AnyRow, Values

ROSTER = "roster"  # the journal's subject; its id is the owner's ref
MOST_NEEDED = 50
MOST_DAYS = 366  # of one leave, and of holidays


@dataclass(frozen=True, slots=True)
class Change:
    """Who changes whose roster, when, and which version was seen. `today` is the local day."""

    owner: Owner
    now: datetime
    today: date
    actor: Actor
    version: int | None = None
    reason: str = ""


def set_terms(
    connection: Connection, change: Change, needed: int, holidays: Collection[date]
) -> int:
    """How many people are needed at any time, and the holidays; answers the new version."""
    if not 0 <= needed <= MOST_NEEDED:
        raise _wrong("needed", f"0 to {MOST_NEEDED} people")
    if len(holidays) > MOST_DAYS:
        raise _wrong("holidays", f"at most {MOST_DAYS} days")
    kept, version = _begun(connection, change)
    days = [day.isoformat() for day in sorted(holidays)]
    _set(connection, tables.roster, kept, {"needed": needed, "holidays": days})
    return _told(connection, change, version, "terms", {"needed": needed, "holidays": len(days)})


def put_person(connection: Connection, change: Change, person: Person) -> int:
    """Keep somebody's name and telephone under the number; answers the new version."""
    kept, version = _begun(connection, change)
    _put(connection, kept, person)
    return _told(connection, change, version, "person", {"person": person.code})


def add_rota(
    connection: Connection, change: Change, rota: Rota, person: Person | None = None
) -> int:
    """Let one person work a shift from a day on; with `person` that one's name is kept, too.

    The same person, shift and first day again replaces what stood there. Raises InvalidMessage.
    """
    code = rota.people[0]
    if rota.last is not None and rota.last < rota.first:
        raise _wrong("last", "it ends before it begins")
    if not rota.weekdays:
        raise _wrong("weekdays", "name one day of the week at least")
    kept, version = _begun(connection, change)
    _put(connection, kept, person or Person(code), only_new=person is None)
    c, values = tables.rota.c, store.of_rota(rota)
    same = (
        c.roster_id == kept,
        c.person == code,
        c.shift == rota.shift.name,
        c.first_on == rota.first,
    )
    if connection.execute(select(c.id).where(*same)).one_or_none() is None:
        connection.execute(insert(tables.rota).values(roster_id=kept, **values))
    else:
        connection.execute(update(tables.rota).where(*same).values(values))
    facts = {"person": code, "shift": rota.shift.name, "first": rota.first.isoformat()}
    if rota.last is not None:
        facts["last"] = rota.last.isoformat()
    return _told(connection, change, version, "rota", facts)


def end_rota(connection: Connection, change: Change, rota_id: int, last: date) -> int:
    """Let a rota end with `last`, yesterday at the earliest; one not begun by then never was."""
    kept, version = _begun(connection, change)
    row = _row(connection, tables.rota, kept, rota_id, "rota")
    if row.last_on is not None and row.last_on < change.today - ONE_DAY:
        raise Conflict("past", "this rota is over")
    last = max(last, change.today - ONE_DAY)
    t = tables.rota
    if last < row.first_on:
        connection.execute(delete(t).where(t.c.id == rota_id))
    else:
        connection.execute(update(t).where(t.c.id == rota_id).values(last_on=last))
    facts = {"person": row.person, "shift": row.shift, "last": last.isoformat()}
    return _told(connection, change, version, "rota_ended", facts)


def add_swap(connection: Connection, change: Change, swap: Swap) -> int:
    """Put one person in another's place in one shift; raises InvalidMessage where none is worked.

    A shift of yesterday may still run, so it is the earliest that may change hands.
    """
    if swap.day < change.today - ONE_DAY:
        raise Conflict("past", "this shift is over")
    if swap.leaves == swap.takes:
        raise _wrong("takes", "name another person")
    kept, version = _begun(connection, change)
    _known(connection, kept, swap.takes, "takes")
    found = _loaded(connection, change, swap.day, swap.day)
    alone = Roster(tuple(found.rotas.values()), (swap,), holidays=found.holidays)
    if swaps_without_effect(alone):
        raise _wrong("leaves", f"{swap.leaves} has no shift {swap.shift} that begins on that day")
    if any(
        s.day == swap.day and s.shift == swap.shift and s.leaves == swap.leaves
        for s in found.swaps.values()
    ):
        raise Conflict("exists", "this place has changed hands already: withdraw that first")
    connection.execute(
        insert(tables.swap).values(
            roster_id=kept,
            day=swap.day,
            shift=swap.shift,
            leaves=swap.leaves,
            takes=swap.takes,
        )
    )
    facts = {
        "day": swap.day.isoformat(),
        "shift": swap.shift,
        "leaves": swap.leaves,
        "takes": swap.takes,
    }
    return _told(connection, change, version, "swap", facts)


def withdraw_swap(connection: Connection, change: Change, swap_id: int) -> int:
    """Undo a swap of a shift that is not over."""
    kept, version = _begun(connection, change)
    row = _row(connection, tables.swap, kept, swap_id, "swap")
    if row.day < change.today - ONE_DAY:
        raise Conflict("past", "this shift is over")
    connection.execute(delete(tables.swap).where(tables.swap.c.id == swap_id))
    facts = {"day": row.day.isoformat(), "shift": row.shift, "leaves": row.leaves}
    return _told(connection, change, version, "swap_withdrawn", facts)


def add_leave(connection: Connection, change: Change, leave: Leave) -> int:
    """Take a person out for whole days, with a stand-in where one is named."""
    if leave.last < leave.first:
        raise _wrong("last", "it ends before it begins")
    if leave.last - leave.first >= timedelta(days=MOST_DAYS):
        raise _wrong("last", f"at most {MOST_DAYS} days")
    if leave.first < change.today:
        raise Conflict("past", "leave begins today at the earliest")
    if leave.stand_in == leave.person:
        raise _wrong("stand_in", "name another person")
    kept, version = _begun(connection, change)
    _known(connection, kept, leave.person, "person")
    if leave.stand_in is not None:
        _known(connection, kept, leave.stand_in, "stand_in")
    c = tables.leave.c
    meets = select(c.id).where(
        c.roster_id == kept,
        c.person == leave.person,
        c.first_on <= leave.last,
        c.last_on >= leave.first,
    )
    if connection.execute(meets).first() is not None:
        raise Conflict("overlap", f"{leave.person} is on leave on some of these days already")
    connection.execute(
        insert(tables.leave).values(
            roster_id=kept,
            person=leave.person,
            first_on=leave.first,
            last_on=leave.last,
            stand_in=leave.stand_in,
        )
    )
    facts = {
        "person": leave.person,
        "first": leave.first.isoformat(),
        "last": leave.last.isoformat(),
    }
    if leave.stand_in is not None:
        facts["stand_in"] = leave.stand_in
    return _told(connection, change, version, "leave", facts)


def end_leave(connection: Connection, change: Change, leave_id: int) -> int:
    """Let a leave end with yesterday; one that has not begun never was."""
    kept, version = _begun(connection, change)
    row = _row(connection, tables.leave, kept, leave_id, "leave")
    if row.last_on < change.today:
        raise Conflict("past", "this leave is over")
    t = tables.leave
    if row.first_on >= change.today:
        connection.execute(delete(t).where(t.c.id == leave_id))
    else:
        yesterday = change.today - ONE_DAY
        connection.execute(update(t).where(t.c.id == leave_id).values(last_on=yesterday))
    facts = {"person": row.person, "first": row.first_on.isoformat()}
    return _told(connection, change, version, "leave_ended", facts)


def _begun(connection: Connection, change: Change) -> tuple[int, int]:
    """Our id of the roster, begun where it was not, and its version; raises Conflict."""
    r, owner = tables.roster, change.owner
    where = r.c.owner_kind == str(owner.kind), r.c.owner_id == owner.id
    row = connection.execute(select(r.c.id, r.c.version).where(*where)).one_or_none()
    version = 0 if row is None else row.version
    if change.version is not None and change.version != version:
        told = f"roster {owner.ref} is at version {version}, you have seen {change.version}"
        raise Conflict("stale_version", told)
    if row is None:
        row = connection.execute(
            insert(r)
            .values(owner_kind=str(owner.kind), owner_id=owner.id, needed=1, holidays=[], version=0)
            .returning(r.c.id, r.c.version)
        ).one()
    return row.id, version


def _told(
    connection: Connection,
    change: Change,
    version: int,
    verb: str,
    facts: Mapping[str, object],
) -> int:
    """Move the version on and journal; raises Conflict where somebody was quicker."""
    r, owner = tables.roster, change.owner
    moved = connection.execute(
        update(r)
        .where(r.c.owner_kind == str(owner.kind), r.c.owner_id == owner.id, r.c.version == version)
        .values(version=version + 1, wake_at=change.now)
    )
    if moved.rowcount != 1:
        raise Conflict("stale_version", f"roster {owner.ref} has changed")
    subject = Subject(ROSTER, owner.ref)
    entry = Entry(
        subject,
        f"{ROSTER}.{verb}",
        change.actor,
        change.now,
        facts,
        reason=change.reason.strip()[:500],
    )
    journal.append(connection, entry)
    return version + 1


def _put(connection: Connection, kept: int, person: Person, *, only_new: bool = False) -> None:
    c = tables.person.c
    where = c.roster_id == kept, c.code == person.code
    values: Values = {"name": person.name, "phone": person.phone}
    if connection.execute(select(c.id).where(*where)).one_or_none() is None:
        connection.execute(insert(tables.person).values(roster_id=kept, code=person.code, **values))
    elif not only_new:
        connection.execute(update(tables.person).where(*where).values(values))


def _known(connection: Connection, kept: int, code: str, field: str) -> None:
    c = tables.person.c
    where = c.roster_id == kept, c.code == code
    if connection.execute(select(c.id).where(*where)).one_or_none() is None:
        raise _wrong(field, f"{code!r} is nobody of this roster")


def _loaded(connection: Connection, change: Change, first: date, last: date) -> KeptRoster:
    owner = change.owner
    found = store.load(connection, owner.kind, [owner.id], first, last).get(owner.id)
    if found is None:
        raise NotFound("roster", owner.ref)
    return found


def _row(connection: Connection, table: Table, kept: int, key: int, kind: str) -> AnyRow:
    row = connection.execute(
        select(table).where(table.c.id == key, table.c.roster_id == kept)
    ).one_or_none()
    if row is None:
        raise NotFound(kind, str(key))
    return row


def _set(connection: Connection, table: Table, kept: int, values: Values) -> None:
    connection.execute(update(table).where(table.c.id == kept).values(values))


def _wrong(field: str, told: str) -> InvalidMessage:
    return InvalidMessage("bad_field", told, field=field)
