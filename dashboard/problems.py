"""What went wrong, told to whoever asked: the only place that knows HTTP status numbers.

Programs get application/problem+json as RFC 9457 describes it, with `reason` (a stable word for
machines) and `field` (what to mend) as extension members. Browsers get a page.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import URL
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from core import log
from core.errors import Conflict, Forbidden, HubError, InvalidMessage, NotFound, Unavailable
from dashboard.deps import FactorNeeded, PasswordNeeded, SignInNeeded, wants_html
from devices.objections import NotTaken, Objection

OK = HTTPStatus.OK
CREATED = HTTPStatus.CREATED
ACCEPTED = HTTPStatus.ACCEPTED
CONFLICT = HTTPStatus.CONFLICT
SEE_OTHER = HTTPStatus.SEE_OTHER
UNAUTHORIZED = HTTPStatus.UNAUTHORIZED
TOO_LARGE = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
UNAVAILABLE = HTTPStatus.SERVICE_UNAVAILABLE
UNPROCESSABLE = HTTPStatus.UNPROCESSABLE_ENTITY

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_S = "2"

_log = log.get("dashboard.problems")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that went wrong. `detail` says what to do; it never holds a secret."""

    status: HTTPStatus
    reason: str
    detail: str
    field: str = ""
    errors: tuple[Objection, ...] = ()  # everything that is wrong, where more than one thing may be

    def body(self) -> dict[str, object]:
        """The members of the JSON document."""
        return {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": int(self.status),
            "detail": self.detail,
            "reason": self.reason,
            "field": self.field or None,
        } | ({"errors": [asdict(each) for each in self.errors]} if self.errors else {})


ErrorPage = Callable[[Request, Problem], Response]
Answer = Callable[[Request, Exception], Response]


class TooManyRequests(HubError):  # noqa: N818  (named for the next step)
    """Asked too often; `retry_after_s` says when again."""

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class TooLarge(HTTPException):
    """The request's body is longer than this address takes."""

    def __init__(self, limit: int) -> None:
        super().__init__(TOO_LARGE, f"a request here may have at most {limit} bytes")


def problem_of(error: Exception) -> Problem:  # noqa: PLR0911  (a table: one row per error)
    """How an error is told to the outside."""
    match error:
        case NotFound():
            return Problem(HTTPStatus.NOT_FOUND, "not_found", str(error))
        case Conflict():
            return Problem(HTTPStatus.CONFLICT, error.reason, error.detail)
        case InvalidMessage():
            every = error.objections if isinstance(error, NotTaken) else ()
            return Problem(UNPROCESSABLE, error.reason, error.detail, error.field, every)
        case Forbidden():
            return Problem(HTTPStatus.FORBIDDEN, "forbidden", str(error))
        case TooManyRequests():
            return Problem(HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", str(error))
        case Unavailable():
            return Problem(UNAVAILABLE, "unavailable", str(error))
        case SignInNeeded():
            return Problem(UNAUTHORIZED, "sign_in_needed", "sign in or send a valid bearer token")
        case RequestValidationError():
            return _of_validation(error.errors())
        case HTTPException():
            status = HTTPStatus(error.status_code)
            return Problem(status, status.name.lower(), str(error.detail))
        case _:
            return Problem(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                "internal",
                "something broke on our side; it is in the log",
            )


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The problem as a JSON document."""
    return JSONResponse(
        problem.body(),
        status_code=problem.status,
        media_type=PROBLEM_JSON,
        headers=dict(headers or {}),
    )


def install(app: FastAPI, *, error_page: ErrorPage) -> Answer:
    """Answer every error of `app`: pages through `error_page`, everything else as JSON.

    The function that does so is returned, for what stands around the application.
    """

    def handle(request: Request, error: Exception) -> Response:
        problem = problem_of(error)
        if problem.status is HTTPStatus.INTERNAL_SERVER_ERROR:
            # The route, not the address: an address may hold a reporter's token.
            route = getattr(request.scope.get("route"), "path", "")
            _log.error("request_failed", route=route, error=repr(error))
        html = wants_html(request)
        if isinstance(error, SignInNeeded) and html:
            return _to_sign_in(request)
        if isinstance(error, PasswordNeeded) and html:
            return RedirectResponse("/password", SEE_OTHER)
        if isinstance(error, FactorNeeded) and html:
            return RedirectResponse("/account", SEE_OTHER)
        headers = _headers(error)
        response = error_page(request, problem) if html else answer(problem)
        response.headers.update(headers)
        return response

    for kind in (HubError, SignInNeeded, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, handle)
    return handle


def _headers(error: Exception) -> dict[str, str]:
    match error:
        case SignInNeeded():
            return {"WWW-Authenticate": 'Bearer realm="hub"'}
        case TooManyRequests():
            return {"Retry-After": str(error.retry_after_s)}
        case Unavailable():
            return {"Retry-After": RETRY_AFTER_S}
        case HTTPException(headers=headers) if headers:
            return dict(headers)
        case _:
            return {}


def _to_sign_in(request: Request) -> Response:
    """Send a browser to the sign-in page, and afterwards back to where it wanted to go."""
    if "HX-Request" in request.headers:
        page = URL(request.headers.get("HX-Current-URL", "/")).path
        return Response(
            status_code=UNAUTHORIZED,
            headers={"HX-Redirect": f"/sign-in?next={quote(page, safe='')}"},
        )
    wanted = request.url.path if request.method == "GET" else "/"
    if request.method == "GET" and request.url.query:
        wanted = f"{wanted}?{request.url.query}"
    return RedirectResponse(f"/sign-in?next={quote(wanted, safe='')}", status_code=SEE_OTHER)


def safe_next(wanted: str) -> str:
    """`wanted` when it is a path of ours, else the front page: no redirect leads elsewhere."""
    plain = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if plain and wanted.isprintable() else "/"


def _of_validation(errors: Sequence[Mapping[str, object]]) -> Problem:
    """The first error names the field; the detail names all."""
    fields = [_field(error) for error in errors]
    told = "; ".join(
        f"{field}: {error.get('msg', 'is wrong')}" if field else str(error.get("msg", "is wrong"))
        for field, error in zip(fields, errors, strict=True)
    )
    return Problem(UNPROCESSABLE, "invalid", told or "the request is wrong", next(iter(fields), ""))


def _field(error: Mapping[str, object]) -> str:
    where = error.get("loc")
    if not isinstance(where, tuple | list):
        return ""
    return ".".join(str(part) for part in where if part not in {"body", "query", "path", "header"})
