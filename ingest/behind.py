"""The commit of one batch behind the reading of the next.

Theory of operation. SQLite does its work without Python's lock, so a commit on a thread of its own
costs the lane little but the wait for the disk, which it spends reading. At most one commit is
behind; its batch is acknowledged before the next one is begun, so order and promise are those of a
lane that does one after the other. Nothing that must not run ahead of what is safe - the newest
states, what other processes ask - happens while a commit is behind.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from ingest.draft import Draft, Reading

READ_AHEAD = 256  # deliveries: of a smaller batch the commit is done before one would have read on


class Behind:
    """One thread for commits, and the batch that is with it. For the lane's one thread."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "telemetry-commit")
        self._batch: tuple[Reading, Future[Draft | None]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown()

    @property
    def busy(self) -> bool:
        """Whether a batch is read and not acknowledged."""
        return self._batch is not None

    def begin(self, reading: Reading, commit: Callable[[], Draft | None]) -> None:
        """Begin to make a batch safe; None of `commit`: it was told to stop before."""
        self._batch = reading, self._thread.submit(commit)

    def end(self) -> Reading | None:
        """Wait for it: the batch that is safe now, None where it is not."""
        if self._batch is None:
            raise RuntimeError("no batch was begun")
        reading, done = self._batch
        self._batch = None
        return None if done.result() is None else reading
