"""Every component of the pages in both languages, side by side, for whoever draws a new page.

Signed in, whatever the role: its chart and its pictures are real ones of this hub, each only where
the account may see it anyway; everything else is a sample. The demo needs no other door.
"""

from datetime import datetime, timedelta
from functools import partial

from fastapi import APIRouter, Request
from markupsafe import Markup
from sqlalchemy import Connection
from starlette.responses import Response

from alerts.assignment import AssignmentState, TargetKind
from alerts.model import Assignment
from dashboard import i18n
from dashboard.access import Action, may
from dashboard.api import lifts as lifts_api
from dashboard.deps import Context, CurrentAccount, CurrentScope
from dashboard.web import media, render
from dashboard.web.pages_registry import CHART_STEP_S
from devices import queries
from devices.model import Camera

router = APIRouter(include_in_schema=False)


@router.get("/styleguide")
def styleguide(
    request: Request, context: Context, account: CurrentAccount, scope: CurrentScope
) -> Response:
    """The components, drawn twice."""
    lifts = lifts_api.listed(context=context, scope=scope, limit=1).items
    cameras: list[Camera] = []
    if may(account.role, Action.SEE_CAMERAS):
        cameras = context.database.read(_cameras)
    values: dict[str, object] = {
        "lift_code": lifts[0].rescue_code if lifts else "",
        "chart_step": CHART_STEP_S,
        "cameras": cameras,
        "states": context.video,
        "playlist_url": partial(media.playlist_url, context, viewer=account.name),
        "snapshot_url": media.snapshot_url,
        "asked": _asked(context.clock.now()),
        "minutes": lambda amount: context.clock.now() + timedelta(minutes=amount),
    }
    drawn = {
        locale: Markup(  # noqa: S704  (drawn by the same environment, which escapes)
            render.draw(request, "staff/styleguide_samples.html", values, locale=locale)
        )
        for locale in i18n.LOCALES
    }
    return render.page(request, "staff/styleguide.html", drawn=drawn, languages=i18n.LOCALES)


def _cameras(connection: Connection) -> list[Camera]:
    """Those of the first kitchen that has any."""
    for kitchen in queries.kitchens(connection, text="", limit=20).items:
        if found := list(queries.cameras_of(connection, kitchen.id)):
            return found[:1]
    return []


def _asked(now: datetime) -> Assignment:
    """A firm that was asked and is on its way."""
    return Assignment(
        id=0,
        incident_id="",
        level=1,
        target_kind=TargetKind.FIRM,
        target_id=None,
        target_name="示例维保公司 Sample firm",
        target_phone="000-0001",
        state=AssignmentState.EN_ROUTE,
        responder="示例救援员 Sample crew",
        proof="",
        offered_at=now - timedelta(minutes=9),
        acknowledged_at=now - timedelta(minutes=8),
        en_route_at=now - timedelta(minutes=7),
        on_scene_at=None,
        ended_at=None,
        version=1,
    )
