"""What anybody may see: a lift by its QR code, a report and how it goes on, kitchens."""

from dataclasses import dataclass
from datetime import datetime
from ssl import PEM_cert_to_DER_cert
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from core.errors import InvalidMessage, NotFound
from dashboard import publishing
from dashboard.bounds import Offset, whole_number
from dashboard.deps import AppContext, Context, same_origin
from dashboard.problems import OK, SEE_OTHER, UNPROCESSABLE, TooManyRequests, problem_of
from dashboard.reports import (
    LONGEST_NOTE,
    LONGEST_PHONE,
    MOST_PEOPLE,
    Progress,
    Reports,
    Told,
)
from dashboard.web import media, render
from devices import queries
from devices.model import Camera, Lift
from video import snapshot

PAGE = 30
FOUND_AT_MOST = 10
KINDS = frozenset({"trapped", "fault"})
OVER = frozenset({"confirmed", "cause_reported", "closed", "self_escaped", "false_alarm"})

Words = Annotated[str, Query(max_length=100)]

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Filled:
    """The report form as it was typed."""

    kind: str = ""
    people: str = ""
    injured: bool = False
    phone: str = ""
    note: str = ""


def typed(
    kind: Annotated[str, Form()] = "",
    people: Annotated[str, Form()] = "",
    phone: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
    *,
    injured: Annotated[bool, Form()] = False,
) -> Filled:
    """The form's fields, unchecked."""
    return Filled(kind, people.strip(), injured, phone, note)


@dataclass(frozen=True, slots=True)
class Tile:
    """A camera as the public sees it now; nothing of it when the kitchen is closed."""

    camera: Camera
    state: str
    captured_at: datetime | None
    snapshot_url: str
    playlist_url: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a report's way; `at` is None while it is still to come."""

    key: str
    at: datetime | None


@router.get("/ca.crt")
def authority(context: Context) -> Response:
    """The certificate authority of the hub's own making, as phones install it."""
    if context.authority is None:
        raise NotFound("page", "/ca.crt")
    return Response(
        PEM_cert_to_DER_cert(context.authority.read_text()),
        media_type="application/x-x509-ca-cert",
        headers={"Content-Disposition": 'attachment; filename="supervision-hub-ca.crt"'},
    )


@router.get("/")
def start(request: Request, context: Context, q: Words = "") -> Response:
    """Search for a lift or a kitchen; a lift's whole code leads straight to its page."""
    text = q.strip()

    def find(connection: Connection) -> tuple[queries.Page[Lift], object]:
        return (
            queries.find_lifts(connection, text, FOUND_AT_MOST),
            queries.kitchens(connection, text, FOUND_AT_MOST, published_only=True),
        )

    lifts, kitchens = context.database.read(find) if text else (None, None)
    if lifts is not None and render.is_code(text) and lifts.total == 1:
        return RedirectResponse(f"/l/{lifts.items[0].rescue_code}", status_code=SEE_OTHER)
    return render.page(request, "public/start.html", q=text, lifts=lifts, kitchens=kitchens)


@router.get("/l/{code}")
def lift(request: Request, code: str, context: Context) -> Response:
    """A lift: its code, who looks after it, and the way to help."""

    def find(connection: Connection) -> dict[str, object]:
        found = queries.lift_by_code(connection, code)
        firm, unit = found.firm_id, found.use_unit_id
        return {
            "lift": found,
            "firm": None if firm is None else queries.firm_by_id(connection, firm),
            "unit": None if unit is None else queries.use_unit_by_id(connection, unit),
        }

    return render.page(request, "public/lift.html", values=context.database.read(find))


@router.get("/l/{code}/report")
def report_page(request: Request, code: str, context: Context, kind: Words = "") -> Response:
    """The form; the kind may be chosen by the button that led here."""
    return _report_form(request, _lift(context, code), Filled(kind if kind in KINDS else ""))


