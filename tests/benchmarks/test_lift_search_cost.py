"""What finding a lift costs in a province of 200,000, on both databases, key by key.

BENCH_LIFTS makes the province smaller; 4,000 hold every lift that the corpus means. CPU is that of
the asking process: all there is of SQLite, and nothing of PostgreSQL's own.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import pytest
from sqlalchemy import Connection, text

import alerts.tables
import dashboard.tables
import devices.tables
from core.db import metadata
from devices import lift_search, search
from devices.search import LiftFilter
from simulators.province import Plan
from tests.support import postgres, provinces
from tests.support.databases import open_database
from tests.support.search_corpus import corpus

ROOMS = (alerts.tables, dashboard.tables, devices.tables)  # imported so that metadata is whole
LIFTS = int(os.environ.get("BENCH_LIFTS", "200000"))  # noqa: TID251  (the benchmark's own switch)
PLAN = Plan(seed=1, lifts=LIFTS)
LIMIT_S = 0.030
COMMON = ("花园", "路", "街道", "1", "12", "小区 3", "hy", "sl", "xiao", "东湖区", "物业")
T = TypeVar("T")


class Ask(Protocol):
    """How a function is given a connection."""

    def __call__(self, fn: Callable[[Connection], T], /) -> T:
        """Answers what the function does."""


pytestmark = [pytest.mark.bench, pytest.mark.timeout(3_600)]


def _questions() -> Iterator[tuple[str, LiftFilter]]:
    """Every question of the corpus as it grows under the fingers, and the commonest words."""
    for each in corpus():
        for end in range(1, len(each.text) + 1):
            yield each.text[:end], LiftFilter(within=each.area)
    for word in COMMON:
        for wanted in (LiftFilter(), LiftFilter(within="990100"), LiftFilter(firm_id=7)):
            yield word, wanted


def _found(connection: Connection, typed: str, wanted: LiftFilter, limit: int) -> list[str]:
    ids = lift_search.find(connection, typed, wanted, limit)
    return [each.rescue_code for each in search.lifts(connection, ids)]


def _measure(read: Ask, name: str) -> None:
    missed = [
        each
        for each in corpus()
        if each.expected
        not in read(partial(_found, typed=each.text, wanted=LiftFilter(within=each.area), limit=3))
    ]
    taken: list[tuple[float, str]] = []
    spent: list[float] = []
    for typed, wanted in _questions():
        begun, used = time.perf_counter(), time.thread_time()
        read(partial(_found, typed=typed, wanted=wanted, limit=6))
        taken.append((time.perf_counter() - begun, typed))
        spent.append(time.thread_time() - used)
    taken.sort()
    spent.sort()
    p50, p99 = (taken[int(len(taken) * share)][0] * 1e3 for share in (0.5, 0.99))
    cpu = " and ".join(f"{spent[int(len(spent) * share)] * 1e3:.1f}" for share in (0.5, 0.99))
    told = f"{name}, {LIFTS} lifts: {len(taken)} key strokes, CPU {cpu} ms, "
    told += f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, "
    told += f"longest {taken[-1][0] * 1e3:.1f} ms ({taken[-1][1]!r}), missed {missed}"
    sys.stdout.write(f"\n{told}\n")
    assert not missed, told
    assert p99 < LIMIT_S * 1e3, told


def _fill(write: Ask) -> None:
    write(partial(provinces.put_ground, plan=PLAN))
    first = 1
    for step in provinces.steps(PLAN):
        write(partial(provinces.put_lifts, rows=step, first=first))
        first += len(step)


def test_a_key_stroke_is_answered_at_once_on_sqlite(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        _fill(database.write)
        _measure(database.read, "SQLite")


@pytest.mark.postgres
def test_a_key_stroke_is_answered_at_once_on_postgresql() -> None:
    with postgres.server() as url, postgres.database(url) as engine:

        def ask(fn: Callable[[Connection], T]) -> T:
            with engine.begin() as connection:
                return fn(connection)

        ask(metadata.create_all)
        _fill(ask)
        ask(lambda c: c.execute(text("ANALYZE")))
        _measure(ask, "PostgreSQL")
