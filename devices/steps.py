"""Writes of many rows in short steps, with the file left free between them.

A step holds the database's write lock for about `pace.BUDGET`; before the next one the lock is
left alone for at least as long as the last step held it, counting what the caller did meanwhile.
So another process, whose rescue asks for the lock every few milliseconds, finds it free.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import TypeVar

from sqlalchemy import Connection

from core.clock import Clock
from core.db import Database
from devices.pace import LEAST, Pace

R = TypeVar("R")
T = TypeVar("T")


class Steps:
    """Writes at a pace that the writes themselves set."""

    def __init__(self, database: Database, clock: Clock, *, least: int = LEAST) -> None:
        self._database = database
        self._clock = clock
        self._never = threading.Event()
        self._free_until = clock.monotonic()
        self.pace = Pace(least=least)

    def write(self, rows: Sequence[T], keep: Callable[[Connection, Sequence[T]], R]) -> R:
        """Let `keep` write those rows in a transaction, and learn from how long it took."""
        rest = self._free_until - self._clock.monotonic()
        if rest > 0:
            self._clock.wait(self._never, timedelta(seconds=rest))
        began = kept = 0.0

        def timed(connection: Connection) -> R:
            nonlocal began, kept
            began = self._clock.monotonic()  # the lock is ours from here on
            result = keep(connection, rows)
            kept = self._clock.monotonic()  # the commit is as long for few rows as for many
            return result

        done = self._database.write(timed)
        ended = self._clock.monotonic()
        self.pace = self.pace.after(len(rows), timedelta(seconds=kept - began))
        self._free_until = ended + (ended - began)
        return done

    def each(
        self,
        rows: Sequence[T],
        keep: Callable[[Connection, Sequence[T]], R],
        foresee: Callable[[Sequence[T]], object] = lambda _: None,
    ) -> Iterator[R]:
        """All rows, step by step; `foresee` is told a step's rows before the lock is taken."""
        begin = 0
        while begin < len(rows):
            step = rows[begin : begin + self.pace.rows]
            foresee(step)
            yield self.write(step, keep)
            begin += len(step)
