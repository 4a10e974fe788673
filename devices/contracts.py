"""Which firm maintains a lift at an instant, from dated contracts.

Theory of operation. A contract covers whole local days, its first and its last included, so a
hand-over takes effect at local midnight. An incident calls the firm that holds the contract at the
moment of the call and keeps to it: a hand-over in the middle of a rescue changes nobody's order.
Where contracts overlap the one that began later holds (its firm signed last) and the overlap is
reported; days without any are reported as gaps. The firm that holds a lift sees all its records,
those of former firms too, because it works on what they left; a former firm sees what it wrote.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from itertools import combinations
from zoneinfo import ZoneInfo

from devices.days import ONE_DAY, local_day


@dataclass(frozen=True, slots=True)
class Contract:
    """A firm maintains a lift from `first` to `last` (None: until ended), both included."""

    number: str
    lift: str
    firm: str
    first: date
    last: date | None = None

    def covers(self, day: date) -> bool:
        """Whether the contract holds on that day."""
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class Overlap:
    """Days on which two contracts of a lift both hold; `last` is None when without end."""

    holds: Contract
    gives_way: Contract
    first: date
    last: date | None


@dataclass(frozen=True, slots=True)
class Unmaintained:
    """Days, both included, on which nobody has a contract for the lift."""

    lift: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class NotHandedOver:
    """A lift that stays where it is, and why."""

    lift: str
    reason: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """What a hand-over changes: contracts with their new last day, contracts begun, refusals."""

    ended: tuple[Contract, ...]
    begun: tuple[Contract, ...]
    refused: tuple[NotHandedOver, ...]


class Sight(StrEnum):
    """Why a firm may see a record."""

    HOLDS_CONTRACT = "holds_contract"
    WROTE_IT = "wrote_it"


def holder_on(contracts: Iterable[Contract], lift: str, day: date) -> Contract | None:
    """The contract by which the lift is maintained on that local day."""
    holding = [c for c in contracts if c.lift == lift and c.covers(day)]
    return max(holding, key=_precedence, default=None)


def called_firm(
    contracts: Iterable[Contract], lift: str, called_at: datetime, zone: ZoneInfo
) -> str | None:
    """The firm that an incident opened at `called_at` calls in for as long as it lasts.

    None when nobody held a contract then.
    """
    holder = holder_on(contracts, lift, local_day(called_at, zone))
    return holder.firm if holder else None


def sight(
    contracts: Iterable[Contract],
    *,
    lift: str,
    firm: str,
    written_by: str,
    now: datetime,
    zone: ZoneInfo,
) -> Sight | None:
    """Why `firm` may see a record of the lift at `now`; None when it may not."""
    holder = holder_on(contracts, lift, local_day(now, zone))
    if holder is not None and holder.firm == firm:
        return Sight.HOLDS_CONTRACT
    return Sight.WROTE_IT if written_by == firm else None


def hand_over(
    contracts: Sequence[Contract],
    lifts: Collection[str],
    *,
    from_firm: str,
    to_firm: str,
    number: str,
    on: date,
    until: date | None = None,
) -> HandOver:
    """From the day `on` the lifts are maintained by `to_firm` under the contract `number`.

    What cannot be handed over is refused with its reason; the caller decides about the rest.
    """
    ended, begun, refused = [], [], []
    by_lift = _by_lift(contracts)
    for lift in dict.fromkeys(lifts):
        own = by_lift.get(lift, [])
        if reason := _against(own, lift, from_firm, to_firm, on, until):
            refused.append(NotHandedOver(lift, reason))
            continue
        ended += [replace(c, last=on - ONE_DAY) for c in own if c.covers(on)]
        begun.append(Contract(number, lift, to_firm, on, until))
    return HandOver(tuple(ended), tuple(begun), tuple(refused))


def overlaps(contracts: Iterable[Contract]) -> tuple[Overlap, ...]:
    """Every pair of contracts of a lift that hold on the same days."""
    found = []
    for own in _by_lift(contracts).values():
        for earlier, later in combinations(sorted(own, key=_precedence), 2):
            last = min((c.last for c in (earlier, later) if c.last is not None), default=None)
            if last is None or later.first <= last:
                found.append(Overlap(later, earlier, later.first, last))
    return tuple(found)


def unmaintained(
    contracts: Iterable[Contract], lift: str, first: date, last: date
) -> tuple[Unmaintained, ...]:
    """The days from `first` to `last` without a contract, as stretches."""
    found, day = [], first
    for contract in sorted((c for c in contracts if c.lift == lift), key=lambda c: c.first):
        if contract.last is not None and contract.last < day:
            continue
        if contract.first > last:
            break
        if contract.first > day:
            found.append(Unmaintained(lift, day, contract.first - ONE_DAY))
        if contract.last is None:
            return tuple(found)
        day = contract.last + ONE_DAY
    return (*found, Unmaintained(lift, day, last)) if day <= last else tuple(found)


def _by_lift(contracts: Iterable[Contract]) -> dict[str, list[Contract]]:
    grouped: dict[str, list[Contract]] = {}
    for contract in contracts:
        grouped.setdefault(contract.lift, []).append(contract)
    return grouped


def _precedence(contract: Contract) -> tuple[date, str]:
    return contract.first, contract.number


def _against(
    own: Sequence[Contract], lift: str, from_firm: str, to_firm: str, on: date, until: date | None
) -> str:
    """Why a lift cannot be handed over; empty when it can."""
    holder = holder_on(own, lift, on)
    checks = {
        "same_firm": from_firm == to_firm,
        "ends_before_it_begins": until is not None and until < on,
        "nobody_holds_it": holder is None,
        "held_by_another": holder is not None and holder.firm != from_firm,
        "begins_on_that_day": any(c.first == on for c in own),
        "later_contract": any(c.first > on and (until is None or c.first <= until) for c in own),
    }
    return next((reason for reason, true in checks.items() if true), "")
