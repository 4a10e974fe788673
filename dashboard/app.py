"""One FastAPI application, in two surfaces: staff pages with the JSON interface, and public pages.

Both surfaces answer /health; only the staff surface knows accounts. Page modules expose `router`;
`dashboard.web.render` draws templates and, as `error_page`, what went wrong.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from dashboard import guards, problems
from dashboard.api import router as api
from dashboard.deps import AppContext
from dashboard.reports import PublicReports
from dashboard.web import (
    health,
    live,
    media,
    pages_public,
    pages_sign_in,
    pages_staff,
    render,
)
from dashboard.web.assets import Assets

STATIC = Path(__file__).parent / "static"


def create_app(context: AppContext) -> FastAPI:
    """The application of `context.surface`; it opens nothing before its first request."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if staff:
            app.state.live = live.LiveFeed(context.database, context.latest, context.clock)
            yield
            await app.state.live.close()
        else:
            app.state.reports = PublicReports(
                context.reports_file, context.link_secret, context.clock
            )
            yield
            app.state.reports.close()

    staff = context.surface == "staff"
    app = FastAPI(
        title="Supervision hub",
        version=context.version,
        description=api.DESCRIPTION,
        openapi_url="/api/v1/openapi.json" if staff else None,
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.context = context
    problems.install(app, error_page=render.error_page)
    guards.install(app, context)
    app.include_router(health.router)
    app.include_router(media.router)
    if staff:
        app.include_router(health.staff_router)
        app.include_router(live.router)
        app.include_router(api.router)
        app.include_router(pages_sign_in.router)
        app.include_router(pages_staff.router)
    else:
        app.include_router(pages_public.router)
    app.mount("/static", Assets(directory=STATIC, check_dir=False), name="static")
    return app
