"""A firm with two certified workers at the sample lift, and a visit as its phone hands it in."""

from datetime import date, datetime, timedelta

from dashboard import maintaining
from devices import register_commands
from devices.maintenance import planning, shipped
from devices.maintenance.log import Plan
from devices.maintenance.period import Period
from devices.register_model import Worker
from tests.support.dashboards import NOON, TEST, Dashboards

MINUTE = timedelta(minutes=1)
JPEG = b"\xff\xd8\xff" + b"sample picture"


def crew(hub: Dashboards) -> Plan:
    """Two workers of the lift's firm, and the lift's plan."""
    firm = hub.lift.firm_id
    assert firm is not None
    for code in ("W1", "W2"):
        worker = Worker(0, firm, code, f"示例工人 {code}", f"T-{code}", date(2028, 1, 1))
        hub.database.write(
            lambda c, w=worker: register_commands.upsert_worker(c, w, NOON, TEST)  # type: ignore[misc]
        )
    rules = hub.context("staff").maintenance
    return hub.database.write(lambda c: planning.settle(c, hub.lift.id, NOON, rules))


def visit(
    hub: Dashboards,
    photo: str,
    *,
    period: Period = Period.HALF_MONTH,
    ended: datetime | None = None,
    next_on: date = date(2026, 12, 5),
    **changed: object,
) -> dict[str, object]:
    """The body of a whole visit that has just ended."""
    end = ended or hub.clock.now() - 5 * MINUTE
    code = maintaining.plate(hub.context("staff"), hub.lift)
    at = [(end - minutes * MINUTE).isoformat() for minutes in (50, 45)]
    return {
        "lift_code": hub.lift.rescue_code,
        "item_list": "A@1",
        "period": period,
        "workers": ["W1", "W2"],
        "check_ins": [
            {"worker": "W1", "at": at[0], "means": "code", "code": code},
            {
                "worker": "W2",
                "at": at[1],
                "means": "position",
                "position": {"latitude": 34.7, "longitude": 113.6},
            },
        ],
        "started_at": at[1],
        "finished_at": end.isoformat(),
        "sent_at": hub.clock.now().isoformat(),
        "answers": [
            {"code": item.code, "answer": "done", "photos": [photo] if item.key else []}
            for item in shipped.item_list("A").cumulated(period)
        ],
        "hazards": ["S0"],
        "signed_by": ["W1", "W2"],
        "planned_next": next_on.isoformat(),
    } | changed
