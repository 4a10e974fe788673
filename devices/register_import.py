"""Bring files of firms, use units, stations, gateways, kitchens and cameras into the registry.

Lifts come by `devices.importer`, by whole steps of statements; of these there are few, and each
row goes through its own command. The rows of a step are one transaction, judged within it, so
that a dry run and a real one tell the same.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from core.clock import Clock, SystemClock
from core.db import Database
from core.errors import NotFound
from core.geo import Position
from core.journal import Actor
from devices import (
    commands,
    importer,
    lift_csv,
    papers_import,
    queries,
    register_sheets,
    word_index,
)
from devices.model import (
    Camera,
    Gateway,
    Kitchen,
    KitchenKind,
    MaintenanceFirm,
    RescueStation,
    SourceKind,
    UseUnit,
)
from devices.protocol.dialects.model import CANONICAL
from devices.rosters import sheet
from devices.row_plan import Given, Plan, Planned, Refused, compared, found
from devices.sheet import Outcome, Problem, Report, RowResult, Sheet, SheetRow
from devices.steps import Steps

LOOK = 50  # rows judged by one snapshot; each is a few statements


def sheets() -> Mapping[str, Sheet]:
    """The file of every kind that can be imported, by the kind's name."""
    return {"lifts": lift_csv.LIFTS} | {name: columns for name, (columns, _) in _KINDS.items()}


Progress = Callable[[str, int, int], None]
"""What is being done, rows done, rows in all (0: unknown)."""


def no_progress(_doing: str, _done: int, _all: int) -> None:
    """Where nobody watches."""


def bring(
    database: Database,
    kind: str,
    content: bytes,
    clock: Clock,
    actor: Actor,
    *,
    dry: bool,
    skip_bad: bool,
    progress: Progress = no_progress,
) -> Report:
    """Import a file wholly, or (unless bad rows are skipped) not at all while one is bad.

    Where nothing was applied the report says that it is a dry run's. Raises like `run`.
    """
    first = dry or not skip_bad
    told = partial(run, database, kind, content, clock.now(), actor, clock=clock, progress=progress)
    report = told(dry=first)
    return report if dry or not first or report.refused else told(dry=False)


def run(
    database: Database,
    kind: str,
    content: bytes,
    now: datetime,
    actor: Actor,
    *,
    dry: bool,
    clock: Clock | None = None,
    progress: Progress = no_progress,
) -> Report:
    """Import a file of that kind, or tell first what that would do (`dry`).

    Raises NotFound for an unknown kind, InvalidMessage for what is no such file.
    """
    if kind == "lifts":
        if dry:
            return importer.dry_run(database, content)
        return importer.apply(database, content, now, actor, clock)
    if kind not in _KINDS:
        raise NotFound("kind of file", kind)
    columns, plan = _KINDS[kind]
    parsed = columns.parse(content)
    done = list(parsed.refused)
    if dry:
        for begin in range(0, len(parsed.rows), LOOK):
            done += database.read(partial(_judge, plan, parsed.rows[begin : begin + LOOK]))
            progress("reading", len(done), len(parsed.rows) + len(parsed.refused))
    else:
        steps = Steps(database, clock or SystemClock())
        for step in steps.each(parsed.rows, partial(_apply, plan, now, actor)):
            done += step
            progress("applying", len(done), len(parsed.rows) + len(parsed.refused))
        if kind == "use_units":
            while steps.write(range(steps.pace.rows), _found_by):
                pass
    return Report(tuple(sorted(done, key=lambda row: row.line)), dry, columns.keys[0])


def _judge(plan: Plan, rows: Sequence[SheetRow], connection: Connection) -> list[RowResult]:
    return [_planned(plan, connection, row).result for row in rows]


def _apply(
    plan: Plan, now: datetime, actor: Actor, connection: Connection, rows: Sequence[SheetRow]
) -> list[RowResult]:
    results = []
    for row in rows:
        planned = _planned(plan, connection, row)
        if planned.write is not None:
            planned.write(connection, now, actor)
        results.append(planned.result)
    return results


def _found_by(connection: Connection, rows: Sequence[int]) -> int:
    """Let some lifts be found by their use unit's new name."""
    return word_index.catch_up_outdated(connection, len(rows))


def _planned(plan: Plan, connection: Connection, row: SheetRow) -> Planned:
    try:
        return plan(connection, row)
    except Refused as error:
        return Planned(RowResult(row.line, row.code, Outcome.REFUSED, error.problems))


