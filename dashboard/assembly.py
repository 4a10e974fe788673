"""Put one surface together: what every surface has, around the pages it is given."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI

from dashboard import emqx, guards, problems
from dashboard.api import router as api
from dashboard.deps import AppContext
from dashboard.door import Door
from dashboard.problems import ErrorPage
from dashboard.reports import PublicReports
from dashboard.sign_on import SignOn
from dashboard.web import health, live, media
from dashboard.web.assets import Assets

STATIC = Path(__file__).parent / "static"


def assemble(context: AppContext, *, pages: Sequence[APIRouter], error_page: ErrorPage) -> FastAPI:
    """The application of `context.surface`; it opens nothing before its first request."""
    staff = context.surface == "staff"

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
    app.state.checkup = health.Checkup(context)
    if staff:
        app.state.door = Door(context.database, context.clock, context.link_secret)
        app.state.sign_on = context.sign_on and SignOn(
            context.sign_on,
            context.clock,
            secret=context.link_secret,
            base_url=context.staff_base_url,
        )
    answer = problems.install(app, error_page=error_page)
    guards.install(app, context, answer=answer)
    app.include_router(health.router)
    app.include_router(media.router)
    if staff:
        app.include_router(health.staff_router)
        app.include_router(live.router)
        app.include_router(emqx.router)
        app.include_router(api.router)
    for router in pages:
        app.include_router(router)
    app.mount("/static", Assets(directory=STATIC, check_dir=False), name="static")
    return app
