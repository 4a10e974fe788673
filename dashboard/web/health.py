"""Whether this process lives, whether the hub is ready, and its figures.

Ready means that pages and calls by form work: the database answers and the disk has room. A lane
without its broker makes the answer `degraded`, not refused: screens stay live without a broker.
The public surface tells only the verdict.
"""

import shutil
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse, Response

from core import feed, metrics
from dashboard.deps import AppContext, Context
from dashboard.problems import OK, UNAVAILABLE

LEAST_FREE_BYTES = 200 * 1024 * 1024
CONNECTED = "hub_mqtt_connected"
EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"

router = APIRouter(include_in_schema=False)
staff_router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. Without a `vital` one nothing works."""

    name: str
    ok: bool
    vital: bool
    detail: str
    amount: int = 0  # what the detail counts


@router.get("/health/live")
def live() -> dict[str, str]:
    """Answers while the process lives."""
    return {"status": "ok"}


def checked(context: Context) -> tuple[Check, ...]:
    """Every check, now."""
    return (_database(context), _disk(context), *_lanes(context))


@router.get("/health/ready")
def ready(context: Context, checks: Annotated[tuple[Check, ...], Depends(checked)]) -> Response:
    """`ok`, `degraded` (200) or `failing` (503), to staff with each check."""
    failing = any(not check.ok and check.vital for check in checks)
    degraded = any(not check.ok for check in checks)
    body: dict[str, object] = {
        "status": "failing" if failing else "degraded" if degraded else "ok",
        "version": context.version,
    }
    if context.surface == "staff":
        body["checks"] = {c.name: {"ok": c.ok, "detail": c.detail} for c in checks}
    return JSONResponse(body, status_code=UNAVAILABLE if failing else OK)


@staff_router.get("/metrics")
def figures(context: Context) -> Response:
    """Prometheus text of every process of this hub."""
    return Response(metrics.exposition(context.metrics_folder), media_type=EXPOSITION)


def _database(context: AppContext) -> Check:
    try:
        newest = context.database.read(feed.head)
    except SQLAlchemyError as error:
        return Check("database", ok=False, vital=True, detail=type(error).__name__)
    return Check("database", ok=True, vital=True, detail=f"journal at {newest}", amount=newest)


def _disk(context: AppContext) -> Check:
    free = shutil.disk_usage(context.data_folder).free
    mib = free // 1024**2
    enough = free >= LEAST_FREE_BYTES
    return Check("disk", ok=enough, vital=True, detail=f"{mib} MiB free", amount=mib)


def _lanes(context: AppContext) -> list[Check]:
    """The broker sessions that lane processes have told of in the metrics folder."""
    text = metrics.exposition(context.metrics_folder).decode()
    return [
        Check(
            f"lane {sample.labels['lane']}",
            ok=sample.value > 0,
            vital=False,
            detail="connected" if sample.value > 0 else "no broker",
        )
        for family in text_string_to_metric_families(text)
        if family.name == CONNECTED
        for sample in family.samples
    ]
