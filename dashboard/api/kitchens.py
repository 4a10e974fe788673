"""/kitchens: kitchens and how their cameras do."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from dashboard import finding, sight
from dashboard.access import Action
from dashboard.api.schemas import KitchenFull, KitchenOut, Listed, camera_out, kitchen_fields
from dashboard.bounds import Offset
from dashboard.deps import Context, CurrentAccount, CurrentScope, require
from dashboard.web.media import playlist_url
from devices import queries, search
from devices.model import KitchenKind
from video.stream import StreamState

SEES = [Depends(require(Action.SEE_KITCHENS))]
router = APIRouter(prefix="/kitchens", tags=["kitchens"], dependencies=SEES)


@router.get("")
def listed(
    context: Context,
    scope: CurrentScope,
    q: Annotated[str, Query(max_length=100)] = "",
    area: Annotated[str, Query(max_length=6, description="a city or a district")] = "",
    kind: KitchenKind | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Offset = 0,
) -> Listed[KitchenOut]:
    """Kitchens whose code begins with `q`, or whose name or address holds it, by code."""
    asked = {"q": q, "area": area, "kind": kind or ""}
    ids, total = finding.kitchens(context, scope, asked, limit=limit, offset=offset)
    found = context.database.read(partial(search.kitchens, ids=ids))
    return Listed(items=[KitchenOut.of(each) for each in found], total=total)


@router.get("/{code}")
def one(code: str, context: Context, scope: CurrentScope, account: CurrentAccount) -> KitchenFull:
    """One kitchen with its cameras and addresses by which this account may watch."""
    kitchen = context.database.read(partial(sight.kitchen, scope=scope, code=code))
    cameras = context.database.read(partial(queries.cameras_of, kitchen_id=kitchen.id))
    told = []
    for camera in cameras:
        state = context.video.camera(camera.id).believed(context.clock.now())
        live = state.state is StreamState.LIVE
        told.append(
            camera_out(
                camera,
                state.state.value,
                since=state.since,
                last_picture_at=state.last_picture_at,
                playlist=playlist_url(context, camera.id, viewer=account.name) if live else None,
            )
        )
    return KitchenFull.model_validate({**kitchen_fields(kitchen), "cameras": told})
