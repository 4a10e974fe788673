"""The hub's JSON interface as a crew or a seat uses it: one bearer token, few verbs."""

from collections.abc import Mapping
from typing import Any, TypeVar

import httpx2
import msgspec
from msgspec import Struct

from core.errors import Conflict, Forbidden, HubError, InvalidMessage, NotFound, Unavailable

T = TypeVar("T")
ROBOT = "robot-"  # accounts that begin so are played by this package; all others are people
_MISSING = 404
_CONFLICT = 409
_REFUSED = frozenset({401, 403})


class Order(Struct, frozen=True, kw_only=True):
    """An assignment as its target sees it."""

    id: int
    state: str
    incident: str = ""
    incident_id: str = ""

    @property
    def number(self) -> str:
        """The number of the incident it belongs to."""
        return self.incident or self.incident_id


class Case(Struct, frozen=True, kw_only=True):
    """An incident as the seat sees it."""

    id: str
    state: str
    level: int = 0
    lift_code: str = ""


class Entry(Struct, frozen=True, kw_only=True):
    """One line of an incident's timeline: who did what."""

    verb: str
    actor_kind: str = ""
    actor: str = ""

    @property
    def by_a_person(self) -> bool:
        """Whether somebody with an account did it who is no robot."""
        return self.actor_kind == "account" and not self.actor.startswith(ROBOT)


class Story(Struct, frozen=True, kw_only=True):
    """What has happened in an incident."""

    timeline: tuple[Entry, ...] = ()

    def by_people(self) -> frozenset[str]:
        """The verbs that people have done."""
        return frozenset(entry.verb for entry in self.timeline if entry.by_a_person)


class HubApi:
    """Asks and acts as one account. Every failure is one of the few named errors."""

    def __init__(self, client: httpx2.AsyncClient, base: str, token: str) -> None:
        self._client = client
        self._base = f"{base.rstrip('/')}/api/v1"
        self._headers = {"Authorization": f"Bearer {token}"}

    async def orders(self) -> list[Order]:
        """The open assignments of this account's firm or station."""
        return _rows(await self._ask("GET", "/assignments?state=open"), Order)

    async def cases(self) -> list[Case]:
        """The open incidents that this account may see."""
        return _rows(await self._ask("GET", "/incidents?state=open"), Case)

    async def story(self, case: str) -> Story:
        """What has happened in that incident, as far as this account may see it."""
        return _one(await self._ask("GET", f"/incidents/{case}"), Story)

    async def answer(self, order: str, verb: str, body: Mapping[str, str]) -> None:
        """Act on an assignment: accept, refuse, en-route, arrive, freed."""
        await self._ask("POST", f"/assignments/{order}/{verb}", body)

    async def direct(self, case: str, verb: str, body: Mapping[str, str]) -> None:
        """Act on an incident: confirm, cause, close, freed."""
        await self._ask("POST", f"/incidents/{case}/{verb}", body)

    async def _ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> Any:
        """The answer's JSON tree, which `_rows` checks (hence Any)."""
        try:
            response = await self._request(method, path, body)
        except httpx2.HTTPError as error:
            raise Unavailable(f"{method} {path}: {type(error).__name__}") from error
        if response.is_success:
            return msgspec.json.decode(response.content) if response.content else None
        raise _problem(response.status_code, path, response.content)

    async def _request(
        self, method: str, path: str, body: Mapping[str, str] | None
    ) -> httpx2.Response:
        """Once more where a kept connection was closed just as we spoke: nobody has heard us."""
        for last in (False, True):
            try:
                return await self._client.request(
                    method, self._base + path, json=body, headers=self._headers
                )
            except httpx2.RemoteProtocolError:
                if last:
                    raise
        raise AssertionError  # the second try returns or raises


def _one(tree: Any, kind: type[T]) -> T:
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as error:
        raise InvalidMessage("bad_answer", str(error)) from error


def _rows(tree: Any, kind: type[T]) -> list[T]:
    """A list, or the one list in an envelope such as {"items": […], "next": …}."""
    if isinstance(tree, dict):
        tree = next((value for value in tree.values() if isinstance(value, list)), [])
    try:
        return msgspec.convert(tree, list[kind])  # type: ignore[valid-type]  # a run-time type
    except msgspec.ValidationError as error:
        raise InvalidMessage("bad_answer", str(error)) from error


def _problem(status: int, path: str, content: bytes) -> HubError:
    try:
        told = msgspec.json.decode(content, type=dict[str, Any])
    except msgspec.DecodeError:
        told = {}
    reason, detail = str(told.get("reason", status)), str(told.get("detail", path))
    if status in _REFUSED:
        return Forbidden(f"{path}: {detail}")
    if status == _MISSING:
        return NotFound("resource", path)
    if status == _CONFLICT:
        return Conflict(reason, detail)
    if status >= 500:  # noqa: PLR2004  (the server's own trouble)
        return Unavailable(f"{path}: {status}")
    return InvalidMessage(reason, detail, field=str(told.get("field") or ""))
