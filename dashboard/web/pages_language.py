"""The switch between Chinese and English, on both surfaces."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.responses import RedirectResponse, Response

from dashboard import i18n
from dashboard.deps import Context, same_origin
from dashboard.problems import SEE_OTHER, safe_next

KEPT_FOR = timedelta(days=365)

router = APIRouter(include_in_schema=False)


@router.post("/language", dependencies=[Depends(same_origin)])
def choose(
    context: Context,
    locale: Annotated[str, Form()] = i18n.DEFAULT,
    wanted: Annotated[str, Form(alias="next")] = "/",
) -> Response:
    """Remember the language in a cookie and go back; an unknown one becomes the default."""
    response = RedirectResponse(safe_next(wanted), status_code=SEE_OTHER)
    response.set_cookie(
        i18n.COOKIE,
        locale if locale in i18n.LOCALES else i18n.DEFAULT,
        max_age=int(KEPT_FOR.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=context.secure_cookies,
    )
    return response
