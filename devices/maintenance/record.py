"""Records that cannot be altered: a chain for each lift, corrections as new records.

Theory of operation. A record's digest covers its content, its place and the digest before it
(core.chain), so that any later change of any record breaks the chain from there. Nothing is ever
overwritten: a correction is a new record that points at the one it corrects and says why; the
newest in that line is what counts. A cut-off end still fits, so the head of each chain (place and
digest) is kept elsewhere, and `verify` is given it. Photos are in the chain by their digests.
Modelled on TSG T5002-2017 Art. 5(6) and 10: kept for four years or more, no alteration while kept.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum

from core.chain import FIRST, canonical, link
from core.errors import Conflict, InvalidMessage

KEPT_YEARS = 4


class RecordKind(StrEnum):
    """What a record holds."""

    VISIT = "visit"
    AMENDMENT = "amendment"
    CONFIRMATION = "confirmation"
    LEGACY = "legacy"


@dataclass(frozen=True, slots=True)
class Record:
    """One link. `content` is plain JSON; `amends` is the id of what an amendment corrects."""

    id: str
    lift_code: str
    seq: int
    kind: RecordKind
    content: Mapping[str, object]
    recorded_at: datetime
    recorded_by: str
    amends: str | None
    why: str
    previous: str
    digest: str


@dataclass(frozen=True, slots=True)
class Head:
    """The newest link of a lift's chain, as it is kept elsewhere."""

    seq: int
    digest: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The first record that does not hold. `id` is empty when the record itself is missing."""

    seq: int
    id: str
    why: str


def append(
    head: Head | None,
    *,
    id: str,  # noqa: A002  (the record's own name for it)
    lift_code: str,
    kind: RecordKind,
    content: Mapping[str, object],
    recorded_at: datetime,
    recorded_by: str,
) -> Record:
    """The next record of the lift after `head` (None: the first).

    Raises InvalidMessage for content that is no plain JSON, and for an amendment: see `amend`.
    """
    if kind is RecordKind.AMENDMENT:
        raise InvalidMessage("wrong_kind", "an amendment names what it corrects", field="kind")
    previous, seq = (head.digest, head.seq + 1) if head else (FIRST, 1)
    return _sealed(
        Record(id, lift_code, seq, kind, content, recorded_at, recorded_by, None, "", previous, "")
    )


def amend(
    head: Head,
    old: Record,
    *,
    id: str,  # noqa: A002
    content: Mapping[str, object],
    why: str,
    recorded_at: datetime,
    recorded_by: str,
) -> Record:
    """A correction of `old` at the end of its lift's chain; `content` is the whole new content.

    Raises InvalidMessage without a reason, Conflict when nothing would change.
    """
    if not why.strip():
        raise InvalidMessage("reason_missing", "say why it is corrected", field="why")
    if _plain(content) == _plain(old.content):
        raise Conflict("unchanged", f"record {old.id} says the same already")
    return _sealed(
        Record(
            id=id,
            lift_code=old.lift_code,
            seq=head.seq + 1,
            kind=RecordKind.AMENDMENT,
            content=content,
            recorded_at=recorded_at,
            recorded_by=recorded_by,
            amends=old.id,
            why=why.strip(),
            previous=head.digest,
            digest="",
        )
    )


def canonical_bytes(record: Record) -> bytes:
    """The bytes that the digest stands for, without the chain: equal for equal records."""
    return canonical(_covered(record))


def head_of(record: Record) -> Head:
    """What is to be kept elsewhere after `record`."""
    return Head(record.seq, record.digest)


def verify(records: Sequence[Record], head: Head | None = None) -> Broken | None:
    """Walk a lift's chain in its order; None when it holds, else its first broken record.

    With `head`, a cut-off or forged end is found too.
    """
    previous, seen = FIRST, set[str]()
    for expected, record in enumerate(records, 1):
        if record.seq != expected:
            return Broken(expected, "", "record is missing")
        if why := _against(record, previous, records[0].lift_code, seen):
            return Broken(record.seq, record.id, why)
        seen.add(record.id)
        previous = record.digest
    return None if head is None else _end(records, head)


def in_force(records: Iterable[Record]) -> tuple[Record, ...]:
    """What counts: each record in its newest correction, in the order of the first ones.

    The chain must hold: see `verify`.
    """
    origin: dict[str, str] = {}
    newest: dict[str, Record] = {}
    for record in records:
        root = origin[record.amends] if record.amends else record.id
        origin[record.id] = root
        newest[root] = record
    return tuple(newest.values())


def kept_until(recorded_on: date, years: int = KEPT_YEARS) -> date:
    """The last day on which a record must be kept."""
    year = recorded_on.year + max(years, KEPT_YEARS)
    try:
        return recorded_on.replace(year=year)
    except ValueError:  # 29 February
        return date(year, 3, 1)


def _sealed(record: Record) -> Record:
    _plain(record.content)
    return replace(record, digest=link(record.previous, record.seq, _covered(record)))


def _end(records: Sequence[Record], head: Head) -> Broken | None:
    """What is wrong at the end of a chain that holds in itself."""
    if head.seq > len(records):
        return Broken(len(records) + 1, "", "record is missing")
    if head.seq < len(records):
        return Broken(head.seq + 1, records[head.seq].id, "record is beyond the kept head")
    if records and records[-1].digest != head.digest:
        return Broken(head.seq, records[-1].id, "digest is not that of the kept head")
    return None


def _against(record: Record, previous: str, lift_code: str, seen: set[str]) -> str:
    """Why a record does not hold; empty when it does."""
    holds = {
        "record is of another lift": record.lift_code == lift_code,
        "id stands twice": record.id not in seen,
        "does not follow the record before it": record.previous == previous,
        "content does not match its digest": record.digest
        == link(record.previous, record.seq, _covered(record)),
        "amendment and what it corrects do not agree": (record.kind is RecordKind.AMENDMENT)
        == (record.amends is not None),
        "corrects a record that is not before it": record.amends is None or record.amends in seen,
    }
    return next((why for why, true in holds.items() if not true), "")


def _covered(record: Record) -> list[object]:
    return [
        record.id,
        record.lift_code,
        str(record.kind),
        record.content,
        record.recorded_at.astimezone(UTC).isoformat(timespec="microseconds"),
        record.recorded_by,
        record.amends,
        record.why,
    ]


def _plain(content: Mapping[str, object]) -> bytes:
    """Content as bytes that come back the same from storage; raises InvalidMessage."""
    try:
        as_bytes = canonical(content)
        again = canonical(json.loads(as_bytes))
    except (TypeError, ValueError) as error:
        raise InvalidMessage("not_plain", f"is no plain JSON: {error}", field="content") from error
    if again != as_bytes:  # keys that are no texts change their order
        raise InvalidMessage("not_plain", "has keys that are no texts", field="content")
    return as_bytes
