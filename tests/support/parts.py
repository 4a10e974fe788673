"""A long-running part on a thread of its own, for tests."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.support.wait import wait_until


@contextmanager
def running(run: Callable[[threading.Event], None]) -> Iterator[threading.Thread]:
    """Run the part; at the end it is told to stop, and must have within two seconds."""
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(stop,), name="part under test")
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        wait_until(lambda: not thread.is_alive(), what="the part to stop", timeout_s=2)
