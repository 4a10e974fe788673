"""Something to see on every page of maintenance: what is under contract, due, done and drawn."""

from datetime import date

from sqlalchemy import Connection

from dashboard.access import Role
from devices import commands, register_commands
from devices.maintenance import drills, planning, queries, random_commands
from devices.maintenance.queries import Sight
from devices.model import MaintenanceFirm
from devices.register_model import (
    Contract,
    Division,
    Inspection,
    InspectionKind,
    InspectionResult,
)
from tests.support.dashboards import NOON, TEST, Dashboards
from tests.support.maintenance import JPEG, crew, visit
from tests.support.maintenance_routes import ZONE, rules


def filled(hub: Dashboards) -> dict[str, str]:
    """Fill the hub, and answer what its pages of maintenance are called and where they stand."""
    crew(hub)
    unit = hub.lift.use_unit_id or 0
    hub.database.write(lambda c: _papers(c, hub, unit))
    firm = hub.client(role=Role.FIRM_ADMIN)
    code = hub.lift.rescue_code
    photo = firm.post(f"/api/v1/maintenance/lifts/{code}/photos", content=JPEG).json()["digest"]
    key = {"Idempotency-Key": "visit-0001"}
    done = firm.post("/api/v1/maintenance/records", json=visit(hub, photo), headers=key)
    assert done.status_code == 201, done.text
    made = done.json()["visit_id"]
    days = (date(2026, 11, 1), date(2026, 11, 23))
    where = Sight(within=hub.lift.district)
    check = hub.database.write(lambda c: random_commands.draw(c, where, *days, 5, NOON, TEST))
    coming = hub.database.read(lambda c: queries.coming(c, [hub.lift.id]))[hub.lift.id].id
    base = "/maintenance"
    return {
        "plan": base,
        "visits": f"{base}/visits",
        "visit done": f"{base}/visits/{made}",
        "visit to come": f"{base}/visits/{coming}",
        "work": f"{base}/visits/{coming}/work",
        "amend": f"{base}/visits/{made}/amend",
        "lift": f"{base}/lifts/{code}",
        "duties": f"{base}/duties",
        "inspections": f"{base}/inspections",
        "drills": f"{base}/drills",
        "drill": f"{base}/drills/{unit}",
        "contracts": f"{base}/contracts",
        "contracts none": f"{base}/contracts?q=none",
        "contract": f"{base}/contracts/1",
        "hand-over": f"{base}/hand-over",
        "workers": f"{base}/workers",
        "overview": f"{base}/overview",
        "firms": f"{base}/firms",
        "random checks": f"{base}/random-checks",
        "random check": f"{base}/random-checks/{check}",
    }


def _papers(connection: Connection, hub: Dashboards, unit: int) -> None:
    lift, firm = hub.lift, hub.lift.firm_id or 0
    other = MaintenanceFirm(0, "F2", "示例第二维保公司", "000-0029")
    commands.upsert_firm(connection, other, NOON, TEST)
    signed = Contract(0, lift.id, firm, "HT-2026-0001", date(2026, 1, 1), date(2026, 12, 31))
    register_commands.sign_contract(connection, signed, NOON, TEST)
    for division in (
        Division("410100", "示例市", "Sample City"),
        Division("410105", "示例区", "Sample District", "410100"),
    ):
        register_commands.upsert_division(connection, division, NOON, TEST)
    report = Inspection(
        0,
        lift.id,
        InspectionKind.SUPERVISION,
        date(2025, 10, 12),
        InspectionResult.PASSED,
        "示例检验院",
        "R-1",
    )
    register_commands.keep_inspection(connection, report, NOON, TEST)
    planning.settle(connection, lift.id, NOON, rules())
    drills.record_drill(
        connection,
        unit,
        date(2026, 11, 20),
        12,
        "示例：困人救援演练",
        NOON,
        TEST,
        ZONE,
        lift_code=lift.rescue_code,
        found="示例：对讲声音偏小",
    )
