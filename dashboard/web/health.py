"""Whether this process lives, whether the hub is ready, and its figures.

Ready means that rescues work: database and disk, and the parts of the rescue process. What else is
amiss makes the answer `degraded`, not refused: screens stay live without a broker. The public
surface tells only the verdict, and is refused only for what it cannot do without itself: a report
from a lift is taken while the rescue process is away.
"""

import threading
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response

from core import metrics
from dashboard.checkup import processes, rescue, stores
from dashboard.checkup.check import Check, verdict
from dashboard.deps import AppContext, Context
from dashboard.problems import OK, UNAVAILABLE

EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
GOOD_FOR_S = 1.0
READ = ["GET", "HEAD"]  # load balancers ask with HEAD

router = APIRouter(include_in_schema=False)
staff_router = APIRouter(include_in_schema=False)


class Checkup:
    """Every check of one surface, looked at once a second however many ask."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._found: tuple[Check, ...] = ()
        self._looked_at: float | None = None

    def look(self) -> tuple[Check, ...]:
        """Every check, at most GOOD_FOR_S old."""
        with self._lock:
            now = self._context.clock.monotonic()
            if self._looked_at is None or now - self._looked_at >= GOOD_FOR_S:
                self._found, self._looked_at = tuple(_look(self._context)), now
            return self._found


def checked(request: Request) -> tuple[Check, ...]:
    """Every check, now."""
    checkup: Checkup = request.app.state.checkup
    return checkup.look()


@router.api_route("/health/live", methods=READ)
def live() -> dict[str, str]:
    """Answers while the process lives."""
    return {"status": "ok"}


@router.api_route("/health/ready", methods=READ)
def ready(context: Context, checks: Annotated[tuple[Check, ...], Depends(checked)]) -> Response:
    """`ok`, `degraded` (200) or `failing` (503), to staff with each check."""
    told = verdict(checks)
    body: dict[str, object] = {"status": told, "version": context.version}
    if context.surface == "staff":
        body["checks"] = {
            c.name: {"ok": c.ok, "weight": c.weight, "detail": c.detail, "remedy": c.advice}
            for c in checks
        }
    return JSONResponse(body, status_code=UNAVAILABLE if told == "failing" else OK)


@staff_router.get("/metrics")
def figures(context: Context) -> Response:
    """Prometheus text of every process of this hub."""
    return Response(metrics.exposition(context.metrics_folder), media_type=EXPOSITION)


def _look(context: AppContext) -> list[Check]:
    found = [stores.database(context), stores.disk(context)]
    if context.surface == "public" or not found[0].ok:  # the others ask the database
        return found
    return [
        *found,
        *processes.parts(context),
        *processes.lanes(context),
        rescue.notices(context),
        *rescue.findings(context),
        stores.cameras(context),
        stores.refused(context),
        rescue.clock(context),
        *stores.mappings(context),
        *stores.backup(context),
    ]
