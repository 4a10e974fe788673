"""The application in two surfaces: staff pages with the JSON interface, and public pages.

Both surfaces answer /health; only the staff surface knows accounts. Page modules expose `router`;
`dashboard.web.render` draws templates and, as `error_page`, what went wrong.
"""

from fastapi import FastAPI

from dashboard.assembly import assemble
from dashboard.deps import AppContext
from dashboard.web import (
    pages_account,
    pages_accounts,
    pages_api,
    pages_imports,
    pages_incident,
    pages_language,
    pages_maintenance,
    pages_public,
    pages_rosters,
    pages_sign_in,
    pages_sign_on,
    pages_staff,
    pages_styleguide,
    render,
)


def create_app(context: AppContext) -> FastAPI:
    """The application of `context.surface`."""
    pages = (
        (
            pages_api.router,
            pages_language.router,
            pages_sign_in.router,
            pages_sign_on.router,
            pages_account.router,
            pages_accounts.router,
            pages_imports.router,
            pages_staff.router,
            pages_incident.router,
            pages_maintenance.router,
            pages_rosters.router,
            pages_styleguide.router,
        )
        if context.surface == "staff"
        else (pages_language.router, pages_public.router)
    )
    return assemble(context, pages=pages, error_page=render.error_page)
