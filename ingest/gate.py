"""A worker's session, through which only what is its own passes.

Theory of operation. What belongs to another shard (it was on its way when the area moved, or the
broker has not been told yet) is acknowledged with its neighbours and shown to nobody: its owner has
it, too. While areas are given away the gate waits for a mark that the worker itself has sent: all
that the broker kept for us before is in front of it. Once that is safe - the lane asks for more
only then - `passed` is called, on the lane's thread; until it answers True nothing comes.

Whose a topic is depends on its area alone, and is remembered by area: not by topic, of which a
province has a million and anybody may invent more. `area_of` says what an area is.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta

from core.clock import Clock
from ingest.lane import Delivery, Subscriber
from ingest.shards import area_of

AGAIN = timedelta(milliseconds=50)
MARKS = "hub/v1/shard/"
_IN_AREA = 11  # a place within the area of lift/v1/410100/… and before that of kitchen/v1/410100/…
MOST_AREAS = 4_096  # China has some 340 cities; anybody may invent others
MOST_FOREIGN = 16_384


class AreaGate:
    """A `Subscriber` around another. `mine` answers whether a topic is this shard's.

    `beside` answers what was heard elsewhere and is to be taken with the rest; no session keeps it.
    """

    def __init__(
        self,
        session: Subscriber,
        mine: Callable[[str], bool],
        clock: Clock,
        beside: Callable[[], Sequence[Delivery]] = tuple,
    ) -> None:
        self._beside = beside
        self._session = session
        self._mine = mine
        self._clock = clock
        self._areas: dict[str, bool] = {}  # by the levels before the device
        self._foreign: dict[str, bool] = {}
        self._rest: list[Delivery] = []
        self._mark: tuple[str, bytes] | None = None
        self._passed: Callable[[], bool] = lambda: True
        self._at_mark = False
        self._taken: deque[Sequence[Delivery]] = deque()  # not acknowledged, as the session's
        self._never = threading.Event()

    @property
    def connected(self) -> bool:
        """As the session's."""
        return self._session.connected

    @property
    def queued(self) -> int:
        """As the session's."""
        return self._session.queued + len(self._rest)

    def start(self) -> None:
        """As the session's."""
        self._session.start()

    def close(self) -> None:
        """As the session's."""
        self._session.close()

    def follow(self, filters: Sequence[str]) -> None:
        """As the session's."""
        self._session.follow(filters)

    def await_mark(self, topic: str, payload: bytes, passed: Callable[[], bool]) -> None:
        """Stop behind that message, and call `passed` until it answers True. From any thread."""
        self._passed = passed
        self._mark = topic, payload
        self._session.follow((topic,))

    def take(self, limit: int, timeout: timedelta) -> list[Delivery]:
        """What is this shard's, of the next deliveries."""
        if self._at_mark:
            if self._taken or not self._passed():  # what stands before the mark must be safe
                self._clock.wait(self._never, min(AGAIN, timeout))
                self._taken.append(())
                return []
            self._at_mark, self._mark = False, None
        taken, self._rest = self._rest or self._session.take(limit, timeout), []
        if self._mark is not None:
            taken = self._up_to_mark(taken)
        self._taken.append(taken)
        return [*(each for each in taken if self._shows(each.topic)), *self._beside()]

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Those of the oldest take are safe, and so is what was not shown among them."""
        del deliveries
        self._session.acknowledge(self._taken.popleft())

    def _shows(self, topic: str) -> bool:
        known = self._areas.get(topic[: topic.find("/", _IN_AREA)])
        return self._ask(topic) if known is None else known

    def _ask(self, topic: str) -> bool:
        """Ask whose it is, and remember it by its area; of foreign topics a few are remembered."""
        area = area_of(topic)
        memory, key, most = self._foreign, topic, MOST_FOREIGN
        if area:
            memory, key, most = self._areas, topic[: topic.find("/", _IN_AREA)], MOST_AREAS
            if not key.endswith(f"/{area}"):  # no grammar of ours: nobody speaks there
                return self._mine(topic)
        known = memory.get(key)
        if known is None:
            if len(memory) >= most:
                memory.clear()
            known = memory[key] = not topic.startswith(MARKS) and self._mine(topic)
        return known

    def _up_to_mark(self, taken: list[Delivery]) -> list[Delivery]:
        for n, each in enumerate(taken, start=1):
            if self._mark == (each.topic, each.payload):
                self._at_mark, self._rest = True, taken[n:]
                return taken[:n]
        return taken


def mark_topic(shard: str) -> str:
    """Where a worker sends its marks to itself."""
    return f"{MARKS}{shard}/mark"
