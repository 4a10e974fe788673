"""One incident for staff: its page, and every button of it.

A step that could not be taken leads back to the incident, in words: what was asked, why not, who
did what since the page was drawn, and what was typed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar, get_args

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ValidationError
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from alerts.queries import IncidentDetail
from core.errors import Conflict, HubError, InvalidMessage, NotFound
from core.journal import Actor, Recorded, Subject
from dashboard import accounts, disclosures, sight
from dashboard.access import Action, may
from dashboard.accounts import Account
from dashboard.api import assignments as assignments_api
from dashboard.api import incidents as incidents_api
from dashboard.api.schemas import ActionIn, AssignmentIn, LevelIn
from dashboard.bounds import RowId
from dashboard.deps import (
    CSRF_FIELD,
    AppContext,
    Context,
    CurrentAccount,
    CurrentActor,
    CurrentScope,
    require,
    verified_csrf,
)
from dashboard.problems import SEE_OTHER, problem_of
from dashboard.scope import Scope
from dashboard.web import labels, render

if TYPE_CHECKING:
    from collections.abc import Callable

M = TypeVar("M", bound=BaseModel)
STEPS = frozenset(get_args(assignments_api.Step))
VERBS = frozenset(get_args(incidents_api.Verb))
CREW_ACTIONS = {"en-route": "en_route", "freed": "finish", "stand-down": "stand_down"}
SEEN = "seen"  # the newest journal entry that the page showed
LONGEST_ID = 19
SPOKEN = ("text", "reason", "lift_code", "responder")

router = APIRouter(include_in_schema=False)
SEES = [Depends(require(Action.SEE_INCIDENTS))]


@dataclass(frozen=True, slots=True)
class Told:
    """A step not taken: its form and name, why, what happened meanwhile, what was typed."""

    form: str
    step: str
    words: str
    meanwhile: tuple[Recorded, ...]
    typed: dict[str, str]
    text: str


@router.get("/incidents/{incident_id}", dependencies=SEES)
def incident(
    request: Request,
    incident_id: str,
    context: Context,
    scope: CurrentScope,
    account: CurrentAccount,
    actor: CurrentActor,
) -> Response:
    """One incident: clocks, who was asked, every action, the timeline, the notices."""
    values = shown(context, scope, incident_id, account, actor)
    return render.page(request, "staff/incident.html", values=values, told=None)


@router.get("/fragments/incident/{incident_id}", dependencies=SEES)
def incident_fragment(
    request: Request,
    incident_id: str,
    context: Context,
    scope: CurrentScope,
    account: CurrentAccount,
    actor: CurrentActor,
) -> Response:
    """What changes on an incident's page."""
    values = shown(context, scope, incident_id, account, actor)
    return render.page(request, "staff/incident_body.html", values=values, told=None)


@router.post(
    "/incidents/{incident_id}/callers",
    dependencies=[*SEES, Depends(require(Action.REVEAL_PHONE)), Depends(verified_csrf)],
)
def callers(
    request: Request,
    incident_id: str,
    context: Context,
    scope: CurrentScope,
    account: CurrentAccount,
    actor: CurrentActor,
) -> Response:
    """The same page with the callers' whole numbers; journalled. Crews are shown no callers."""
    values = shown(context, scope, incident_id, account, actor)
    if not scope.narrow:
        subject = Subject("incident", incident_id)
        context.database.write(lambda c: disclosures.tell(c, subject, context.clock.now(), actor))
        values["whole"] = True
    return render.page(request, "staff/incident.html", values=values, told=None)


def shown(
    context: AppContext, scope: Scope, incident_id: str, account: Account, actor: Actor
) -> dict[str, object]:
    """What the page of an incident stands on; raises NotFound.

    A seat is shown the callers of a running incident whole, and that is journalled.
    """

    def find(connection: Connection) -> dict[str, object]:
        detail = sight.incident(connection, scope=scope, incident_id=incident_id)
        found = detail.incident
        lift = (
            sight.lift(connection, scope=Scope(), code=found.lift_code)
            if found.lift_id is not None
            else None
        )
        return {
            "detail": detail,
            "incident": found,
            "lift": lift,
            "narrow": scope.narrow,
            "people": accounts.display_names(connection),
            "whole": False,
        }

    values = context.database.read(find)
    detail = values["detail"]
    if (
        isinstance(detail, IncidentDetail)
        and may(account.role, Action.DIRECT_INCIDENT)
        and detail.incident.closed_at is None
        and any(each.reporter_phone or each.reporter_name for each in detail.reports)
    ):
        subject = Subject("incident", incident_id)
        disclosures.tell_once(context.database, subject, context.clock.now(), actor)
        values["whole"] = True
    return values


@router.get("/incidents/{incident_id}/do/{verb}", dependencies=SEES)
def back(incident_id: str, verb: str) -> Response:  # noqa: ARG001  (its address names the step)
    """The page of a step that was not taken, asked for again: the incident."""
    return RedirectResponse(f"/incidents/{incident_id}", SEE_OTHER)


