"""The HTTP door's queues: each object waits at the shard that its gateway belongs to.

Theory of operation. What is another shard's is kept there first, under the sender's idempotency
key; then HOME keeps the whole batch, with what it has itself, in one commit: from then on the batch
is known. What is refused at once is HOME's, whoever said it. Killed in between, the batch comes
again under its key, and finds what is kept. The shard map is held meanwhile, so that no area moves
away from under an object.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from ingest.door import Door, Item, Offered, Verdict
from ingest.shard_file import ShardFile
from ingest.shards import HOME, ShardMap


class DoorShards:
    """The web process' side. `owner` answers whose what comes on a topic is, by a map."""

    def __init__(
        self,
        folder: Path,
        folders: Callable[[], Mapping[str, Path]],
        owner: Callable[[ShardMap, str], str],
    ) -> None:
        self._folder = folder
        self._folders = folders
        self._owner = owner

    def known(self, account: str, key: str, body: bytes) -> list[Verdict] | None:
        """What became of the batch of that key so far; None when there is none.

        Raises Conflict when the key was used for another body.
        """
        found = self._door(HOME).known(account, key, body)
        return None if found is None else self.judged(found)

    def keep(
        self, account: str, key: str, body: bytes, items: Sequence[Item], now: datetime
    ) -> list[Verdict]:
        """Make a batch safe; what becomes of its objects, in order, as known now.

        Raises Unavailable when it cannot be kept, or too much waits; Conflict as `known` does.
        """
        told = list(items)
        with ShardFile(self._folder).together() as known:
            places: dict[str, list[int]] = {}
            for n, item in enumerate(items):
                if isinstance(item, Offered):
                    places.setdefault(self._owner(known, item.topic), []).append(n)
            for shard in sorted(places.keys() - {HOME}):
                theirs = [items[n] for n in places[shard]]
                kept = self._door(shard).keep(account, key, body, theirs, now)
                for n, verdict in zip(places[shard], kept, strict=True):
                    told[n] = replace(verdict, shard=shard)
            whole = self._door(HOME).keep(account, key, body, told, now)
        return self.judged(whole)

    def judged(self, verdicts: Sequence[Verdict]) -> list[Verdict]:
        """The same, with what telemetry has answered in the meantime."""
        told = self._door(HOME).judged(verdicts)
        for shard in {each.shard for each in told if each.shard and each.outcome == "taken"}:
            of_it = [n for n, each in enumerate(told) if each.shard == shard]
            local = [replace(told[n], shard="") for n in of_it]
            for n, verdict in zip(of_it, self._door(shard).judged(local), strict=True):
                told[n] = replace(verdict, shard=shard)
        return told

    def _door(self, shard: str) -> Door:
        return Door(self._folders().get(shard, self._folder / shard))
