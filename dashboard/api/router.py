"""Everything under /api/v1."""

from fastapi import APIRouter

from dashboard.api import (
    alarms,
    assignments,
    incidents,
    kitchens,
    lifts,
    maintenance,
    maintenance_papers,
    maintenance_plans,
    maintenance_proofs,
    rosters,
    telemetry,
    test_calls,
)
from dashboard.api.problem_schemas import ProblemOut
from dashboard.problems import PROBLEM_JSON

DESCRIPTION = (
    "Send `Authorization: Bearer TOKEN`, or the session cookie together with `X-CSRF-Token`. "
    "Instants are UTC. Every error is application/problem+json with a stable `reason`."
)
_PROBLEM: dict[str, object] = {
    "model": ProblemOut,
    "description": "A problem (RFC 9457)",
    "content": {
        PROBLEM_JSON: {
            "example": {
                "type": "about:blank",
                "title": "Conflict",
                "status": 409,
                "detail": "assignment is done: accept is refused, possible: nothing more",
                "reason": "wrong_state",
                "field": None,
            }
        }
    },
}

router = APIRouter(prefix="/api/v1", responses={"4XX": _PROBLEM, "5XX": _PROBLEM})
for part in (
    incidents,
    assignments,
    alarms,
    lifts,
    test_calls,
    kitchens,
    maintenance,
    maintenance_papers,
    maintenance_plans,
    maintenance_proofs,
    rosters,
    telemetry,
):
    router.include_router(part.router)
