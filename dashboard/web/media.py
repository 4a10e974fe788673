"""Pictures of kitchens: HLS by signed, short-lived links, and still pictures with their time.

Theory of operation. A page that may show a camera issues a link for its viewer (`playlist_url`).
The playlist repeats that link on every address in it, and each request, playlist or segment, is
checked anew: signature, end, viewer, and on the public surface that the kitchen is still open and
published. So a link that is passed on dies soon, and closing time ends what is running.
"""

import re
from datetime import timedelta
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from starlette.responses import FileResponse, Response

from core.errors import Forbidden, NotFound
from dashboard import publishing
from dashboard.access import Action, may
from dashboard.deps import AppContext, Context, MaybeSigned, SignInNeeded
from devices import queries
from devices.model import Camera, Kitchen
from video import access, layout, snapshot

LINK_LASTS = timedelta(hours=1)
PUBLIC_VIEWER = "public"
MEDIA_TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mp4": "video/mp4",
    ".m4s": "video/iso.segment",
    ".ts": "video/mp2t",
}
CAPTURED_AT = "X-Captured-At"
_NEVER_KEPT = {"Cache-Control": "no-store"}
_MAP_ADDRESS = re.compile(r'(URI=")([^"]+)(")')

router = APIRouter(prefix="/media", include_in_schema=False)


def playlist_url(context: AppContext, camera_id: str, *, viewer: str = PUBLIC_VIEWER) -> str:
    """The address by which `viewer` (an account's name, or the public) may watch for a while."""
    token = access.issue(
        context.link_secret,
        camera_id,
        now=context.clock.now(),
        lifetime=LINK_LASTS,
        viewer=viewer,
    )
    return f"/media/{quote(camera_id)}/{layout.PLAYLIST}?{urlencode({'token': token})}"


def snapshot_url(camera_id: str) -> str:
    """The address of the newest still picture."""
    return f"/media/{quote(camera_id)}/snapshot.jpg"


@router.get("/{camera_id}/snapshot.jpg")
def still(camera_id: str, context: Context, signed: MaybeSigned) -> Response:
    """The newest picture of a camera; the header X-Captured-At says when it was taken."""
    _permitted(context, signed, camera_id)
    found = snapshot.latest(context.video_root, camera_id)
    if found is None:
        raise NotFound("picture of camera", camera_id)
    headers = {CAPTURED_AT: found.captured_at.isoformat(), **_NEVER_KEPT}
    return FileResponse(found.path, media_type="image/jpeg", headers=headers)


@router.get("/{camera_id}/{name}")
def part(
    camera_id: str, name: str, context: Context, signed: MaybeSigned, token: str = ""
) -> Response:
    """The playlist or one segment of a camera, for the bearer of a valid link."""
    viewer = _permitted(context, signed, camera_id)
    access.check(context.link_secret, token, camera_id, context.clock.now(), viewer=viewer)
    path = layout.media_file(context.video_root, camera_id, name)
    if not path.is_file():
        raise NotFound("media file", name)
    media_type = MEDIA_TYPES[path.suffix]
    if name != layout.PLAYLIST:
        return FileResponse(path, media_type=media_type, headers=_NEVER_KEPT)
    text = with_token(path.read_text(encoding="utf-8"), token)
    return Response(text, media_type=media_type, headers=_NEVER_KEPT)


def with_token(playlist: str, token: str) -> str:
    """The playlist with the link repeated on every address, also those inside tags."""
    query = urlencode({"token": token})
    lines = []
    for line in playlist.splitlines():
        if line.startswith("#"):
            lines.append(_MAP_ADDRESS.sub(rf"\g<1>\g<2>?{query}\g<3>", line))
        else:
            lines.append(f"{line}?{query}" if line else line)
    return "\n".join(lines) + "\n"


def _permitted(context: AppContext, signed: MaybeSigned, camera_id: str) -> str:
    """The viewer, where the asker may see this camera now; else NotFound, Forbidden or sign in."""
    layout.checked(camera_id)
    if context.surface == "staff":
        if signed is None:
            raise SignInNeeded
        if not may(signed.account.role, Action.SEE_CAMERAS):
            raise Forbidden(f"the role {signed.account.role} may not see cameras")
    kitchen, camera = _camera(context, camera_id)
    if signed is not None:
        if not signed.account.scope.covers_place(kitchen.area, kitchen.district):
            raise NotFound("camera", camera_id)
        return signed.account.name
    if not (kitchen.published and camera.published):
        raise NotFound("camera", camera_id)  # the public is not told that it exists
    if not publishing.shown(kitchen, camera, context.clock.now(), context.zone):
        raise Forbidden("this kitchen is closed now; its pictures are shown in opening hours")
    return PUBLIC_VIEWER


def _camera(context: AppContext, camera_id: str) -> tuple[Kitchen, Camera]:
    camera = context.database.read(lambda c: queries.camera_by_id(c, camera_id))
    return context.database.read(lambda c: queries.kitchen_by_id(c, camera.kitchen_id)), camera
