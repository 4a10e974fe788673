"""Loading very many objects that stay: the garbage collector leaves them alone."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG = 10_000  # objects before the collector looks; a batch of messages is a few thousand


@contextmanager
def settling() -> Iterator[None]:
    """What the block builds is there to stay: it is not searched for cycles, then or later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(YOUNG, 20, 20)
        gc.enable()
