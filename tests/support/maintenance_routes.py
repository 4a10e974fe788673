"""The routes of maintenance and who may use them, and what a lift has there to be asked about."""

from collections.abc import Mapping
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert

from core.journal import Actor
from dashboard.access import Action
from devices import register_commands
from devices.maintenance import photos, planning, queries, record, shipped, store, tables
from devices.maintenance.log import Rules
from devices.maintenance.record import RecordKind
from devices.model import Lift
from devices.register_model import Contract
from tests.support.dashboards import NOON, TEST

A = Action
Row = tuple[str, str, Action | str, str, Mapping[str, str]]
ZONE = ZoneInfo("Asia/Shanghai")
API, PAGES = "/api/v1/maintenance", "/maintenance"
DIGEST = "0" * 64
WHY = {"reason": "示例"}
DRILL = {"on": "2026-11-20", "people": "3", "course": "示例"}
LATER = {"planned_on": "2026-11-30", **WHY}
ROWS: tuple[Row, ...] = (
    ("GET", PAGES, A.SEE_MAINTENANCE, "", {}),
    ("GET", f"{PAGES}.csv", A.SEE_MAINTENANCE, "", {}),
    ("GET", f"{PAGES}/duties", A.KEEP_DUTIES, "", {}),
    ("POST", f"{PAGES}/duties", A.KEEP_DUTIES, "", {}),
    ("GET", f"{PAGES}/overview", A.WATCH_MAINTENANCE, "", {}),
    ("GET", f"{PAGES}/overview.csv", A.WATCH_MAINTENANCE, "", {}),
    ("GET", f"{PAGES}/firms", A.WATCH_MAINTENANCE, "", {}),
    ("GET", f"{PAGES}/firms.csv", A.WATCH_MAINTENANCE, "", {}),
    ("GET", f"{PAGES}/visits", A.SEE_MAINTENANCE, "", {}),
    ("GET", f"{PAGES}/visits.csv", A.SEE_MAINTENANCE, "", {}),
    ("GET", f"{PAGES}/visits/worker.js", "open", "", {}),
    ("GET", f"{PAGES}/visits/{{visit_id}}", A.SEE_MAINTENANCE, "lift", {}),
    ("GET", f"{PAGES}/visits/{{visit_id}}/work", A.HAND_IN_VISITS, "lift", {}),
    ("GET", f"{PAGES}/visits/{{visit_id}}/amend", A.HAND_IN_VISITS, "lift", {}),
    ("POST", f"{PAGES}/visits/{{visit_id}}/reschedule", A.PLAN_VISITS, "lift", LATER),
    ("GET", f"{PAGES}/contracts", A.SEE_MAINTENANCE, "", {}),
    ("GET", f"{PAGES}/contracts.csv", A.SEE_MAINTENANCE, "", {}),
    ("GET", f"{PAGES}/contracts/{{contract_id}}", A.SEE_MAINTENANCE, "lift", {}),
    ("POST", f"{PAGES}/contracts/{{contract_id}}/end", A.MANAGE_CONTRACTS, "lift", WHY),
    ("GET", f"{PAGES}/hand-over", A.MANAGE_CONTRACTS, "", {}),
    ("POST", f"{PAGES}/hand-over/preview", A.MANAGE_CONTRACTS, "", {}),
    ("POST", f"{PAGES}/hand-over", A.MANAGE_CONTRACTS, "", {}),
    ("GET", f"{PAGES}/workers", A.SEE_MAINTENANCE, "", {}),
    ("GET", f"{PAGES}/workers.csv", A.SEE_MAINTENANCE, "", {}),
    ("GET", f"{PAGES}/inspections", A.SEE_MAINTENANCE, "", {}),
    ("GET", f"{PAGES}/inspections.csv", A.SEE_MAINTENANCE, "", {}),
    ("GET", f"{PAGES}/drills", A.SEE_MAINTENANCE, "", {}),
    ("GET", f"{PAGES}/drills.csv", A.SEE_MAINTENANCE, "", {}),
    ("GET", f"{PAGES}/drills/{{unit_id}}", A.SEE_MAINTENANCE, "lift", {}),
    ("POST", f"{PAGES}/drills/{{unit_id}}", A.RECORD_DRILLS, "lift", {}),
    ("GET", f"{PAGES}/random-checks", A.WATCH_MAINTENANCE, "", {}),
    ("GET", f"{PAGES}/random-checks.csv", A.WATCH_MAINTENANCE, "", {}),
    ("POST", f"{PAGES}/random-checks", A.WATCH_MAINTENANCE, "", {}),
    ("GET", f"{PAGES}/random-checks/{{check_id}}", A.WATCH_MAINTENANCE, "lift", {}),
    ("GET", f"{PAGES}/random-checks/{{check_id}}/visits.csv", A.WATCH_MAINTENANCE, "lift", {}),
    ("POST", f"{PAGES}/random-checks/{{check_id}}/{{visit_id}}", A.WATCH_MAINTENANCE, "lift", {}),
    ("GET", f"{PAGES}/lifts/{{code}}", A.SEE_MAINTENANCE, "lift", {}),
    ("POST", f"{PAGES}/lifts/{{code}}/service", A.SEE_MAINTENANCE, "", {}),
    ("POST", f"{PAGES}/visits/{{visit_id}}/confirm", A.CONFIRM_VISITS, "lift", {}),
    ("POST", f"{PAGES}/visits/{{visit_id}}/dispute", A.CONFIRM_VISITS, "lift", WHY),
    ("POST", f"{PAGES}/visits/{{visit_id}}/withdraw", A.CONFIRM_VISITS, "lift", WHY),
    ("POST", f"{PAGES}/visits/{{visit_id}}/reject", A.WATCH_MAINTENANCE, "lift", WHY),
    ("GET", f"{API}/contracts", A.SEE_MAINTENANCE, "", {}),
    ("GET", f"{API}/workers", A.SEE_MAINTENANCE, "", {}),
    ("GET", f"{API}/inspections", A.SEE_MAINTENANCE, "", {}),
    ("GET", f"{API}/drills", A.SEE_MAINTENANCE, "", {}),
    ("POST", f"{API}/drills/{{unit_id}}", A.RECORD_DRILLS, "lift", DRILL),
    ("GET", f"{API}/due", A.SEE_MAINTENANCE, "", {}),
    ("GET", f"{API}/lifts/{{code}}", A.SEE_MAINTENANCE, "lift", {}),
    ("GET", f"{API}/items/{{list_name}}", A.SEE_MAINTENANCE, "", {}),
    ("GET", f"{API}/visits", A.SEE_MAINTENANCE, "", {}),
    ("GET", f"{API}/visits/{{visit_id}}", A.SEE_MAINTENANCE, "lift", {}),
    ("POST", f"{API}/visits/{{visit_id}}/start", A.HAND_IN_VISITS, "lift", {}),
    ("POST", f"{API}/visits/{{visit_id}}/reschedule", A.PLAN_VISITS, "lift", LATER),
    ("POST", f"{API}/visits/{{visit_id}}/confirm", A.CONFIRM_VISITS, "lift", {}),
    ("POST", f"{API}/visits/{{visit_id}}/dispute", A.CONFIRM_VISITS, "lift", WHY),
    ("POST", f"{API}/visits/{{visit_id}}/withdraw", A.CONFIRM_VISITS, "lift", WHY),
    ("POST", f"{API}/visits/{{visit_id}}/reject", A.WATCH_MAINTENANCE, "lift", WHY),
    (
        "POST",
        f"{API}/lifts/{{code}}/check-ins",
        A.HAND_IN_VISITS,
        "lift",
        {"worker": "W1", "at": "2026-11-23T04:00:00Z", "means": "code"},
    ),
    ("POST", f"{API}/records", A.HAND_IN_VISITS, "", {}),
    ("GET", f"{API}/records", A.SEE_MAINTENANCE, "", {}),
    ("GET", f"{API}/records/{{record_id}}", A.SEE_MAINTENANCE, "lift", {}),
    ("POST", f"{API}/records/{{record_id}}/amendments", A.HAND_IN_VISITS, "", {}),
    ("POST", f"{API}/lifts/{{code}}/photos", A.HAND_IN_VISITS, "", {}),
    ("GET", f"{API}/lifts/{{code}}/photos/{{digest}}", A.SEE_MAINTENANCE, "lift", {}),
)
# Without a picture's file its address is as if it were not there.
AS_WELL = {("GET", f"{API}/lifts/{{code}}/photos/{{digest}}"): 404}


