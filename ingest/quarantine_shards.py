"""What could not be taken, of all shards as one; and what is asked about it, of the right one.

A kept object is named `day/row` in HOME and `shard:day/row` elsewhere.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from core.errors import NotFound
from ingest import replay
from ingest.quarantine import MOST_COUNTED, Kept, QuarantineFilter, QuarantineReader
from ingest.replay import Verb
from ingest.shards import HOME
from ingest.timeseries.dayfiles import answered_up_to
from ingest.timeseries.port import Answer


@dataclass(frozen=True, slots=True)
class Requests:
    """What was asked: the numbers of the requests, by shard."""

    rows: Mapping[str, Sequence[int]]


class QuarantineShards(QuarantineReader):
    """Reads the day files of every shard; `folders` are asked anew each time."""

    def __init__(self, folders: Callable[[], Mapping[str, Path]]) -> None:
        self._folders = folders

    def list(self, limit: int, before: str | None = None) -> Sequence[Kept]:
        """Up to `limit` kept objects, newest first; of several shards there is no page before."""
        shards = self._readers()
        if len(shards) == 1:
            return shards[HOME].list(limit, before)
        found = [_named(name, kept) for name, each in shards.items() for kept in each.list(limit)]
        return sorted(found, key=lambda kept: kept.received_at, reverse=True)[:limit]

    def keys(
        self,
        wanted: QuarantineFilter,
        order: str = "received",
        *,
        descending: bool = True,
        limit: int,
        offset: int = 0,
    ) -> tuple[Sequence[str], int]:
        """The ids of a part of what `wanted` lets through, in order, and how many there are."""
        total = 0
        found: dict[str, tuple[Any, Any]] = {}  # of instants or words
        shards = self._readers()
        for name, reader in shards.items():
            start, most = (offset, limit) if len(shards) == 1 else (0, offset + limit)
            keys, number = reader.keys(
                wanted, order, descending=descending, limit=most, offset=start
            )
            total += number
            if len(shards) == 1:
                return keys, total
            for kept in reader.fetch(keys):
                found[_name(name, kept.id)] = _rank(kept, order)
        # Stable and twice: among equals of another order the newest stays first.
        ranked = sorted(found, key=lambda key: found[key][1], reverse=True)
        ranked.sort(key=lambda key: found[key][0], reverse=descending)
        return ranked[offset : offset + limit], total

    def fetch(self, keys: Sequence[str]) -> Sequence[Kept]:
        """The kept objects of those ids, in that order; what was cleared away is left out."""
        readers = self._readers()
        found: dict[str, Kept] = {}
        for name, local in _by_shard(keys).items():
            if name in readers:
                found |= {_name(name, k.id): _named(name, k) for k in readers[name].fetch(local)}
        return [found[key] for key in keys if key in found]

    def show(self, kept_id: str) -> Kept:
        """One kept object; raises NotFound."""
        name, local = _split(kept_id)
        reader = self._readers().get(name)
        if reader is None:
            raise NotFound("quarantined message", kept_id)
        return _named(name, reader.show(local))

    def crowded_out(self) -> int:
        """How many are not kept any more because a day's budget was used up."""
        return sum(each.crowded_out() for each in self._readers().values())

    def count_since(self, instant: datetime) -> int:
        """How many have been kept since then; 10,000 stands for that many or more."""
        return min(
            sum(each.count_since(instant) for each in self._readers().values()), MOST_COUNTED
        )

    def counts(self, area: str = "") -> dict[str, int]:
        """How many are kept by reason, in a city or in all."""
        total: Counter[str] = Counter()
        for each in self._readers().values():
            total.update(each.counts(area))
        return dict(total)

    def ask(self, verb: Verb, names: Sequence[str], asked_by: str, now: datetime) -> Requests:
        """Ask the shards for something to be done with kept objects; raises as replay.ask does."""
        folders = self._folders()
        return Requests(
            {
                name: replay.ask(folders[name], verb, local, asked_by, now)
                for name, local in _by_shard(names).items()
            }
        )

    def pending(self) -> dict[str, Verb]:
        """What was asked and is not answered yet, by the kept object's name."""
        return {
            _name(name, kept): verb
            for name, folder in self._folders().items()
            for kept, verb in replay.pending(folder).items()
        }

    def answered(self, requests: Requests) -> bool:
        """Whether every one of them is answered."""
        folders = self._folders()
        return all(
            answered_up_to(folders[name], replay.SOURCE) >= rows[-1]
            for name, rows in requests.rows.items()
        )

    def answers(self, requests: Requests) -> Sequence[Answer]:
        """What became of them, as far as they are answered."""
        folders = self._folders()
        return [
            replace(answer, about=_name(name, answer.about))
            for name, rows in requests.rows.items()
            for answer in replay.answers(folders[name], rows)
        ]

    def _readers(self) -> dict[str, QuarantineReader]:
        return {name: QuarantineReader(each) for name, each in self._folders().items()}


def _name(shard: str, local: str) -> str:
    return local if shard == HOME else f"{shard}:{local}"


def _named(shard: str, kept: Kept) -> Kept:
    return kept if shard == HOME else replace(kept, id=_name(shard, kept.id))


def _split(name: str) -> tuple[str, str]:
    shard, colon, local = name.partition(":")
    return (shard, local) if colon else (HOME, name)


def _by_shard(names: Sequence[str]) -> dict[str, Sequence[str]]:
    found: dict[str, Sequence[str]] = {}
    for name in names:
        shard, local = _split(name)
        found[shard] = [*found.get(shard, ()), local]
    return found


def _rank(kept: Kept, order: str) -> tuple[Any, Any]:  # as the order has it
    first = kept.received_at if order == "received" else getattr(kept, order)
    return first, kept.received_at
