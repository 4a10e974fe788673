"""How fast a consumer takes what a publisher says, and what every process pays for it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from tests.support import costs, firehose
from tests.support.costs import Link
from tests.support.fast_broker import Fast
from tests.support.firehose import Told
from tests.support.wait import wait_until

WITHIN_S = 120.0
EVERY_S = 0.1
FROM, UP_TO = 0.05, 0.95  # of all messages: what a rate is taken from
ROUNDS_BEFORE = 2  # that every lift speaks before it is measured
BEFORE_MS = 2_500  # and that those rounds lie back: what is measured happens after them

Count = Callable[[], int]


@dataclass(frozen=True)
class Row:
    """One line of the table: messages a second, CPU in microseconds a message, memory in MB."""

    name: str
    lifts: int
    published: float
    reached: Mapping[str, float]
    cpu: Mapping[str, float]
    resident: Mapping[str, float] = field(default_factory=dict)
    batch: float | None = None  # messages that were acknowledged as one piece


@dataclass
class Watched:
    """A count as it grows."""

    count: Count
    levels: list[tuple[float, int]] = field(default_factory=list)

    def look(self) -> int:
        """Note how far it is now."""
        self.levels.append((time.perf_counter(), self.count()))
        return self.levels[-1][1]

    def rate(self) -> float:
        """A second, between FROM and UP_TO of all that came."""
        first, last = self.levels[0][1], self.levels[-1][1]
        bounds = (first + part * (last - first) for part in (FROM, UP_TO))
        low, high = (next(each for each in self.levels if each[1] >= n) for n in bounds)
        return (high[1] - low[1]) / (high[0] - low[0]) if high[0] > low[0] else 0


def measure(
    name: str,
    broker: Fast,
    told: Told,
    link: Link,
    processes: Mapping[str, int],
    counts: Mapping[str, Count] | None = None,
) -> Row:
    """Publish; back when all is acknowledged by the consumer of `link`, and counted by `counts`.

    Beforehand every lift speaks ROUNDS_BEFORE times: it is known then, and its series are there.
    """
    before = replace(told, messages=told.lifts * ROUNDS_BEFORE, rate=0, ago_ms=BEFORE_MS)
    counting = {"acknowledged": link.acknowledged, **(counts or {})}
    watched = {what: Watched(count) for what, count in counting.items()}
    wanted = {what: each.look() + before.messages for what, each in watched.items()}

    def everywhere() -> bool:
        there = [each.look() >= wanted[what] for what, each in watched.items()]
        return all(there)

    with firehose.ready(broker.port, before) as hose:
        hose.go()
        hose.seconds()
    wait_until(everywhere, what=f"{name} to be warm", timeout_s=WITHIN_S, every_s=EVERY_S)
    told = replace(told, first=told.first + ROUNDS_BEFORE)
    with firehose.ready(broker.port, told) as hose:
        pids = {"publisher": hose.pid, "broker": broker.pid, **processes}
        for what, each in watched.items():
            each.levels.clear()
            wanted[what] = each.look() + told.messages
        pieces = link.pieces()
        used = {part: costs.cpu_s(pid) for part, pid in pids.items()}
        hose.go()
        wait_until(everywhere, what=f"{name} to end", timeout_s=WITHIN_S, every_s=EVERY_S)
        seconds = hose.seconds()
        spent = {part: costs.cpu_s(pid) - used[part] for part, pid in pids.items()}
        resident = {part: costs.resident_mb(pid) for part, pid in pids.items()}
    return Row(
        name,
        told.lifts,
        told.messages / seconds,
        {what: each.rate() for what, each in watched.items()},
        {part: each / told.messages * 1e6 for part, each in spent.items()},
        resident,
        told.messages / max(link.pieces() - pieces, 1),
    )