def _firm(connection: Connection, row: SheetRow) -> Planned:
    before = found(queries.firm_by_code, connection, row.code)
    given: Given = dict(row.values)
    after = replace(before or MaintenanceFirm(0, "", "", ""), **given)
    return compared(row, before, after, commands.upsert_firm)


def _use_unit(connection: Connection, row: SheetRow) -> Planned:
    before = found(queries.use_unit_by_code, connection, row.code)
    given: Given = dict(row.values)
    after = replace(before or UseUnit(0, "", "", "", ""), **given)
    return compared(row, before, after, commands.upsert_use_unit)


def _station(connection: Connection, row: SheetRow) -> Planned:
    before = found(queries.station_by_code, connection, row.code)
    given: Given = dict(row.values)
    position = Position(given.pop("latitude"), given.pop("longitude"))
    blank = RescueStation(0, "", "", "", position, "")
    after = replace(before or blank, position=position, **given)
    return compared(row, before, after, commands.upsert_station)


def _kitchen(connection: Connection, row: SheetRow) -> Planned:
    before = found(queries.kitchen_by_code, connection, row.code)
    given: Given = dict(row.values)
    given["kind"] = KitchenKind(given["kind"])
    if before is None:
        return compared(row, None, Kitchen(id=0, **{"grade": "", **given}), commands.upsert_kitchen)
    return compared(row, before, replace(before, **given), commands.upsert_kitchen)


def _kitchen_id(connection: Connection, code: str) -> int:
    kitchen = found(queries.kitchen_by_code, connection, code)
    if kitchen is None:
        problem = Problem("kitchen_code", f"{code!r} is not registered", "import its kitchen first")
        raise Refused(problem)
    return kitchen.id


def _camera(connection: Connection, row: SheetRow) -> Planned:
    before = found(queries.camera_by_id, connection, row.code)
    given: Given = {"enabled": before.enabled if before else True, **row.values}
    after = Camera(
        id=given["camera_id"],
        kitchen_id=_kitchen_id(connection, given["kitchen_code"]),
        label=given["label"],
        source_kind=SourceKind(given["source_kind"]),
        source_url=given["source_url"],
        published=given["published"],
        enabled=given["enabled"],
    )
    return compared(row, before, after, commands.upsert_camera)


def _gateway(connection: Connection, row: SheetRow) -> Planned:
    before = found(queries.gateway_by_id, connection, row.code)
    given: Given = dict(row.values)
    lift_ids, kitchen_id = before.lift_ids if before else (), before.kitchen_id if before else None
    problems: list[Problem] = []
    if "lifts" in given:
        known = {code: found(queries.lift_by_code, connection, code) for code in given["lifts"]}
        problems += [
            Problem("lifts", f"{code} is not registered", "import its lift first")
            for code, lift in known.items()
            if lift is None
        ] + [
            Problem("lifts", f"{code} lies in area {lift.area}", "name lifts of the gateway's area")
            for code, lift in known.items()
            if lift is not None and lift.area != given["area"]
        ]
        lift_ids = tuple(sorted(lift.id for lift in known.values() if lift is not None))
    if "kitchen_code" in given:
        code = given["kitchen_code"]
        try:
            kitchen_id = None if code is None else _kitchen_id(connection, code)
        except Refused as error:
            problems += error.problems
    if lift_ids and kitchen_id is not None and not problems:
        problems.append(
            Problem("lifts", "a gateway speaks for lifts or for a kitchen", "leave one empty")
        )
    if problems:
        raise Refused(*problems)
    dialect = given.get("dialect", before.dialect if before else CANONICAL)
    after = Gateway(given["gateway_id"], given["area"], lift_ids, kitchen_id, dialect)
    return compared(row, before, after, commands.enrol_gateway)


_KINDS: Mapping[str, tuple[Sheet, Plan]] = {
    "firms": (register_sheets.FIRMS, _firm),
    "stations": (register_sheets.STATIONS, _station),
    "use_units": (register_sheets.USE_UNITS, _use_unit),
    "gateways": (register_sheets.GATEWAYS, _gateway),
    "kitchens": (register_sheets.KITCHENS, _kitchen),
    "cameras": (register_sheets.CAMERAS, _camera),
    "rosters": (sheet.ROSTERS, sheet.plan),
    **papers_import.KINDS,
}
