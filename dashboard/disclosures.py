"""That a person's whole telephone number was shown: to whom, of what, from where.

Theory of operation. Pages mask the numbers of persons: callers, and use units' safety officers.
Who may see them whole asks for each with a button, and each asking is journalled. A seat that
directs a running incident sees its callers whole at once, for it has to call them back; that is
journalled once for each account and incident. Duty numbers of firms and stations are public.
"""

from datetime import datetime

from sqlalchemy import Connection

from core import journal
from core.db import Database
from core.journal import Actor, Entry, Subject

_VERB = "phone_shown"


def tell(connection: Connection, thing: Subject, now: datetime, actor: Actor) -> None:
    """Journal that `thing`'s numbers were shown."""
    journal.append(connection, Entry(_about(thing), _VERB, actor, now))


def tell_once(database: Database, thing: Subject, now: datetime, actor: Actor) -> None:
    """Journal it unless this account was shown them before; costs one read when it was."""
    if not database.read(lambda c: _told(c, thing, actor)):
        database.write(lambda c: None if _told(c, thing, actor) else tell(c, thing, now, actor))


def _told(connection: Connection, thing: Subject, actor: Actor) -> bool:
    chain = journal.history(connection, _about(thing))
    return any(each.entry.actor == actor for each in chain)


def _about(thing: Subject) -> Subject:
    # A subject of its own: a page that follows the incident is not woken by who looks at it.
    return Subject("disclosure", f"{thing.kind}/{thing.id}")
