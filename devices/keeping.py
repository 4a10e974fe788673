"""What every change to the registry shares: compare, write, journal. In the caller's transaction.

A value that stands there already, unchanged, writes nothing. Facts in the journal name the code
and the fields that changed, never their values: telephone numbers, people's names and passwords do
not belong there.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, Table, and_, insert, select, update

from core import journal
from core.errors import NotFound
from core.journal import Actor, Entry, Subject
from devices import store
from devices.directory import REGISTRY


def keep(
    connection: Connection,
    table: Table,
    key: str,
    values: store.Values,
    now: datetime,
    actor: Actor,
) -> store.AnyRow:
    """Keep `values` under the unique column `key`; answers the row as it stands."""
    row, changed = store.keep(connection, table, key, values)
    _told(connection, table, str(values[key]), changed, now, actor)
    return row


def keep_of(
    connection: Connection,
    table: Table,
    keys: Mapping[str, object],
    values: store.Values,
    now: datetime,
    actor: Actor,
    *,
    code: str,
) -> store.AnyRow:
    """Keep `values` under several columns that are unique together; `code` names it to people."""
    where = and_(*(table.c[name] == value for name, value in keys.items()))
    found = connection.execute(select(table).where(where)).one_or_none()
    if found is None:
        row = connection.execute(insert(table).values({**keys, **values}).returning(table)).one()
        _told(connection, table, code, None, now, actor)
        return row
    changed = store.changed_fields(found, values)
    if changed:
        told = {name: values[name] for name in changed}
        found = connection.execute(update(table).where(where).values(told).returning(table)).one()
    _told(connection, table, code, changed, now, actor)
    return found


def must_exist(connection: Connection, table: Table, key: int, kind: str) -> None:
    """Raises NotFound when `table` has no row of our id `key`."""
    if connection.execute(select(table.c.id).where(table.c.id == key)).one_or_none() is None:
        raise NotFound(kind, str(key))


def record(
    connection: Connection,
    kind: str,
    facts: Mapping[str, object],
    now: datetime,
    actor: Actor,
    *,
    verb: str = "",
) -> None:
    """Journal a change under the registry's chain of that kind."""
    subject = Subject(REGISTRY, kind)
    journal.append(connection, Entry(subject, verb or f"{kind}.kept", actor, now, facts))


def _told(
    connection: Connection,
    table: Table,
    code: str,
    changed: tuple[str, ...] | None,
    now: datetime,
    actor: Actor,
) -> None:
    if changed is None:
        record(connection, table.name, {"code": code, "outcome": "inserted"}, now, actor)
    elif changed:
        facts = {"code": code, "outcome": "changed", "fields": list(changed)}
        record(connection, table.name, facts, now, actor)
