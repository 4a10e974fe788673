"""The JSON interface for people who read: drawn here, with nothing from elsewhere."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboard import reference
from dashboard.web import render

PATH = "/api/v1/docs"

router = APIRouter(include_in_schema=False)


@router.get(PATH)
def docs(request: Request) -> Response:
    """Every operation with its fields, from the OpenAPI document."""
    document = request.app.openapi()
    return render.page(
        request,
        "staff/api.html",
        about=document["info"]["description"],
        rooms=reference.rooms(document),
    )
