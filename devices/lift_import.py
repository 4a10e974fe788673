"""One step of a file of lifts: judged and made ready beforehand, kept in the caller's transaction.

A step holds the database's only write lock, so `prepare` does outside of it whatever can be done:
it judges the rows, and makes what is to be written ready for the driver. `Step.keep` then writes
as it stands, if nothing in the registry has moved since; whatever changes the registry tells the
journal in the same transaction, so its newest entry says that. Else it prepares anew, under the
lock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from core.datum import Datum
from core.db import Load, load
from core.journal import Actor
from devices import lift_papers, lift_store, tables, word_index
from devices.directory import registry_version
from devices.keeping import record
from devices.lift_plan import Known, Planned, plan
from devices.sheet import Outcome, RowResult, SheetRow
from devices.word_index import Foreseen

IMPORTED = "lifts.imported"
_JUDGED_BY = ("lift", "lift_dossier", "firm", "use_unit", "gateway", "import")
_DATUM, _WGS84 = "datum", str(Datum.WGS84)


@dataclass(frozen=True, slots=True)
class Step:
    """Rows of a file, judged against the registry as it stood at the journal's entry `moved_at`."""

    rows: Sequence[SheetRow]
    now: datetime
    moved_at: int
    known: Known
    planned: Sequence[Planned]
    lifts: Load
    papers: Load
    with_papers: Sequence[str]  # the codes of new lifts that have some
    found_by: Foreseen

    @property
    def fresh(self) -> list[str]:
        """The codes of the lifts that are new."""
        return [e.result.code for e in self.planned if e.result.outcome is Outcome.INSERTED]

    @property
    def changed(self) -> list[Planned]:
        """Lifts in which something changes, but for their gateways."""
        return [
            each
            for each in self.planned
            if each.standing is not None
            and any(change.field != "gateway_id" for change in each.result.changes)
        ]

    def keep(
        self,
        connection: Connection,
        actor: Actor,
        *,
        part_of: Mapping[str, object] | None = None,
    ) -> list[RowResult]:
        """Keep the lifts and enrol their gateways; wrong rows are refused in the answer.

        One journal entry tells the codes of the whole step. `part_of`: the step belongs to a larger
        import (devices.bulk); these facts go with its entry, which stands in that import's own
        chain, so that nobody reads the registry anew for every step.
        """
        step = self
        if _moved_at(connection) != self.moved_at:
            step = prepare(connection, self.rows, self.now)
        ids, fresh, changed = step._write(connection), step.fresh, step.changed  # noqa: SLF001
        enrolled = _enrol(connection, step.planned, step.known, ids, self.now)
        results = [each.result for each in step.planned]
        if part_of is not None:
            told: dict[str, list[str]] = {}
            for each in results:
                told.setdefault(str(each.outcome), []).append(each.code)
            facts: dict[str, object] = {**part_of, **told, **enrolled}
            record(connection, "import", facts, self.now, actor, verb=IMPORTED)
            return results
        if fresh or changed:
            facts = {"inserted": fresh, "changed": [each.result.code for each in changed]}
            record(connection, "lift", facts, self.now, actor, verb=IMPORTED)
        if enrolled:
            record(connection, "gateway", enrolled, self.now, actor, verb="gateways.imported")
        return results

    def _write(self, connection: Connection) -> dict[str, int]:
        """Write the lifts, their papers and words; answers our ids by rescue code."""
        self.lifts.write(connection)
        fresh, changed = self.fresh, self.changed
        ids = _ids(connection, fresh)
        self.papers.write(connection, {"lift_id": [ids[code] for code in self.with_papers]})
        self.found_by.write(connection, [ids[code] for code in fresh])
        if changed:
            _mend(connection, changed, self.known, self.now)
        return ids | {each.result.code: each.standing.id for each in self.planned if each.standing}


