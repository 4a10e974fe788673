"""What was given against what is kept: pure.

Theory of operation. Given is what the broker acknowledged to the device. The hub answers for all
that reached it: it acknowledges nothing before the commit, so what it was killed with comes again.
The broker answers for what it has taken within its persistence alone: what one that was killed had
taken since it last saved, and what it took before the hub was back at a broker that had forgotten
it, may be gone. Such a number never comes: it is a gap in the gateway's `seq`, lost before the hub.
A missing number that no such outage explains is a loss of the hub, and so a failure. A broker
delivers in order: what it took before anything that the hub had before the kill, none explains.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol

from hub.proof.kills import Outage
from hub.proof.stored import Rescue, Tally
from simulators.crowd import Answered, Said, gateway, lift_code

_CLOCKS_S = 1.5  # a file's time of writing is that of its start, and no clock is exact
_SHOWN = 20


class Spoken(Protocol):
    """Who said what: a crowd."""

    @property
    def said(self) -> Sequence[Said]:
        """By gateway."""
        ...

    @property
    def called(self) -> Mapping[str, int]:
        """The callers by event id."""
        ...

    @property
    def answered(self) -> Mapping[str, Answered]:
        """The receipts by event id."""
        ...

    def area(self, number: int) -> str:
        """Where that gateway is."""
        ...


@dataclass(frozen=True, slots=True)
class City:
    """The balance of one city, in messages of the crowd."""

    area: str
    published: int
    stored: int
    lost_before_hub: int


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What became of the numbers."""

    cities: tuple[City, ...]
    lost: frozenset[tuple[int, int]]  # gateway and number that an outage of the broker explains
    problems: tuple[str, ...] = field(default=())

    @property
    def published(self) -> int:
        """All that was given."""
        return sum(city.published for city in self.cities)

    @property
    def stored(self) -> int:
        """All that is kept, each once."""
        return sum(city.stored for city in self.cities)


def telemetry(said: Spoken, kept: Tally, outages: Sequence[Outage]) -> Telemetry:
    """Compare each number that was said with the store."""
    problems = _Problems()
    lost: set[tuple[int, int]] = set()
    cities: list[City] = []
    for area, numbers in _by_area(said).items():
        spans = [_span(said, kept, numbers, outage) for outage in outages]
        published = stored = gone = 0
        for number in numbers:
            told, times = said.said[number], kept.times[number]
            published += len(told.at)
            for seq in range(1, max(len(told.at), len(times)) + 1):
                found = times[seq - 1] if seq <= len(times) else 0
                if seq > len(told.at):
                    if found:
                        problems.add("stored and never said", number, seq)
                elif found == 1:
                    stored += 1
                elif found:
                    problems.add(f"stored {found} times", number, seq)
                elif explained(told, seq, spans):
                    gone += 1
                    lost.add((number, seq))
                else:
                    problems.add("missing", number, seq)
        cities.append(City(area, published, stored, gone))
    problems.told += [f"{n} rows of {name}, which nobody is" for name, n in kept.foreign.items()]
    return Telemetry(tuple(cities), frozenset(lost), tuple(problems.lines()))


def explained(told: Said, seq: int, spans: Sequence[tuple[float, float]]) -> bool:
    """Whether the broker took it for itself and was killed before it was safe."""
    taken_at = told.taken_at[seq - 1]
    return bool(taken_at) and any(first <= taken_at <= last for first, last in spans)


def _by_area(said: Spoken) -> Mapping[str, Sequence[int]]:
    found: dict[str, list[int]] = {}
    for number in range(len(said.said)):
        found.setdefault(said.area(number), []).append(number)
    return dict(sorted(found.items()))


def _span(said: Spoken, kept: Tally, numbers: Sequence[int], outage: Outage) -> tuple[float, float]:
    """The instants of taking that this outage explains, in one city: each has one subscriber."""
    first, last = outage.saved_at - _CLOCKS_S, float("inf")
    for number in numbers:
        for taken_at, received_at in zip(
            said.said[number].taken_at, kept.received_at[number], strict=False
        ):
            if not received_at:
                continue
            if received_at <= outage.killed_at:
                first = max(first, taken_at) if outage.in_order else first
            elif received_at > outage.there_again_at:
                last = min(last, received_at)
    return first, last + _CLOCKS_S


def same(local: Tally, remote: Tally) -> Sequence[str]:
    """What InfluxDB has not exactly as the hub committed it."""
    problems = _Problems()
    for number, (here, there) in enumerate(zip(local.times, remote.times, strict=True)):
        for seq in range(1, max(len(here), len(there)) + 1):
            mine = here[seq - 1] if seq <= len(here) else 0
            other = there[seq - 1] if seq <= len(there) else 0
            if mine != other:
                problems.add(f"{other} times in InfluxDB, {mine} times committed", number, seq)
    return problems.lines()


def calls(said: Spoken, found: Rescue) -> Sequence[str]:
    """Every call is exactly one incident, and was answered so."""
    problems: list[str] = []
    for event_id in said.called:
        incidents = found.incidents.get(event_id, set())
        answered = said.answered.get(event_id)
        if len(incidents) != 1 or found.reports[event_id] != 1:
            problems.append(f"call {event_id} is {len(incidents)} incidents")
        elif answered is None:
            problems.append(f"call {event_id} got no receipt")
        elif not answered.receipt.accepted or answered.receipt.incident not in incidents:
            problems.append(f"call {event_id} was answered {answered.receipt}")
    owners = [next(iter(each)) for each in found.incidents.values() if each]
    if len(set(owners)) != len(owners):
        problems.append("two calls of different lifts are one incident")
    return problems


def conditions(
    raised: Mapping[str, tuple[int, int]], lost: AbstractSet[tuple[int, int]], found: Rescue
) -> Sequence[str]:
    """Every condition is one alarm; `raised` names gateway and number of each by event id."""
    problems: list[str] = []
    for event_id, (number, seq) in raised.items():
        wanted = 0 if (number, seq) in lost else 1
        there = found.alarms[f"{lift_code(number)}:{event_id}"]
        if there != wanted:
            problems.append(f"condition {event_id} of {gateway(number)} is {there} alarms")
    return problems


def balanced(balance: Mapping[str, float]) -> Sequence[str]:
    """Once nothing is under way, what was received has become something, in every city."""
    return [
        f"the hub's books of city {area} are open by {open_by:,.0f}"
        for area, open_by in balance.items()
        if open_by
    ]


def agreed(lost: int, counted: int, *, restarted: bool, in_order: bool) -> Sequence[str]:
    """The hub's own count of what never came, against ours.

    It never says more, and says less only where a worker died: the first gap behind a restart
    proves nothing to it. Where a broker changes the order, a gap may be filled after it was
    counted, and only less would be wrong.
    """
    if counted > lost and in_order:
        return [f"the hub counts {counted} as lost before it, and only {lost} were"]
    if counted < lost and not restarted:
        return [f"the hub counts {counted} as lost before it, and {lost} were"]
    return []


class _Problems:
    """Each kind with its first examples."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self._by_kind: dict[str, list[str]] = {}

    def add(self, kind: str, number: int, seq: int) -> None:
        self._by_kind.setdefault(kind, []).append(f"{gateway(number)}/{seq}")

    def lines(self) -> Sequence[str]:
        return tuple(
            chain(
                self.told,
                (
                    f"{len(found)} {kind}: {', '.join(found[:_SHOWN])}"
                    + (" …" if len(found) > _SHOWN else "")
                    for kind, found in self._by_kind.items()
                ),
            )
        )
