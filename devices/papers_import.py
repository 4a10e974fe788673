"""Rows of the register's papers against what stands there."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select

from core.journal import Actor
from devices import papers_sheets, queries, register_commands, register_queries, tables
from devices.register_model import (
    Contract,
    Division,
    Inspection,
    InspectionKind,
    InspectionResult,
    Team,
    Worker,
)
from devices.register_store import to_inspection
from devices.row_plan import Given, Plan, Planned, Refused, compared, found
from devices.sheet import Problem, Sheet, SheetRow


def _id_of_firm(connection: Connection, code: str) -> int:
    firm = found(queries.firm_by_code, connection, code)
    if firm is None:
        raise Refused(Problem("firm_code", f"{code!r} is not registered", "import its firm first"))
    return firm.id


def _id_of_lift(connection: Connection, code: str) -> int:
    lift = found(queries.lift_by_code, connection, code)
    if lift is None:
        problem = Problem("rescue_code", f"{code} is not registered", "import its lift first")
        raise Refused(problem)
    return lift.id


def _division(connection: Connection, row: SheetRow) -> Planned:
    before = register_queries.divisions(connection).by_code.get(row.code)
    given: Given = dict(row.values)
    after = replace(before or Division("", ""), **given)
    if after.parent and not after.code.startswith(after.parent.rstrip("0")):
        problem = Problem("parent", f"{after.parent} does not hold {after.code}", "correct it")
        raise Refused(problem)
    return compared(row, before, after, register_commands.upsert_division)


def _team(connection: Connection, firm_id: int, code: str | None) -> Team | None:
    if not code:
        return None
    teams = {each.code: each for each in register_queries.teams(connection, firm_id)}
    return teams.get(code, Team(0, firm_id, code, code))


def _worker(connection: Connection, row: SheetRow) -> Planned:
    given: Given = dict(row.values)
    firm_id = _id_of_firm(connection, given.pop("firm_code"))
    standing = {each.code: each for each in register_queries.workers(connection, firm_id)}
    before = standing.get(row.code)
    after = before or Worker(0, firm_id, row.code, "")
    team = None
    if "team_code" in given:
        team = _team(connection, firm_id, given.pop("team_code"))
        given["team_id"] = team.id if team else None
    after = replace(after, **given)

    def keep(connection: Connection, worker: Worker, now: datetime, actor: Actor) -> object:
        if team is not None and not team.id:
            made = register_commands.upsert_team(connection, team, now, actor)
            worker = replace(worker, team_id=made.id)
        return register_commands.upsert_worker(connection, worker, now, actor)

    return compared(row, before, after, keep)


def _contract(connection: Connection, row: SheetRow) -> Planned:
    given: Given = dict(row.values)
    lift_id = _id_of_lift(connection, given.pop("rescue_code"))
    firm_id = _id_of_firm(connection, given.pop("firm_code"))
    standing = register_queries.contracts(connection, lift_id)
    blank = Contract(0, lift_id, firm_id, "", given["starts_on"])
    before = next((each for each in standing if each.starts_on == given["starts_on"]), None)
    after = replace(before or blank, firm_id=firm_id, **given)
    for other in standing:
        if other is not before and after.meets(other):
            told = f"contract {other.number} is in force from {other.starts_on}"
            raise Refused(Problem("starts_on", told, "end that one the day before"))
    return compared(row, before, after, register_commands.sign_contract)


def _inspection(connection: Connection, row: SheetRow) -> Planned:
    given: Given = dict(row.values)
    given["lift_id"] = _id_of_lift(connection, given.pop("rescue_code"))
    given |= {
        "kind": InspectionKind(given["kind"]),
        "result": InspectionResult(given["result"]),
    }
    t = tables.inspection
    standing = connection.execute(select(t).where(t.c.report_number == row.code)).one_or_none()
    if standing is None:
        after = Inspection(id=0, **given)
        return compared(row, None, after, register_commands.keep_inspection)
    before = to_inspection(standing)
    return compared(row, before, replace(before, **given), register_commands.keep_inspection)


KINDS: Mapping[str, tuple[Sheet, Plan]] = {
    "divisions": (papers_sheets.DIVISIONS, _division),
    "workers": (papers_sheets.WORKERS, _worker),
    "contracts": (papers_sheets.CONTRACTS, _contract),
    "inspections": (papers_sheets.INSPECTIONS, _inspection),
}
