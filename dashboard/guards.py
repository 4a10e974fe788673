"""What surrounds every request: security headers, a limit on bodies, a measure of time.

Plain ASGI wrappers, so that a live stream passes through untouched.
"""

from collections.abc import Mapping
from types import MappingProxyType

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import metrics
from core.clock import Clock
from dashboard import problems
from dashboard.bounds import whole_number
from dashboard.deps import AppContext
from dashboard.problems import Answer
from devices import import_jobs

POLICY = (
    "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
NO_LARGER: Mapping[str, int] = MappingProxyType({})
LARGEST_BODY = 256 * 1024  # bytes; forms and JSON of a rescue are far smaller
LARGER = {"/imports": import_jobs.LARGEST + LARGEST_BODY}  # read only once who asks may
# A browser keeps the promise of HTTPS for every port of a name: never make it for these.
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_YEAR_S = 31_536_000


def install(app: FastAPI, context: AppContext, *, answer: Answer) -> None:
    """Wrap `app`, whose errors `answer` tells; the measure is outermost."""
    app.add_middleware(Caught, answer=answer)
    larger = LARGER if context.surface == "staff" else {}
    app.add_middleware(BodyLimit, limit=LARGEST_BODY, larger=larger, answer=answer)
    app.add_middleware(
        SecurityHeaders, tls=context.secure_cookies, private=context.surface == "staff"
    )
    app.add_middleware(Measure, surface=context.surface, clock=context.clock)


class Caught:
    """What broke on our side is answered in here, so that its page has every header, too."""

    def __init__(self, app: ASGIApp, *, answer: Answer) -> None:
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for whoever broke before it began to answer."""
        began = False

        async def noted(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:
            if began or scope["type"] != "http":
                raise
            await self._answer(Request(scope, receive), error)(scope, receive, send)


class SecurityHeaders:
    """Every answer says what a browser must not do with it."""

    def __init__(self, app: ASGIApp, *, tls: bool, private: bool) -> None:
        self._app = app
        self._headers = {
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=(self)",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        self._strict = f"max-age={_YEAR_S}" if tls else ""
        self._cache = "no-store" if private else "no-cache"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to the answer; staff pages are kept in no cache."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", self._cache)
                if self._strict and _host(scope) not in LOCAL:
                    headers["Strict-Transport-Security"] = self._strict
            await send(message)

        await self._app(scope, receive, with_headers)


def _host(scope: Scope) -> str:
    host = Headers(scope=scope).get("host", "")
    return host.rpartition(":")[0].strip("[]") if ":" in host else host


class BodyLimit:
    """Refuse a body longer than `limit` bytes, whether it says its length or not.

    `larger`: paths that take more.
    """

    def __init__(
        self, app: ASGIApp, *, limit: int, answer: Answer, larger: Mapping[str, int] = NO_LARGER
    ) -> None:
        self._app = app
        self._limit = limit
        self._larger = larger
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what arrives; beyond the limit the reader gets TooLarge."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._larger.get(scope["path"], self._limit)
        told = Headers(scope=scope).get("content-length", "0")
        if whole_number(told, limit) is None:
            error = problems.TooLarge(limit)
            await self._answer(Request(scope, receive), error)(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise problems.TooLarge(limit)
            return message

        await self._app(scope, counted, send)


class Measure:
    """How long until an answer begins, by surface and class of status."""

    def __init__(self, app: ASGIApp, *, surface: str, clock: Clock) -> None:
        self._app = app
        self._surface = surface
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Observe when the first byte of the answer leaves."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = self._clock.monotonic()

        async def observed(message: Message) -> None:
            if message["type"] == "http.response.start":
                status_class = f"{message['status'] // 100}xx"
                metrics.REQUESTS.labels(self._surface, status_class).observe(
                    self._clock.monotonic() - began
                )
            await send(message)

        await self._app(scope, receive, observed)
