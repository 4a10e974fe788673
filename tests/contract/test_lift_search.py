"""The same questions have the same answers on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import pytest
from sqlalchemy import Connection, Engine, select

import alerts.tables
import dashboard.tables
import devices.tables
from core.db import Database, metadata
from core.geo import Position
from core.journal import Actor
from devices import (
    commands,
    lift_search,
    queries,
    register_commands,
    search,
    tables,
    word_index,
)
from devices.lift_search import nobody_called
from devices.model import MaintenanceFirm, UseUnit
from devices.register_model import Dossier
from devices.search import LiftFilter
from simulators.province import Plan
from tests.support import postgres, provinces
from tests.support.databases import open_database
from tests.support.registry import sample_lift
from tests.support.search_corpus import BY_HAND, Question, corpus

ROOMS = (alerts.tables, dashboard.tables, devices.tables)  # imported so that metadata is whole
PLAN = Plan(lifts=4_000)  # holds every lift that the corpus means
T = TypeVar("T")


class Ask(Protocol):
    """How a function is given a connection."""

    def __call__(self, fn: Callable[[Connection], T], /) -> T:
        """Answers what the function does."""


def _fill(write: Ask) -> None:
    write(lambda c: provinces.put_ground(c, PLAN))
    first = 1
    for step in provinces.steps(PLAN):
        write(lambda c, step=step, first=first: provinces.put_lifts(c, step, first))  # type: ignore[misc]
        first += len(step)


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    with open_database(tmp_path_factory.mktemp("search")) as opened:
        _fill(opened.write)
        yield opened.read


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Ask]:
    with postgres.server() as url, postgres.database(url) as engine:

        def ask(fn: Callable[[Connection], T]) -> T:
            with engine.begin() as connection:
                return fn(connection)

        ask(metadata.create_all)
        _fill(ask)
        yield ask


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)], scope="module"
)
def ask(request: pytest.FixtureRequest) -> Ask:
    chosen: Ask = request.getfixturevalue(request.param)
    return chosen


def found(ask: Ask, text: str, limit: int = 6, **wanted: object) -> list[str]:
    def look(connection: Connection) -> list[str]:
        narrowed = LiftFilter(**wanted)  # type: ignore[arg-type]
        ids = lift_search.find(connection, text, narrowed, limit)
        return [each.rescue_code for each in search.lifts(connection, ids)]

    return ask(look)


@pytest.mark.parametrize("question", corpus(), ids=lambda q: f"{q.kind}: {q.text}")
def test_what_is_meant_is_among_the_first_three(ask: Ask, question: Question) -> None:
    assert question.expected in found(ask, question.text, within=question.area)[:3]


def test_the_corpus_is_as_large_as_promised() -> None:
    kinds = [each.kind for each in corpus()]
    assert len(kinds) >= 200
    assert kinds.count(BY_HAND) >= 24


@pytest.mark.postgres
def test_both_databases_answer_alike(sqlite: Ask, postgresql: Ask) -> None:
    texts = [each.text for each in corpus()[::3]]
    texts += ["花园", "路", "1", "hy", "sl", "xiao", "A座", "栋", "街道 3", "东湖区 花园 nowhere"]
    for text in texts:
        for wanted in ({}, {"within": "990100"}, {"firm_id": 7}, {"area": "990102"}):
            one = found(sqlite, text, 20, **wanted)
            assert found(postgresql, text, 20, **wanted) == one, (text, wanted)


def test_nobody_finds_what_is_not_theirs(ask: Ask) -> None:
    for text in ("花园", "1", "100", "hy"):
        within = found(ask, text, 20, within="990100")
        for code in within:
            lift = ask(partial(queries.lift_by_code, code=code))
            assert lift.area == "990100"
    c = tables.lift.c
    whose, firm = ask(lambda db: db.execute(select(c.rescue_code, c.firm_id).limit(1)).one())
    assert found(ask, whose, firm_id=firm)[:1] == [whose]
    assert whose not in found(ask, whose, firm_id=firm + 1)


def test_the_nearest_lifts_come_by_distance(ask: Ask) -> None:
    def look(connection: Connection) -> tuple[list[float], Position]:
        lift = queries.lift_by_code(connection, corpus()[0].expected)
        assert lift.position is not None
        near = lift_search.nearest(connection, lift.position, LiftFilter(), 10)
        return [each.metres for each in near], lift.position

    metres, _ = ask(look)
    assert metres == sorted(metres)
    assert metres[0] == 0
    assert len(metres) == 10
    assert found(ask, "0.5, 0.5") == []
    assert found(ask, "95.0, 200.0") == []


def test_a_callers_earlier_lifts_come_first(ask: Ask) -> None:
    before = [each.expected for each in corpus()[:2]]

    def look(connection: Connection) -> list[str]:
        def earlier(_: Connection, phone: str) -> Sequence[str]:
            return before if phone == "139 0000 0001" else nobody_called(connection, phone)

        ids = lift_search.find(connection, "139 0000 0001", LiftFilter(), 6, earlier=earlier)
        return [each.rescue_code for each in search.lifts(connection, ids)]

    assert ask(look) == before


def test_a_list_holds_all_that_match_and_no_other(ask: Ask) -> None:
    def look(connection: Connection) -> tuple[int, int, int]:
        def count(text: str, **wanted: str) -> int:
            return lift_search.lift_count(connection, LiftFilter(text=text, **wanted))  # type: ignore[arg-type]

        keys = lift_search.lift_keys(connection, LiftFilter(text="花园", area="990100"), limit=5)
        codes = [code for _, code in keys]
        assert codes == sorted(codes)
        return count("花园"), count("花园", area="990100"), count("%%%")

    everywhere, there, nowhere = ask(look)
    assert everywhere > there > 5
    assert nowhere == 0


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_a_lift_is_found_by_what_it_is_now_and_no_longer_by_what_it_was(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if kind == "sqlite":
        with open_database(tmp_path) as opened:
            _is_kept_up(opened.write)
        return
    with postgres.server() as url, postgres.database(url) as engine:
        _is_kept_up(_writer(engine))


def _writer(engine: Engine) -> Ask:
    def write(fn: Callable[[Connection], T]) -> T:
        with engine.begin() as connection:
            return fn(connection)

    write(metadata.create_all)
    return write


def _is_kept_up(write: Ask) -> None:
    now, by = provinces.NOW, Actor("account", "admin")
    write(lambda c: commands.upsert_firm(c, MaintenanceFirm(0, "F1", "示例", "1"), now, by))
    unit = UseUnit(0, "U1", "锦绣物业", "", "")
    write(lambda c: commands.upsert_use_unit(c, unit, now, by))
    lift = replace(sample_lift(1, "235274"), use_unit_id=1, address="示例路 7 号")
    write(lambda c: commands.upsert_lift(c, lift, now, by))
    assert found(write, "示例路7号") == found(write, "锦绣") == found(write, "jxwy") == ["235274"]
    write(
        lambda c: commands.upsert_lift(c, replace(lift, address="春光街 9 号", firm_id=1), now, by)
    )
    assert found(write, "示例路") == []
    assert found(write, "春光", firm_id=1) == found(write, "chunguang") == ["235274"]
    write(lambda c: commands.upsert_use_unit(c, replace(unit, name="天华物业"), now, by))
    assert found(write, "天华", use_unit_id=1) == ["235274"]
    assert found(write, "天华", use_unit_id=2) == found(write, "235274", use_unit_id=2) == []
    assert found(write, "锦绣") == []
    assert found(write, "天华 春光") == ["235274"]
    papers = Dossier(project="翠湖", unit="三单元")
    write(lambda c: register_commands.put_dossier(c, 1, papers, now, by))
    assert found(write, "翠湖 3单元") == ["235274"]
    assert write(word_index.catch_up) == 0


def test_a_failed_change_leaves_the_index_as_it_was(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        _fill_some(database)
        before = found(database.read, "花园", 20)

        def fail(connection: Connection) -> None:
            connection.execute(tables.lift.update().values(address="别处"))
            word_index.index_lifts(connection, range(1, 200))
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            database.write(fail)
        assert found(database.read, "花园", 20) == before
        assert found(database.read, "别处") == []


def _fill_some(database: Database) -> None:
    plan = Plan(lifts=300)
    database.write(lambda c: provinces.put_ground(c, plan))
    for step in provinces.steps(plan):
        database.write(lambda c, step=step: provinces.put_lifts(c, step, 1))  # type: ignore[misc]
