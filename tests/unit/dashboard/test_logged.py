from pathlib import Path

from fastapi import APIRouter
from structlog.testing import capture_logs

from dashboard.access import Role
from tests.support.dashboards import Dashboards

router = APIRouter()


@router.get("/report/{token}/broken")
def broken(token: str) -> None:
    raise RuntimeError(f"no state for {len(token)} characters")


def test_what_broke_is_logged_by_its_route_and_without_a_token(tmp_path: Path) -> None:
    hub = Dashboards(tmp_path)
    with capture_logs() as told:
        answer = hub.client(role=Role.DISPATCHER, pages=(router,)).get(
            "/report/sample-token/broken"
        )
    assert answer.status_code == 500
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert told == [
        {
            "event": "request_failed",
            "log_level": "error",
            "route": "/report/{token}/broken",
            "error": "RuntimeError('no state for 12 characters')",
            "room": "dashboard.problems",
        }
    ]
