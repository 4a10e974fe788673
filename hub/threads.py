"""The threads of one process: its parts run together, and its clock keeps with the engine's."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from alerts.timekeeping import ClockFollower
from core.clock import Clock
from core.db import Database
from core.errors import Unavailable


@contextmanager
def corrected(clock: Clock, database: Database) -> Iterator[None]:
    """Keep the clock of a process without an engine with the engine's."""
    stop = threading.Event()
    follower = ClockFollower(database, clock)
    thread = threading.Thread(target=follower.run, args=(stop,), name="clock")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def run_together(
    parts: Mapping[str, Callable[[threading.Event], None]],
    stop: threading.Event,
    goes_on: Callable[[], bool] = lambda: True,
) -> None:
    """Run each part on a thread; one that fails ends all, so that the process starts afresh.

    Until `stop` is set or, asked ten times a second, it `goes_on` no more.
    """
    failed: list[BaseException] = []
    ended = threading.Event()

    def guarded(run: Callable[[threading.Event], None]) -> None:
        try:
            run(ended)
        except BaseException as error:  # noqa: BLE001  (raised again below)
            failed.append(error)
        finally:
            ended.set()

    threads = [
        threading.Thread(target=guarded, args=(run,), name=name) for name, run in parts.items()
    ]
    for thread in threads:
        thread.start()
    going = True
    try:
        while going and not ended.is_set() and not stop.is_set():
            stop.wait(0.1)
            going = goes_on()
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    if failed:
        raise failed[0]
    if going and not stop.is_set():
        raise Unavailable("a part ended before it was told to")
