"""Bring a file of a whole province's lifts into the registry, staged and in short steps.

Theory of operation. The file is read and judged into a file of its own (devices.staging), where
nobody waits for it; that is the difference, and a dry run ends here. While a bad row stands
nothing is applied, unless bad rows shall be skipped. Then the rows that change something are
applied in steps (devices.steps), each a transaction that judges its rows once more and journals
itself under the import's generation, a number of the journal's own, and its number in it. After
the last step one entry under the register of lifts makes every process read the registry anew.

What readers see meanwhile: pages and searches read the database and see lifts as their steps
commit. What resolves messages keeps the registry that it has in memory, and switches at the end,
unless another change to the registry makes it read earlier.

Killed at whatever moment, the same file goes on at the step that is not noted as applied; where
that step had committed, its entry is found by generation and step and its answer stays what it
was. Once the first step has been applied an import of the whole file can only be finished: what a
later change of the registry has made wrong is refused row by row and told.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, select

from core import journal
from core.clock import Clock
from core.datum import Datum
from core.db import Database
from core.journal import Actor, Entry, Subject, journal_table
from devices import lift_import, lift_store
from devices.directory import REGISTRY
from devices.importer import LEAST, LOOK
from devices.keeping import record
from devices.lift_csv import relative_to
from devices.lift_plan import plan
from devices.sheet import Outcome, RowResult, SheetRow
from devices.staging import Staging
from devices.steps import Steps

CHAIN = Subject(REGISTRY, "import")
BEGUN = "lifts.import_begun"
Progress = Callable[
    [str, int, int], None
]  # what is being done, rows done, rows in all (0: unknown)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a file; `applied`: its good rows stand in the registry."""

    staging: Staging
    counts: Mapping[Outcome, int]
    applied: bool
    resumed: bool = False

    def rows(self) -> Iterator[RowResult]:
        """The answer to every row."""
        return self.staging.results()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """How files are imported: into which registry, staged where, on whose behalf."""

    database: Database
    folder: Path
    clock: Clock
    actor: Actor
    progress: Progress = lambda _doing, _done, _all: None
    datum: Datum = Datum.WGS84  # of rows that do not say of which they are

    @contextmanager
    def run(self, content: bytes, *, dry: bool = False, skip_bad: bool = False) -> Iterator[Done]:
        """Import a file, or go on with it; what it answers may be read inside the `with`.

        Raises InvalidMessage for what is no such file, Conflict while another process imports it.
        """
        name = hashlib.sha256(content + str(self.datum).encode()).hexdigest()[:24]
        staging = Staging(self.folder / (f"{name}-dry.db" if dry else f"{name}.db"))
        try:
            resumed = bool(staging.fact("generation"))
            if not resumed:
                self._stage(staging, content)
            counts = staging.counts()
            if not dry and (resumed or skip_bad or not counts[Outcome.REFUSED]):
                self._apply(staging, counts)
                yield Done(staging, staging.counts(), applied=True, resumed=resumed)
            else:
                yield Done(staging, counts, applied=False)
        except BaseException:
            staging.close()
            raise
        staging.remove()

    def _stage(self, staging: Staging, content: bytes) -> None:
        staging.empty()
        read, staged = relative_to(self.datum).read(content), 0
        while part := list(islice(read, LOOK)):
            rows = [each for each in part if isinstance(each, SheetRow)]
            judged = self.database.read(partial(_judged, rows=rows))
            answers = iter(judged)
            staging.add(
                (next(answers), each) if isinstance(each, SheetRow) else (each, None)
                for each in part
            )
            staged += len(part)
            self.progress("reading", staged, 0)

    def _apply(self, staging: Staging, counts: Mapping[Outcome, int]) -> None:
        wanted = counts[Outcome.INSERTED] + counts[Outcome.CHANGED]
        if not wanted:
            return
        generation, step = staging.fact("generation"), staging.fact("step")
        if not generation:
            generation = self.database.write(partial(self._begin, counts=counts))
            staging.note(generation=generation, wanted=wanted)
        wanted, done = staging.fact("wanted"), staging.fact("done")
        steps = Steps(self.database, self.clock, least=LEAST)
        before = self._committed(generation, step + 1)
        while due := staging.due(len(before) or steps.pace.rows):
            step += 1
            rows = [row for _, row in due]
            results = self._kept(steps, rows, {"generation": generation, "step": step}, before)
            kept = [(n, result) for (n, _), result in zip(due, results, strict=True)]
            done += len(due)
            staging.applied(due[-1][0], kept, step)
            staging.note(done=done)
            self.progress("applying", done, wanted)
            before = {}
        self.database.write(partial(self._end, generation, staging.counts()))

    def _begin(self, connection: Connection, counts: Mapping[Outcome, int]) -> int:
        facts = {str(outcome): n for outcome, n in counts.items()}
        return journal.append(connection, Entry(CHAIN, BEGUN, self.actor, self.clock.now(), facts))

    def _kept(
        self,
        steps: Steps,
        rows: Sequence[SheetRow],
        part_of: Mapping[str, object],
        before: Mapping[str, Outcome],
    ) -> list[RowResult]:
        """Write a step, unless it stands there already, and tell what became of its rows."""
        if before:
            return [RowResult(row.line, row.code, before[row.code]) for row in rows]
        now = self.clock.now()
        step = self.database.read(partial(lift_import.prepare, rows=rows, now=now))
        return steps.write(rows, lambda c, _: step.keep(c, self.actor, part_of=part_of))

    def _committed(self, generation: int, step: int) -> Mapping[str, Outcome]:
        """The rows of that step, if it was committed without being noted as applied."""

        def last(connection: Connection) -> Mapping[str, object]:
            t = journal_table.c
            newest = (
                select(t.facts)
                .where(t.subject_kind == CHAIN.kind, t.subject_id == CHAIN.id)
                .order_by(t.seq.desc())
                .limit(1)
            )
            return dict(connection.execute(newest).scalar() or {})

        facts = self.database.read(last)
        if (facts.get("generation"), facts.get("step")) != (generation, step):
            return {}
        return {code: outcome for outcome in Outcome for code in _codes(facts, str(outcome))}

    def _end(self, generation: int, counts: Mapping[Outcome, int], connection: Connection) -> None:
        """One entry that every process's picture of the registry follows."""
        told = {str(outcome): n for outcome, n in counts.items()}
        facts = {"generation": generation, **told}
        now = self.clock.now()
        record(connection, "lift", facts, now, self.actor, verb="lifts.import_finished")


def _judged(connection: Connection, rows: Sequence[SheetRow]) -> list[RowResult]:
    return [each.result for each in plan(rows, lift_store.known(connection, rows))]


def _codes(facts: Mapping[str, object], name: str) -> list[str]:
    found = facts.get(name)
    return [str(each) for each in found] if isinstance(found, list) else []
