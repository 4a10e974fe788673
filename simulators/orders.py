"""The door where crews take orders: a small HTTP receiver on loopback.

It parses an order and nudges the crew it is for; the crew then reads its assignments from the
hub, so nothing that is posted here is trusted. Modelled on RFC 9112, as far as one POST needs.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

import msgspec
from msgspec import Struct, field

LONGEST_BODY = 64 * 1024
LONGEST_HEAD = 16 * 1024
_PATH_LEVELS = 3


class OrderedLift(Struct, frozen=True, kw_only=True):
    """The lift an order is about."""

    rescue_code: str = ""


class Posted(Struct, frozen=True, kw_only=True):
    """What a webhook says, as far as a crew wants to know."""

    incident: str
    assignment: int | None = None
    kind: str = ""
    lift: OrderedLift = field(default_factory=OrderedLift)


class OrderDoor:
    """Listens for POST /orders/{firm|station}/{code}; answers 204, or says what is wrong."""

    def __init__(self, host: str, port: int, on_order: Callable[[str, Posted], bool]) -> None:
        """`on_order` takes `firm:F001` and the order; False: nobody by that name takes orders."""
        self._host, self._port, self._on_order = host, port, on_order
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to listen; raises OSError when the port is taken."""
        self._server = await asyncio.start_server(
            self._serve, self._host, self._port, limit=LONGEST_HEAD
        )

    async def stop(self) -> None:
        """Take no more orders."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(10):
                status = await self._one(reader)
                head = f"HTTP/1.1 {status.value} {status.phrase}\r\n"
                length = "" if status is HTTPStatus.NO_CONTENT else "Content-Length: 0\r\n"
                writer.write(f"{head}{length}Connection: close\r\n\r\n".encode())
                await writer.drain()
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError):
            pass  # whoever called has gone; the hub tries again and the crew reads anyway
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader) -> HTTPStatus:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except asyncio.LimitOverrunError:
            return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        method, _, rest = head[0].partition(" ")
        levels = rest.partition(" ")[0].strip("/").split("/")
        if len(levels) != _PATH_LEVELS or levels[0] != "orders":
            return HTTPStatus.NOT_FOUND
        if method != "POST":
            return HTTPStatus.METHOD_NOT_ALLOWED
        length = _content_length(head[1:])
        if length is None or length > LONGEST_BODY:
            missing = length is None
            return HTTPStatus.LENGTH_REQUIRED if missing else HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        return self._hand_over(f"{levels[1]}:{levels[2]}", await reader.readexactly(length))

    def _hand_over(self, target: str, content: bytes) -> HTTPStatus:
        try:
            posted = msgspec.json.decode(content, type=Posted)
        except msgspec.DecodeError:
            return HTTPStatus.BAD_REQUEST
        known = self._on_order(target, posted)
        return HTTPStatus.NO_CONTENT if known else HTTPStatus.NOT_FOUND


def _content_length(lines: list[str]) -> int | None:
    for line in lines:
        name, _, value = line.partition(":")
        if name.lower() == "content-length" and value.strip().isdecimal():
            return int(value)
    return None
