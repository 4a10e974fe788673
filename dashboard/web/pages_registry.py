"""A lift, a kitchen and health for staff; their lists stand in modules of their own."""

from datetime import timedelta
from functools import partial
from typing import Annotated

import segno
from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.responses import Response

from alerts import alarms
from alerts import queries as alert_queries
from core.errors import NotFound
from core.journal import Subject
from dashboard import disclosures, finding, sight
from dashboard.access import Action
from dashboard.checkup.check import Check, verdict
from dashboard.deps import (
    Context,
    CurrentAccount,
    CurrentActor,
    CurrentScope,
    require,
    verified_csrf,
)
from dashboard.web import health as health_checks
from dashboard.web import (
    list_audit,
    list_incidents,
    list_kitchens,
    list_lifts,
    list_quarantine,
    list_test_calls,
    media,
    palette,
    render,
)
from devices import call_roll, queries
from devices.model import Lift

CHART_LASTS = timedelta(hours=1)
CHART_STEP_S = 10

router = APIRouter(include_in_schema=False)
for part in (
    list_lifts,
    list_test_calls,
    list_kitchens,
    list_quarantine,
    list_incidents,
    list_audit,
    palette,
):
    router.include_router(part.router)


def around(connection: Connection, lift: Lift) -> dict[str, object]:
    """A lift with who answers for it."""
    return {
        "lift": lift,
        "firm": None if lift.firm_id is None else queries.firm_by_id(connection, lift.firm_id),
        "unit": None
        if lift.use_unit_id is None
        else queries.use_unit_by_id(connection, lift.use_unit_id),
        "gateways": queries.gateways_of(connection, lift.id),
    }


@router.get("/lifts/{code}", dependencies=[Depends(require(Action.SEE_LIFTS))])
def lift(request: Request, code: str, context: Context, scope: CurrentScope) -> Response:
    """One lift: who answers for it, what it last said, its alarms and incidents, its history."""
    return render.page(
        request, "staff/lift.html", values=_lift(context, scope, code), revealed=False
    )


@router.post(
    "/lifts/{code}/officer",
    dependencies=[
        Depends(require(Action.SEE_LIFTS)),
        Depends(require(Action.REVEAL_PHONE)),
        Depends(verified_csrf),
    ],
)
def officer(
    request: Request, code: str, context: Context, scope: CurrentScope, actor: CurrentActor
) -> Response:
    """The same page with the safety officer's whole number; journalled."""
    values = _lift(context, scope, code)
    context.database.write(
        lambda c: disclosures.tell(c, Subject("lift", code), context.clock.now(), actor)
    )
    return render.page(request, "staff/lift.html", values=values, revealed=True)


@router.get("/fragments/lift/{code}", dependencies=[Depends(require(Action.SEE_LIFTS))])
def lift_fragment(request: Request, code: str, context: Context, scope: CurrentScope) -> Response:
    """What changes on a lift's page."""
    return render.page(request, "staff/lift_state.html", values=_lift(context, scope, code))


def _lift(context: Context, scope: CurrentScope, code: str) -> dict[str, object]:
    def find(connection: Connection) -> dict[str, object]:
        found = sight.lift(connection, scope=scope, code=code)
        known = found.rescue_code
        return {
            **around(connection, found),
            "able": call_roll.rows(connection, [found.id], context.clock.now())[0],
            "alarms": alarms.about_lift(connection, known),
            "incidents": alert_queries.board(connection, scope.confines, lift_code=known),
        }

    values = context.database.read(find)
    found = values["lift"]
    if not isinstance(found, Lift):
        raise NotFound("lift", code)
    public = f"{context.public_base_url}/l/{found.rescue_code}"
    drawn = segno.make(public, error="m").svg_inline(scale=4, border=2)
    state = context.latest.lift(found.rescue_code)
    heard = None if state is None else state.received_at
    return {
        **values,
        "state": state,
        "seen": finding.presences(context)(found.rescue_code, heard),
        "public_url": public,
        "qr_svg": drawn,
        "chart_from": context.clock.now() - CHART_LASTS,
        "chart_step": CHART_STEP_S,
    }


@router.get("/kitchens/{code}", dependencies=[Depends(require(Action.SEE_KITCHENS))])
def kitchen(
    request: Request, code: str, context: Context, scope: CurrentScope, account: CurrentAccount
) -> Response:
    """One kitchen with its cameras."""

    def find(connection: Connection) -> dict[str, object]:
        found = sight.kitchen(connection, scope=scope, code=code)
        return {
            "kitchen": found,
            "cameras": queries.cameras_of(connection, found.id),
            "alarms": alarms.about_kitchen(connection, found.code),
        }

    return render.page(
        request,
        "staff/kitchen.html",
        states=context.video,
        playlist_url=partial(media.playlist_url, context, viewer=account.name),
        snapshot_url=media.snapshot_url,
        public_url=f"{context.public_base_url}/k/{code}",
        values=context.database.read(find),
    )


@router.get("/health", dependencies=[Depends(require(Action.SEE_HEALTH))])
def health(
    request: Request,
    context: Context,
    checks: Annotated[tuple[Check, ...], Depends(health_checks.checked)],
) -> Response:
    """How the hub is."""
    return render.page(
        request,
        "staff/health.html",
        checks=checks,
        verdict=verdict(checks),
        counts=context.latest.counts(context.clock.now()),
        registered=context.database.read(queries.counts),
    )