def prepare(connection: Connection, rows: Sequence[SheetRow], now: datetime) -> Step:
    """Judge the rows of a step and make ready what is to be written."""
    moved_at, known = _moved_at(connection), lift_store.known(connection, rows)
    planned, dialect = plan(rows, known), connection.dialect
    fresh = [each for each in planned if each.result.outcome is Outcome.INSERTED]
    documented = [e for e in fresh if e.values[_DATUM] != _WGS84 or lift_papers.told(e.values)]
    made = [lift_store.import_row(each.values, known) for each in fresh]
    stamps = {"created_at": now, "updated_at": now}
    papers = [lift_papers.kept(each.values) for each in documented]
    described = [lift_store.import_described(each.values, known) for each in fresh]
    return Step(
        rows=rows,
        now=now,
        moved_at=moved_at,
        known=known,
        planned=planned,
        lifts=load(dialect, tables.lift, lift_store.COLUMNS, made, **stamps),
        papers=load(dialect, tables.lift_dossier, lift_papers.COLUMNS, papers),
        with_papers=[each.result.code for each in documented],
        found_by=word_index.foresee(connection, described),
    )


def _moved_at(connection: Connection) -> int:
    """The newest change to anything that rows of lifts are judged against."""
    return registry_version(connection, _JUDGED_BY)


def _ids(connection: Connection, codes: Sequence[str]) -> dict[str, int]:
    """Our ids of lifts, by rescue code."""
    if not codes:
        return {}
    c = tables.lift.c
    rows = connection.execute(select(c.rescue_code, c.id).where(c.rescue_code.in_(codes)))
    return {row.rescue_code: row.id for row in rows}


def _mend(connection: Connection, changed: Sequence[Planned], known: Known, now: datetime) -> None:
    """Bring lifts that stand, their papers and their words up to what the file says."""
    lift, t = tables.lift, tables.lift_dossier
    lifts: list[dict[str, object]] = []
    mended: list[dict[str, object]] = []
    added: list[tuple[object, ...]] = []
    for each in changed:
        standing = each.standing
        if standing is None:
            continue
        row = dict(zip(lift_store.COLUMNS, lift_store.import_row(each.values, known), strict=True))
        lifts.append({**row, "updated_at": now, "standing_id": standing.id})
        fields = {change.field for change in each.result.changes}
        if fields & {*lift_papers.NAMES, _DATUM}:
            kept = lift_papers.kept(each.values)
            values = dict(zip(lift_papers.COLUMNS, kept, strict=True))
            if standing.papers:
                mended.append({**values, "standing_id": standing.id})
            else:
                added.append((standing.id, *kept))
    connection.execute(update(lift).where(lift.c.id == bindparam("standing_id")), lifts)
    if mended:
        connection.execute(update(t).where(t.c.lift_id == bindparam("standing_id")), mended)
    columns = ("lift_id", *lift_papers.COLUMNS)
    load(connection.dialect, t, columns, added).write(connection)
    word_index.index_lifts(connection, [e.standing.id for e in changed if e.standing])


def _enrol(
    connection: Connection,
    planned: Sequence[Planned],
    known: Known,
    ids: Mapping[str, int],
    now: datetime,
) -> dict[str, object]:
    """Let the planned gateways speak for their lifts, beside those they speak for already.

    Answers what the journal shall tell of it.
    """
    speaking = {each.result.code: each for each in planned if each.gateway_id and each.values}
    if not speaking:
        return {}
    areas = {str(each.gateway_id): str(each.values["area"]) for each in speaking.values()}
    new = sorted(areas.keys() - known.gateways.keys())
    if new:
        connection.execute(
            insert(tables.gateway),
            [{"id": name, "area": areas[name], "enrolled_at": now} for name in new],
        )
    connection.execute(
        insert(tables.gateway_lift),
        [{"gateway_id": each.gateway_id, "lift_id": ids[code]} for code, each in speaking.items()],
    )
    return {"codes": sorted(areas), "lifts": len(speaking)}