def rules() -> Rules:
    """The shipped ones."""
    return shipped.rules(ZONE)


def things(connection: Connection, lift: Lift) -> dict[str, str]:
    """A planned visit and a record of that lift."""
    assert lift.firm_id is not None
    planning.settle(connection, lift.id, NOON, rules())
    coming = queries.coming(connection, [lift.id])[lift.id]
    photos.note(
        connection,
        DIGEST,
        "image/jpeg",
        1,
        lift_id=lift.id,
        firm_id=lift.firm_id,
        now=NOON,
        by="sample",
    )
    return {
        "visit": coming.id,
        "record": _record(connection, lift, coming.id),
        "digest": DIGEST,
        "contract": _contract(connection, lift),
        "unit": str(lift.use_unit_id),
        "check": _random_check(connection, lift, coming.id),
    }


def filled(path: str, of: Mapping[str, str]) -> str:
    """An address with the things put in."""
    return (
        path.replace("{visit_id}", of["visit"])
        .replace("{record_id}", of["record"])
        .replace("{contract_id}", of["contract"])
        .replace("{unit_id}", of["unit"])
        .replace("{check_id}", of["check"])
        .replace("{digest}", of["digest"])
        .replace("{list_name}", "A@1")
    )


def _record(connection: Connection, lift: Lift, visit_id: str) -> str:
    written = record.append(
        store.head(connection, lift.rescue_code),
        id=f"record-{lift.rescue_code}",
        lift_code=lift.rescue_code,
        kind=RecordKind.LEGACY,
        content={"period": "half_month"},
        recorded_at=NOON,
        recorded_by="sample",
    )
    firm = lift.firm_id or 0
    store.append_record(
        connection, written, visit_id=visit_id, firm_id=firm, actor=Actor("system", "test")
    )
    return written.id


def _contract(connection: Connection, lift: Lift) -> str:
    signed = Contract(0, lift.id, lift.firm_id or 0, f"C-{lift.rescue_code}", date(2026, 1, 1))
    return str(register_commands.sign_contract(connection, signed, NOON, TEST).id)


def _random_check(connection: Connection, lift: Lift, visit_id: str) -> str:
    """A draw for the lift's district that drew its visit."""
    check = f"check-{lift.rescue_code}"
    days = {"since": NOON.date(), "until": NOON.date()}
    told = {"id": check, "within": lift.district, "seed": "sample", "among": 1, "by": "sample"}
    connection.execute(insert(tables.random_check).values(**told, **days, at=NOON))
    drawn = {"check_id": check, "visit_id": visit_id, "place": 1}
    connection.execute(insert(tables.checked_visit).values(drawn))
    return check
