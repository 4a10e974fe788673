"""Out of quarantine: what was kept goes through the pipeline again, or is dropped.

Theory of operation. People ask, by page or command line, with rows of `asked/replay.db`;
the telemetry lane takes them between two batches and answers each in the commit that did it. What
is replayed becomes history and nothing else: it is judged by today's registry, but it opens no
incident, shows on no page as the newest word of a lift, and moves no numbering. What happened
long ago must not call a crew today. What is refused again keeps its row, and the new reason
stands beside it.

A point that the history store refused was admitted long ago: replayed, it goes to the store again
as it is. What cannot be replayed is what was kept in part.
"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import cast

from core import metrics
from core.errors import Conflict, NotFound
from core.ids import sortable_key
from core.journal import Actor, Entry, Subject
from ingest import inbox
from ingest.door import NOT_BY_THIS_DOOR, NOT_THE_SENDERS, TURNED_AWAY
from ingest.draft import KEPT_BYTES, UNKNOWN_AREA, Draft
from ingest.interpreter import MAPPED_WITH_LOSS
from ingest.lane import Delivery
from ingest.pipeline import Pipeline
from ingest.quarantine import Kept, QuarantineReader
from ingest.timeseries.dayfiles import DayFiles
from ingest.timeseries.port import Answer, Point
from ingest.timeseries.spool import REFUSED, refused_point
from ingest.timeseries.steps import micros

SOURCE = "replay"
AT_ONCE = 100
MOST_WAITING = 20_000
NAMED = 20  # in the journal
REMEMBERED = timedelta(days=7)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS asked (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL, verb TEXT NOT NULL,
    kept TEXT NOT NULL, asked_by TEXT NOT NULL) STRICT
"""


class Verb(StrEnum):
    """What is done with a kept object."""

    REPLAY = "replay"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why a kept object cannot be replayed."""

    reason: str
    detail: str


def hindrance(kept: Kept) -> Hindrance | None:
    """What stands against a replay, if anything does: pure."""
    if kept.reason == MAPPED_WITH_LOSS:
        return Hindrance("taken_already", "it was taken, but for what its detail names")
    if kept.reason in {NOT_THE_SENDERS, NOT_BY_THIS_DOOR}:
        return Hindrance(kept.reason, "who pushed it may not: nobody else vouches for what it says")
    if len(kept.raw) >= KEPT_BYTES or (kept.reason == REFUSED and not refused_point(kept.raw)):
        return Hindrance(
            "cut_off", f"only the first {KEPT_BYTES} bytes were kept: the sender must send it again"
        )
    if kept.answer is not None and kept.answer.outcome in {"stored", "duplicate"}:
        return Hindrance("replayed_already", f"it was replayed before: {kept.answer.outcome}")
    return None


def ask(folder: Path, verb: Verb, kept: Sequence[str], asked_by: str, now: datetime) -> list[int]:
    """Ask for something to be done with kept objects; the numbers of the requests.

    Raises Conflict when too many wait already, Unavailable when it cannot be written.
    """
    if inbox.waiting(folder, SOURCE) + len(kept) > MOST_WAITING:
        raise Conflict(
            "too_many_waiting",
            f"more than {MOST_WAITING} replays and drops would wait: is telemetry running?",
        )
    with inbox.writing(folder, SOURCE, _SCHEMA) as connection:
        connection.execute("DELETE FROM asked WHERE at_us < ?", (micros(now - REMEMBERED),))
        return [
            connection.execute(
                "INSERT INTO asked (at_us, verb, kept, asked_by) VALUES (?,?,?,?) RETURNING id",
                (micros(now), verb.value, each, asked_by),
            ).fetchone()[0]
            for each in sorted(kept, key=_received)
        ]


def pending(folder: Path) -> dict[str, Verb]:
    """What was asked and is not answered yet, by the kept object's name."""
    rows = inbox.Inbox(folder, SOURCE, "verb, kept").next(MOST_WAITING)
    return {str(kept): Verb(str(verb)) for _, verb, kept in rows}


def entry(verb: Verb, names: Sequence[str], actor: Actor, now: datetime) -> Entry:
    """The journal's line of such a request."""
    facts = {"objects": len(names), "first": list(names[:NAMED])}
    return Entry(Subject("quarantine", sortable_key(now)), f"{verb}_asked", actor, now, facts)


def answers(folder: Path, rows: Sequence[int]) -> list[Answer]:
    """What became of those requests, as far as they are answered, in order."""
    return inbox.answers(folder, SOURCE, rows)


def _received(kept: str) -> tuple[str, int]:
    day, _, row = kept.partition("/")
    return day, int(row)


