"""Draw a template in the reader's language, with what every page needs."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cache, partial
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import HTMLResponse, Response

from alerts import alarms
from alerts.alarms import AlarmFilter
from core.errors import HubError
from dashboard import accounts, i18n
from dashboard.access import Action, may
from dashboard.deps import CSRF_FIELD, context_of, cookie_name
from dashboard.problems import Problem
from dashboard.web import labels, masks, places, words
from devices.presence import DEFAULT

if TYPE_CHECKING:
    from dashboard.accounts import Signed

T = TypeVar("T")
TEMPLATES = Path(__file__).parents[1] / "templates"


@cache
def environment(locale: str) -> Environment:
    """The templates of one language; an unknown name in a template is an error."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(i18n.translations(locale), newstyle=True)  # type: ignore[attr-defined]  # the i18n extension adds it
    made.filters["masked_name"] = masks.name
    made.filters["masked_phone"] = masks.phone
    made.filters["ms"] = words.milliseconds
    made.filters["span"] = partial(words.span, locale=locale)
    made.globals["labels"] = labels.of(locale)
    return made


def locale_of(request: Request) -> str:
    """`zh` or `en` for whoever asks."""
    signed: Signed | None = getattr(request.state, "signed", None)
    return i18n.negotiate(
        chosen=signed.account.locale if signed is not None else "",
        cookie=request.cookies.get(i18n.COOKIE, ""),
        accept=request.headers.get("accept-language", ""),
    )


def translate(request: Request, message: str) -> str:
    """One message in the reader's language."""
    return i18n.translations(locale_of(request)).gettext(message)


def draw(request: Request, template: str, values: Mapping[str, object], *, locale: str) -> str:
    """A template's text in the language `locale`; values that it names but lacks are an error."""
    context = context_of(request)
    signed: Signed | None = getattr(request.state, "signed", None)
    zone = context.zone
    now = context.clock.now()

    def at(value: datetime | None) -> str:
        return words.instant(value, zone)

    def tod(value: datetime | None) -> str:
        return words.clock_time(value, zone)

    def can(action: str) -> bool:
        return signed is not None and may(signed.account.role, Action(action))

    def alarms_waiting() -> int:
        if signed is None or not can("see_alarms"):
            return 0
        wanted = AlarmFilter(confines=signed.account.scope.confines, states=alarms.UNSEEN)
        with suppress(HubError, SQLAlchemyError):  # a page is not lost for a number
            return context.database.read(partial(alarms.alarm_count, wanted=wanted))
        return 0

    common: dict[str, object] = {
        "request": request,
        "context": context,
        "account": signed.account if signed is not None else None,
        "csrf": (signed.csrf or "") if signed is not None else "",
        "csrf_field": CSRF_FIELD,
        "locale": locale,
        "lang": "zh-CN" if locale == "zh" else "en",
        "other_locale": "en" if locale == "zh" else "zh",
        "now": now,
        "zone_words": words.zone_name(zone, now),
        "late_after": DEFAULT.late_after,
        "at": at,
        "tod": tod,
        "can": can,
        "alarms_waiting": alarms_waiting,
        "path": request.url.path,
        "division": places.namer(context.database, locale),
    }
    return environment(locale).get_template(template).render(common | dict(values))


def page(
    request: Request,
    template: str,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    values: Mapping[str, object] = MappingProxyType({}),
    **more: Any,  # Any: whatever the template names; StrictUndefined refuses what is missing
) -> Response:
    """The drawn page. Staff pages are never kept by a cache on the way."""
    text = draw(request, template, {**values, **more}, locale=locale_of(request))
    return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store"})


def error_page(request: Request, problem: Problem) -> Response:
    """What went wrong and what to do, for a browser.

    An address that no route knows asks nobody who is signed in; so it is asked here, for the
    reader's own frame and language. Whatever fails in that is no reason to show no page.
    """
    context = context_of(request)
    cookie = request.cookies.get(cookie_name(context))
    if context.surface == "staff" and cookie and getattr(request.state, "signed", None) is None:
        with suppress(HubError, SQLAlchemyError):
            request.state.signed = accounts.signed_by_session(
                context.database, cookie, now=context.clock.now()
            )
    return page(request, "error.html", status=problem.status, problem=problem)


async def in_thread(work: Callable[[], T]) -> T:
    """Do database work off the event loop."""
    return await run_in_threadpool(work)


def is_code(text: str) -> bool:
    """Whether `text` is a rescue code or a registration code."""
    return re.fullmatch(r"[0-9]{6}|[0-9]{20}", text) is not None