@router.post("/incidents/{incident_id}/do/{verb}", dependencies=[*SEES, Depends(verified_csrf)])
async def act(
    request: Request,
    incident_id: str,
    verb: str,
    context: Context,
    scope: CurrentScope,
    account: CurrentAccount,
    actor: CurrentActor,
) -> Response:
    """A button of the incident's page."""
    typed = await typed_in(request)
    seen = typed.pop(SEEN, "")
    words = labels.of(render.locale_of(request))
    work: Callable[[], object]
    if verb == "level":
        require(Action.DIRECT_INCIDENT)(account)
        number = typed.get("level", "")
        form, step = f"do-level-{number}", words("level", number)

        def work() -> object:
            told = told_by(LevelIn, typed)
            return incidents_api.level(incident_id, told, context, scope, actor)

    elif verb in VERBS:
        form, step = f"do-{verb}", words("action", verb.replace("-", "_"))

        def work() -> object:
            told = told_by(ActionIn, typed)
            return incidents_api.act(incident_id, verb, context, scope, account, actor, told)  # type: ignore[arg-type]  # checked above

    else:
        raise NotFound("action", verb)
    try:
        await render.in_thread(work)
    except (Conflict, InvalidMessage, NotFound) as error:
        return await _not_done(
            request,
            context,
            scope,
            incident_id,
            error,
            account=account,
            actor=actor,
            form=form,
            step=step,
            typed=typed,
            seen=seen,
        )
    return RedirectResponse(f"/incidents/{incident_id}", SEE_OTHER)


@router.get(
    "/assignments/{assignment_id}/do/{step}",
    dependencies=[Depends(require(Action.ANSWER_ASSIGNMENT))],
)
def back_from_assignment(
    assignment_id: RowId,
    step: str,  # noqa: ARG001  (as above)
    context: Context,
    scope: CurrentScope,
) -> Response:
    """The page of a crew's step that was not taken, asked for again: the incident."""
    asked = context.database.read(
        partial(assignments_api.seen, scope=scope, assignment_id=assignment_id)
    )
    return RedirectResponse(f"/incidents/{asked.incident_id}", SEE_OTHER)


@router.post(
    "/assignments/{assignment_id}/do/{step}",
    dependencies=[Depends(require(Action.ANSWER_ASSIGNMENT)), Depends(verified_csrf)],
)
async def answer(
    request: Request,
    assignment_id: RowId,
    step: str,
    context: Context,
    scope: CurrentScope,
    account: CurrentAccount,
    actor: CurrentActor,
) -> Response:
    """A crew's step, by the crew itself or by a seat that has it on the telephone."""
    if step not in STEPS:
        raise NotFound("step", step)
    typed = await typed_in(request)
    seen = typed.pop(SEEN, "")
    asked = await render.in_thread(
        partial(
            context.database.read,
            partial(assignments_api.seen, scope=scope, assignment_id=assignment_id),
        )
    )

    def work() -> object:
        told = told_by(AssignmentIn, typed)
        return assignments_api.answer(assignment_id, step, context, scope, actor, told)  # type: ignore[arg-type]  # checked above

    try:
        await render.in_thread(work)
    except (Conflict, InvalidMessage) as error:
        named = labels.of(render.locale_of(request))("crew_action", CREW_ACTIONS.get(step, step))
        return await _not_done(
            request,
            context,
            scope,
            asked.incident_id,
            error,
            account=account,
            actor=actor,
            form=f"crew-{assignment_id}-{step}",
            step=f"{named} · {asked.target_name}",
            typed=typed,
            seen=seen,
        )
    return RedirectResponse(f"/incidents/{asked.incident_id}", SEE_OTHER)


async def _not_done(
    request: Request,
    context: AppContext,
    scope: Scope,
    incident_id: str,
    error: HubError,
    *,
    account: Account,
    actor: Actor,
    form: str,
    step: str,
    typed: dict[str, str],
    seen: str,
) -> Response:
    """The incident as it is now, and above it why the step was not taken."""
    values = await render.in_thread(partial(shown, context, scope, incident_id, account, actor))
    detail = values["detail"]
    problem = problem_of(error)
    since = int(seen) if seen.isdecimal() and len(seen) < LONGEST_ID else None
    happened = getattr(detail, "timeline", ())
    meanwhile = tuple(r for r in happened if since is not None and r.id > since)
    told = Told(
        form=form,
        step=step,
        words=_why(request, error),
        meanwhile=meanwhile,
        typed=typed,
        text=" · ".join(typed[name] for name in SPOKEN if typed.get(name)),
    )
    return render.page(
        request, "staff/incident.html", status=problem.status, values=values, told=told
    )


def _why(request: Request, error: HubError) -> str:
    words = labels.of(render.locale_of(request))
    if isinstance(error, NotFound):
        key = "lift_unknown" if error.kind == "lift" else "not_here"
        return words("refused_step", key)
    reason = problem_of(error).reason
    return words("refused_step", reason if words.known("refused_step", reason) else "other")


async def typed_in(request: Request) -> dict[str, str]:
    """The form's fields that hold something."""
    form = await request.form()
    return {
        name: value.strip()
        for name, value in form.items()
        if isinstance(value, str) and name != CSRF_FIELD and value.strip()
    }


def told_by(model: type[M], typed: Mapping[str, object]) -> M:
    """What a form tells; raises InvalidMessage naming the field."""
    try:
        return model.model_validate(typed)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidMessage(
            "bad_field", str(first["msg"]), field=str(first["loc"][0]) if first["loc"] else ""
        ) from error