class Replays:
    """Telemetry's side. Every method is for the lane's one thread."""

    lane = SOURCE

    def __init__(
        self,
        folder: Path,
        store: DayFiles,
        elsewhere: Callable[[Point], bool] = lambda _: False,
        hears: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """`elsewhere` answers whether a message is in history beside `store`.

        `hears` answers whether what comes on a topic is this lane's; it may have been once.
        """
        self._hears = hears
        self._elsewhere = elsewhere
        self._shard = folder.name
        self._inbox = inbox.Inbox(folder, SOURCE, "verb, kept")
        self._reader = QuarantineReader(folder)
        self._store = store

    def read(self, pipeline: Pipeline, now: datetime, *, shed: bool) -> Draft | None:
        """What the next requests change; None when there are none. Drops are done at once."""
        rows = cast("list[tuple[int, str, str]]", self._inbox.next(AT_ONCE))
        metrics.QUARANTINE_ASKED.labels(self._shard).set(self._inbox.waiting() if rows else 0)
        if not rows:
            return None
        draft = Draft(now)
        for row, verb, name in rows:
            try:
                kept = self._reader.show(name)
            except NotFound:
                draft.answers.append(_answer(row, name, "gone", "", "", "it is not kept any more"))
                continue
            if verb == Verb.DROP:
                metrics.QUARANTINE_DROPPED.labels("asked").inc(self._store.drop([name]))
                draft.answers.append(_answer(row, name, "dropped"))
            else:
                self._replay(draft, pipeline, row, kept, shed=shed)
        return draft

    def done(self, draft: Draft) -> None:
        """The draft is safe."""
        self._inbox.answered = max(answer.row for answer in draft.answers)
        for answer in draft.answers:
            if answer.outcome not in {"dropped", "gone"}:
                metrics.QUARANTINE_REPLAYED.labels(answer.outcome).inc()

    def _replay(
        self, draft: Draft, pipeline: Pipeline, row: int, kept: Kept, *, shed: bool
    ) -> None:
        # Asked for twice, it may have been taken a moment ago, in the draft that is not safe yet.
        before = next((a for a in reversed(draft.answers) if a.about == kept.id), kept.answer)
        if no := hindrance(dataclasses.replace(kept, answer=before)):
            draft.answers.append(_answer(row, kept.id, "refused", no.reason, "", no.detail))
            return
        known = len(pipeline.gateways)
        topic = pipeline.placed(kept.topic) if kept.topic.startswith(TURNED_AWAY) else kept.topic
        if kept.reason == REFUSED:
            told = _once_more(pipeline, kept, draft.at, shed=shed)
        else:
            delivery = Delivery(topic, kept.raw, kept.received_at, 0, 0, 0)
            told = pipeline.read([delivery], draft.at, shed=shed, caught_up=False, late=True)
        if len(pipeline.gateways) > known and not self._hears(topic):
            pipeline.gateways.popitem()  # another shard hears it: here it would seem silent
        self._leave_out_known(told)
        refused = told.quarantined
        told.quarantined = []  # its row stands in quarantine already
        outcomes = {outcome for (_, outcome), number in told.outcomes.items() if number}
        if refused:
            first = refused[0]
            partly = "partly" if outcomes - {"quarantined"} else "refused"
            told.answers.append(
                _answer(row, kept.id, partly, first.reason, first.field, first.detail)
            )
        else:
            best = next(
                (each for each in ("stored", "shed", "duplicate") if each in outcomes), "stored"
            )
            told.answers.append(_answer(row, kept.id, best))
        draft.take_over(told)

    def _leave_out_known(self, told: Draft) -> None:
        """The same message may have come again in the meantime."""
        fresh = [
            point
            for point in told.points
            if not (self._store.holds(point) or self._elsewhere(point))
        ]
        known = len(told.points) - len(fresh)
        for area, outcome in list(told.outcomes):
            if known and outcome == "stored":
                told.outcomes[area, "stored"] -= known
                told.outcomes[area, "duplicate"] += known
        told.points = fresh


def _once_more(pipeline: Pipeline, kept: Kept, at: datetime, *, shed: bool) -> Draft:
    """A point that the history store refused, for the store as it is now."""
    told = Draft(at)
    if point := refused_point(kept.raw):
        gateway = pipeline.gateways.get(point.gateway)
        told.points.append(point)
        told.outcomes[gateway.area if gateway else UNKNOWN_AREA, "stored"] += 1
    if shed:
        told.shed_points()
    return told


def _answer(
    row: int, about: str, outcome: str, reason: str = "", field: str = "", detail: str = ""
) -> Answer:
    return Answer(SOURCE, row, outcome, reason, field, detail, about)
