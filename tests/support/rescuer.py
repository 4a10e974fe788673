"""A rescue's commits while something else writes the same database: how long each one waits.

Run as `python -m tests.support.rescuer URL`: commits an entry of an incident every 20 ms through
the very door that the rescue process uses, until its standard input closes; then prints one JSON
object: `commits`, and `p50_ms`, `p99_ms`, `max_ms` of the time from asking to having it on disk.
"""

import json
import sys
import threading
import time
from datetime import timedelta

from core import journal
from core.clock import SystemClock
from core.db import Database
from core.journal import Actor, Entry, Subject

EVERY_S = 0.020
WAITS_FOR = timedelta(seconds=60)
BY = Actor("engine", "benchmark")


def run(url: str) -> None:
    """Commit until nobody listens any more."""
    clock, ended = SystemClock(), threading.Event()
    threading.Thread(target=_listen, args=(ended,), daemon=True).start()
    waited: list[float] = []
    with Database(url, busy_for=WAITS_FOR) as database:
        n = 0
        while not ended.is_set():
            n += 1
            entry = Entry(
                Subject("incident", f"bench-{n % 50}"), "noted", BY, clock.now(), {"n": n}
            )
            began = time.perf_counter()
            database.write(lambda c, entry=entry: journal.append(c, entry))  # type: ignore[misc]
            waited.append(time.perf_counter() - began)
            ended.wait(max(0.0, EVERY_S - waited[-1]))
    waited.sort()
    told = {"commits": len(waited)} | {
        name: round(waited[min(len(waited) - 1, int(len(waited) * part))] * 1e3, 2)
        for name, part in (("p50_ms", 0.5), ("p99_ms", 0.99), ("p999_ms", 0.999), ("max_ms", 1))
    }
    sys.stdout.write(json.dumps(told) + "\n")


def _listen(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


if __name__ == "__main__":
    run(sys.argv[1])
