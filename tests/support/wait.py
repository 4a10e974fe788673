"""Wait for a condition, not for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(
    probe: Callable[[], T], *, what: str, timeout_s: float = 10, every_s: float = 0.02
) -> T:
    """Call `probe` until it answers something true; AssertionError when it never does."""
    deadline = time.monotonic() + timeout_s
    while True:
        if found := probe():
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s} s in vain for {what}; last answer: {found!r}")
        time.sleep(every_s)  # noqa: TID251  (the one place in the tests)