@router.post("/l/{code}/report", dependencies=[Depends(same_origin)])
def report(
    request: Request,
    code: str,
    context: Context,
    reports: Reports,
    filled: Annotated[Filled, Depends(typed)],
) -> Response:
    """Take the report and lead to its progress; what was typed stays when something is wrong."""
    found = _lift(context, code)
    try:
        told = _told(filled)
        address = request.client.host if request.client else ""
        token = reports.take(found.rescue_code, told, address=address)
    except InvalidMessage as error:
        field = error.field or "kind"
        return _report_form(request, found, filled, wrong=field)
    except TooManyRequests as error:
        response = _report_form(request, found, filled, refused=True)
        response.status_code = problem_of(error).status
        response.headers["Retry-After"] = str(error.retry_after_s)
        return response
    return RedirectResponse(f"/report/{token}", status_code=SEE_OTHER)


@router.get("/report/{token}")
def progress(request: Request, token: str, context: Context, reports: Reports) -> Response:
    """How a report goes on, and what to do meanwhile; only for who holds its link."""
    found = context.database.read(lambda connection: reports.progress(connection, token))
    return render.page(
        request,
        "public/progress.html",
        progress=found,
        steps=_steps(found),
        over=found.state in OVER,
    )


@router.get("/kitchens")
def kitchens(
    request: Request,
    context: Context,
    q: Words = "",
    offset: Offset = 0,
) -> Response:
    """The kitchens that show themselves."""
    found = context.database.read(
        lambda c: queries.kitchens(c, q.strip(), PAGE, offset, published_only=True)
    )
    now, zone = context.clock.now(), context.zone
    opened = {each.id: publishing.open_now(each, now, zone) for each in found.items}
    return render.page(request, "public/kitchens.html", q=q.strip(), page=found, opened=opened)


@router.get("/k/{code}")
def kitchen(request: Request, code: str, context: Context) -> Response:
    """A kitchen: who runs it, how it was graded, and in its hours its pictures."""
    found = context.database.read(lambda c: queries.kitchen_by_code(c, code))
    if not found.published:
        raise NotFound("kitchen", code)
    now, zone = context.clock.now(), context.zone
    cameras = context.database.read(lambda c: queries.cameras_of(c, found.id))
    return render.page(
        request,
        "public/kitchen.html",
        kitchen=found,
        open_now=publishing.open_now(found, now, zone),
        tiles=[
            _tile(context, camera, now)
            for camera in cameras
            if publishing.shown(found, camera, now, zone)
        ],
    )


def _lift(context: AppContext, code: str) -> Lift:
    return context.database.read(lambda connection: queries.lift_by_code(connection, code))


def _told(filled: Filled) -> Told:
    """The report; raises InvalidMessage for a kind or a number that is none."""
    if filled.kind not in KINDS:
        raise InvalidMessage("missing", "say what happened", field="kind")
    people = whole_number(filled.people) if filled.people else None
    if filled.people and people is None:
        raise InvalidMessage("not_a_number", "a few digits only", field="people")
    return Told(
        trapped=filled.kind == "trapped",
        people=people,
        injured=filled.injured,
        note=filled.note,
        reporter_phone=filled.phone,
    )


def _report_form(
    request: Request, lift: Lift, filled: Filled, *, wrong: str = "", refused: bool = False
) -> Response:
    return render.page(
        request,
        "public/report.html",
        status=UNPROCESSABLE if wrong else OK,
        lift=lift,
        filled=filled,
        wrong=wrong,
        refused=refused,
        most_people=MOST_PEOPLE,
        longest_note=LONGEST_NOTE,
        longest_phone=LONGEST_PHONE,
    )


def _steps(found: Progress) -> list[Step]:
    """The way in order. A step that was skipped counts as done with the next one's time."""
    times = (
        ("received", found.reported_at),
        ("dispatched", found.dispatched_at),
        ("acknowledged", found.acknowledged_at),
        ("en_route", found.en_route_at),
        ("on_scene", found.on_scene_at),
        ("freed", found.freed_at),
    )
    steps: list[Step] = []
    later: datetime | None = None
    for key, at in reversed(times):
        later = at or later
        steps.append(Step(key, later))
    return steps[::-1]


def _tile(context: AppContext, camera: Camera, now: datetime) -> Tile:
    still = snapshot.latest(context.video_root, camera.id)
    return Tile(
        camera=camera,
        state=context.video.camera(camera.id).believed(now).state.value,
        captured_at=None if still is None else still.captured_at,
        snapshot_url=media.snapshot_url(camera.id),
        playlist_url=media.playlist_url(context, camera.id),
    )
