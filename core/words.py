"""An index of words over rows, on SQLite and on PostgreSQL, that gives the same rows on both.

Theory of operation. A row's words stand in a column of their own as a set: no positions, no
ranking, nothing that the two databases would do differently. SQLite looks them up in an FTS5
table without content of its own, PostgreSQL in a GIN index over the array. Rows are written by
`ready` and `change` alone, which keep both (triggers would, but make FTS5 flush at every row, ten
times slower). Whoever wants two letters to stand side by side makes them one word; whoever wants
rows of one city makes the city a word. A word is letters, digits and `_`, casefolded.

This module and core.db are the only ones that know which database it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    DDL,
    Column,
    Connection,
    Dialect,
    Select,
    String,
    Table,
    TableClause,
    Text,
    TypeDecorator,
    and_,
    cast,
    column,
    event,
    insert,
    or_,
    select,
    table,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from core.db import Load, load

Together = tuple[str, ...]  # words that a row must all have
AnyOf = tuple[Together, ...]  # one of these must hold
Query = tuple[AnyOf, ...]  # all of these must hold

Bytewise = String().with_variant(String(collation="C"), "postgresql")  # sorts alike on both

_SQLITE = (
    """CREATE VIRTUAL TABLE {name}_index USING fts5(
    words, content='{name}', content_rowid='{key}', detail=none, columnsize=0,
    tokenize="ascii tokenchars '_'")""",
    "INSERT INTO {name}_index({name}_index, rank) VALUES ('automerge', 8)",
)
_POSTGRESQL = (
    "CREATE INDEX ix_{name}_words ON {name} USING gin (words) WITH (fastupdate = off)",
    "ALTER TABLE {name} ALTER COLUMN words SET STATISTICS 1000",
)


class Words(TypeDecorator[tuple[str, ...]]):
    """A set of words: an array where there are arrays, else one text, sorted, parted by blanks."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:  # Any: SQLAlchemy's own type of types
        """An array on PostgreSQL."""
        return dialect.type_descriptor(ARRAY(Text()) if dialect.name == "postgresql" else Text())

    def process_bind_param(
        self, value: Iterable[str] | None, dialect: Dialect
    ) -> str | list[str] | None:
        """Sort, so that the same set is the same value; a tuple is sorted already."""
        if value is None:
            return None
        words = list(value) if isinstance(value, tuple) else sorted(set(value))
        return words if dialect.name == "postgresql" else " ".join(words)

    def process_result_value(
        self,
        value: str | Sequence[str] | None,
        dialect: Dialect,  # noqa: ARG002
    ) -> tuple[str, ...] | None:
        """Give the words back, sorted."""
        if value is None:
            return None
        return tuple(value.split()) if isinstance(value, str) else tuple(value)


def statements(name: str, key: str, dialect: str) -> list[str]:
    """What makes the index of the table `name`, whose integer `key` names a row."""
    wanted = _POSTGRESQL if dialect == "postgresql" else _SQLITE
    return [each.format(name=name, key=key) for each in wanted]


def indexed(of: Table) -> Table:
    """`of`, whose column `words` is indexed wherever the table is created."""
    key = _key(of).name
    for dialect in ("sqlite", "postgresql"):
        for each in statements(of.name, key, dialect):
            ddl = DDL(each.replace("%", "%%"))  # type: ignore[no-untyped-call]
            event.listen(of, "after_create", ddl.execute_if(dialect=dialect))
    return of


def is_part_of_index(name: str) -> bool:
    """Whether a table is how SQLite keeps an index of words."""
    return "_words_index" in name


@dataclass(frozen=True, slots=True)
class Ready:
    """The words of rows that are not there yet, ready to be written once their keys are known."""

    key: str
    rows: Load
    index: Load | None

    def write(self, connection: Connection, keys: Sequence[int]) -> None:
        """Insert them, each under its key."""
        self.rows.write(connection, {self.key: keys})
        if self.index is not None:
            self.index.write(connection, {"rowid": keys})


def ready(dialect: Dialect, of: Table, words: Sequence[tuple[str, ...]], **same: object) -> Ready:
    """Sorted words of each row of `of`; `same`: what else its rows have, all the same."""
    told = [(each,) for each in words]
    rows = load(dialect, of, ("words",), told, **same)
    beside = dialect.name != "postgresql"
    index = load(dialect, _index(of), ("words",), told) if beside else None
    return Ready(_key(of).name, rows, index)


def change(
    connection: Connection, of: Table, key: int, was: Iterable[str], values: Mapping[str, Any]
) -> None:
    """Give a row other words than `was`."""
    connection.execute(update(of).where(_key(of) == key).values(values))
    if connection.dialect.name != "postgresql":
        index = _index(of)
        dropped = {index.name: "delete", "rowid": key, "words": was}
        connection.execute(insert(index).values(dropped))
        connection.execute(insert(index).values(rowid=key, words=values["words"]))


def matching(connection: Connection, of: Table, query: Query) -> Select[Any]:
    """The keys of rows whose words fulfil `query`, which asks for something."""
    if not query or not all(each and all(each) for each in query):
        raise ValueError(f"a query asks for some word: {query!r}")
    if connection.dialect.name == "postgresql":
        return select(_key(of)).where(*_contained(of.c.words, query))
    index = _index(of)
    return select(index.c.rowid).where(index.c[index.name].op("MATCH")(_expression(query)))


@cache
def _index(of: Table) -> TableClause:
    """FTS5's own table, whose hidden column of its own name takes questions and commands."""
    name = f"{of.name}_index"
    return table(name, column("rowid"), column(name, String), column("words", Words))


def _key(of: Table) -> Column[Any]:
    (key,) = of.primary_key.columns
    return key


def _contained(words: Column[Any], query: Query) -> list[Any]:  # Any: conditions
    def has(together: Iterable[str]) -> Any:
        return words.op("@>")(cast(sorted(set(together)), ARRAY(Text())))

    plain = [each[0] for each in query if len(each) == 1]
    clauses = [or_(*map(has, each)) for each in query if len(each) > 1]
    if plain:
        clauses.append(and_(has(word for together in plain for word in together)))
    return clauses


def _expression(query: Query) -> str:
    """FTS5's own language; every word is quoted."""

    def together(words: Together) -> str:
        quoted = " AND ".join(f'"{word}"' for word in words)
        return f"({quoted})" if len(words) > 1 else quoted

    def any_of(alternatives: AnyOf) -> str:
        told = " OR ".join(map(together, alternatives))
        return f"({told})" if len(alternatives) > 1 else told

    return " AND ".join(map(any_of, query))
