"""/maintenance/lifts/…/check-ins and photos: what shows that somebody was there."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection
from starlette.responses import FileResponse

from core.errors import NotFound
from dashboard import sight
from dashboard.access import Action
from dashboard.api.maintenance_schemas import CheckInIn, PhotoOut
from dashboard.deps import Context, CurrentActor, CurrentScope, require, verified_csrf
from dashboard.maintaining import firm_for, photo_folder
from dashboard.problems import CREATED, OK
from devices.maintenance import handing_in, photos
from devices.maintenance.submission import CheckIn

router = APIRouter(prefix="/maintenance", tags=["maintenance"])
SEES = [Depends(require(Action.SEE_MAINTENANCE))]
HANDS_IN = [Depends(require(Action.HAND_IN_VISITS)), Depends(verified_csrf)]
PICTURE: dict[str, Any] = {  # Any: a piece of an OpenAPI document
    kind: {"schema": {"type": "string", "format": "binary"}} for kind in photos.KINDS
}


@router.post("/lifts/{code}/check-ins", status_code=CREATED, dependencies=HANDS_IN)
def check_in(code: str, told: CheckInIn, context: Context, scope: CurrentScope) -> dict[str, str]:
    """A worker is at the lift. Sent at once it proves more than sent with the visit."""
    given = told.given()

    def write(connection: Connection) -> CheckIn:
        lift = sight.lift(connection, scope=scope, code=code)
        firm_id, now = firm_for(scope, lift), context.clock.now()
        return handing_in.check_in(connection, lift, firm_id, given, now)

    received = context.database.write(write).received_at
    return {"received_at": "" if received is None else received.isoformat()}


@router.post(
    "/lifts/{code}/photos",
    status_code=CREATED,
    dependencies=HANDS_IN,
    openapi_extra={"requestBody": {"required": True, "content": PICTURE}},
)
async def send_photo(
    code: str, request: Request, context: Context, scope: CurrentScope, actor: CurrentActor
) -> PhotoOut:
    """A picture as the body: JPEG, PNG or WebP, at most 240 KiB. Its digest goes into answers."""
    picture = await request.body()

    def keep() -> PhotoOut:
        kind = photos.media_type(picture)
        lift = context.database.read(partial(sight.served, scope=scope, code=code))
        firm_id = firm_for(scope, lift)
        digest = photos.write(photo_folder(context), picture)
        context.database.write(
            lambda c: photos.note(
                c,
                digest,
                kind,
                len(picture),
                lift_id=lift.id,
                firm_id=firm_id,
                now=context.clock.now(),
                by=actor.id,
            )
        )
        return PhotoOut(digest=digest, media_type=kind, size=len(picture))

    return await run_in_threadpool(keep)


@router.get(
    "/lifts/{code}/photos/{digest}",
    dependencies=SEES,
    response_class=FileResponse,
    responses={OK.value: {"content": PICTURE, "description": "The picture"}},
)
def photo(code: str, digest: str, context: Context, scope: CurrentScope) -> FileResponse:
    """A picture of a lift that the account may see."""

    def find(connection: Connection) -> str:
        lift = sight.served(connection, scope=scope, code=code)
        return photos.of_lift(connection, lift.id, digest).media_type

    kind = context.database.read(find)
    file = photos.file_of(photo_folder(context), digest)
    if not file.is_file():
        raise NotFound("photo", digest)
    return FileResponse(file, media_type=kind, headers={"Content-Disposition": "inline"})
