"""Simulated cameras behind a small RTSP server of our own (media over TCP only).

Theory of operation. Each path plays a loop that was encoded once at the start; what a client gets
is the loop's place by the server's own clock, from the beginning of a group of pictures, so that
all clients see the same moment and the RTP time line runs on over the loop's border. Faults are
asked for by name and stay until `Fault.NONE`.

Modelled on RFC 2326: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN; Basic or Digest.
"""

import asyncio
import base64
import contextlib
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from urllib.parse import quote, urlsplit

from core.clock import Clock
from simulators.camera_clip import Clip, record, write_clip
from simulators.camera_picture import Look
from simulators.camera_rtp import CLOCK_HZ, Packetiser, description

__all__ = ["CameraServer", "Fault", "Login", "Look", "write_clip"]

_REALM = "sample camera"
_LONGEST_BODY = 65_536
_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"
_LATE_S = 2.0


class Fault(StrEnum):
    """What a simulated camera can suffer."""

    NONE = "none"
    STALL = "stall"  # the connection stands, no picture comes
    DROP = "drop"  # every connection is cut and none is taken
    GARBAGE = "garbage"  # pictures of random bytes


@dataclass(frozen=True, slots=True)
class Login:
    """Who may watch; `digest` chooses between the two schemes of the protocol."""

    username: str
    password: str
    digest: bool = True


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    headers: Mapping[str, str]


class CameraServer:
    """RTSP cameras on one port: `looks` maps a path (`kitchen-1`) to what is to be seen there."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        looks: Mapping[str, Look],
        clock: Clock,
        login: Login | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._looks = dict(looks)
        self._clock = clock
        self._login = login
        self._nonce = secrets.token_hex(16)
        self._clips: dict[str, Clip] = {}
        self._faults = dict.fromkeys(self._looks, Fault.NONE)
        self._connections: dict[asyncio.Task[None], str] = {}
        self._server: asyncio.Server | None = None
        self._origin = clock.monotonic()

    def url(self, path: str) -> str:
        """The address of a camera, with its password where it has one."""
        login = self._login
        who = f"{quote(login.username, safe='')}:{quote(login.password, safe='')}@" if login else ""
        return f"rtsp://{who}{self._host}:{self._port}/{path}"

    async def start(self) -> None:
        """Encode the loops (half a second each), then listen."""
        for path, look in self._looks.items():
            self._clips[path] = await asyncio.to_thread(record, look)
        self._server = await asyncio.start_server(self._accept, self._host, self._port)

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
        await self._cut(list(self._connections))
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    async def inflict(self, path: str, fault: Fault) -> None:
        """Let the camera at `path` suffer `fault` until told otherwise (NONE)."""
        self._faults[path] = fault
        if fault is Fault.DROP:
            await self._cut([task for task, at in self._connections.items() if at == path])

    async def _cut(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a connection is served outside a task")
        self._connections[task] = ""
        session = _Session(self, reader, writer)
        try:
            await session.serve()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client went away or spoke something else
        except asyncio.CancelledError:
            pass  # cut on purpose, by a fault or by stop()
        finally:
            await session.close()
            del self._connections[task]

    def at(self, path: str) -> None:
        """Note which camera the running connection watches, so that a fault can find it."""
        task = asyncio.current_task()
        if task in self._connections:
            self._connections[task] = path

    def clip(self, path: str) -> Clip | None:
        """The loop at `path`; None while it is dropped or unknown."""
        if self._faults.get(path) is Fault.DROP:
            return None
        return self._clips.get(path)

    def admits(self, request: _Request) -> bool:
        """Whether the request carries the login."""
        login = self._login
        if login is None:
            return True
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        if not login.digest:
            wanted = base64.b64encode(f"{login.username}:{login.password}".encode()).decode()
            return scheme == "Basic" and secrets.compare_digest(rest, wanted)
        fields = dict(_fields(rest))
        ha1 = _md5(f"{login.username}:{_REALM}:{login.password}")
        ha2 = _md5(f"{request.method}:{fields.get('uri', '')}")
        wanted = _md5(f"{ha1}:{self._nonce}:{ha2}")
        return scheme == "Digest" and secrets.compare_digest(fields.get("response", ""), wanted)

    def challenge(self) -> str:
        """What a client without a login is told."""
        if self._login is not None and self._login.digest:
            return f'Digest realm="{_REALM}", nonce="{self._nonce}"'
        return f'Basic realm="{_REALM}"'

    async def play(self, path: str, writer: asyncio.StreamWriter, channel: int) -> None:
        """Send the loop's pictures as they fall due, from the start of a group, until cancelled."""
        clip = self._clips[path]
        length = len(clip.units)
        packets = Packetiser(ssrc=secrets.randbits(32), channel=channel)
        index = self._group_before(clip)
        while True:
            late_s = self._now_s() - index / clip.fps
            if late_s < 0:
                await self._clock.sleep(timedelta(seconds=-late_s))
            elif late_s > _LATE_S:  # the client read too slowly: go on with what is to be seen now
                index = self._group_before(clip)
                continue
            unit = clip.units[index % length]
            match self._faults[path]:
                case Fault.STALL | Fault.DROP:
                    pass
                case Fault.GARBAGE:
                    noise = tuple(nal[:1] + secrets.token_bytes(len(nal) - 1) for nal in unit)
                    writer.write(packets.wrap(noise, index * CLOCK_HZ // clip.fps))
                case Fault.NONE:
                    writer.write(packets.wrap(unit, index * CLOCK_HZ // clip.fps))
            await writer.drain()
            index += 1

    def _now_s(self) -> float:
        return self._clock.monotonic() - self._origin

    def _group_before(self, clip: Clip) -> int:
        now = int(self._now_s() * clip.fps)
        place = now % len(clip.units)
        return now - place + max(key for key in clip.key_units if key <= place)


class _Session:
    """One RTSP connection."""

    def __init__(
        self, server: CameraServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._id = secrets.token_hex(8)
        self._channel = 0
        self._player: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        """Answer requests until the client goes or tears down."""
        while (request := await self._request()) is not None:
            if not self._answer(request):
                return
            await self._writer.drain()

    async def close(self) -> None:
        """End the player and the connection."""
        if self._player is not None:
            self._player.cancel()
            await asyncio.gather(self._player, return_exceptions=True)
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    async def _request(self) -> _Request | None:
        while True:
            first = await self._reader.read(1)
            if not first:
                return None
            if first != b"$":
                break
            _, high, low = await self._reader.readexactly(3)
            await self._reader.readexactly(high << 8 | low)  # the client's receiver reports
        text = (first + await self._reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace")
        line, *rest = text.strip().split("\r\n")
        pairs = (item.partition(":") for item in rest)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        body = headers.get("content-length", "0")
        if body.isdecimal() and 0 < int(body) <= _LONGEST_BODY:
            await self._reader.readexactly(int(body))
        method, _, tail = line.partition(" ")
        return _Request(method, tail.partition(" ")[0], headers)

    def _answer(self, request: _Request) -> bool:
        """Reply to one request; False ends the connection."""
        path = urlsplit(request.url).path.strip("/").partition("/")[0]
        if request.method == "OPTIONS":
            self._reply(request, "200 OK", {"Public": _METHODS})
            return True
        if not self._server.admits(request):
            self._reply(request, "401 Unauthorized", {"WWW-Authenticate": self._server.challenge()})
            return True
        clip = self._server.clip(path)
        if clip is None:
            self._reply(request, "404 Not Found")
            return False
        self._server.at(path)
        session = {"Session": f"{self._id};timeout=60"}
        match request.method:
            case "DESCRIBE":
                self._describe(request, clip)
            case "SETUP":
                self._setup(request, session)
            case "PLAY":
                self._reply(request, "200 OK", session | {"Range": "npt=now-"})
                if self._player is None:
                    play = self._server.play(path, self._writer, self._channel)
                    self._player = asyncio.create_task(play, name=f"camera-{path}")
            case "GET_PARAMETER":
                self._reply(request, "200 OK", session)
            case "TEARDOWN":
                self._reply(request, "200 OK", session)
                return False
            case _:
                self._reply(request, "501 Not Implemented", {"Public": _METHODS})
        return True

    def _describe(self, request: _Request, clip: Clip) -> None:
        body = description(clip, "0.0.0.0")  # noqa: S104  (an SDP field, nothing is bound)
        base = request.url.rstrip("/") + "/"
        headers = {"Content-Base": base, "Content-Type": "application/sdp"}
        self._reply(request, "200 OK", headers, body)

    def _setup(self, request: _Request, session: Mapping[str, str]) -> None:
        transport = request.headers.get("transport", "")
        if "RTP/AVP/TCP" not in transport:
            self._reply(request, "461 Unsupported Transport")
            return
        _, found, channels = transport.partition("interleaved=")
        first = channels.partition("-")[0]
        self._channel = int(first) & 0xFF if found and first.isdecimal() else 0
        agreed = f"RTP/AVP/TCP;unicast;interleaved={self._channel}-{self._channel + 1}"
        self._reply(request, "200 OK", {**session, "Transport": agreed})

    def _reply(
        self,
        request: _Request,
        status: str,
        headers: Mapping[str, str] | None = None,
        body: str = "",
    ) -> None:
        lines = [f"RTSP/1.0 {status}", f"CSeq: {request.headers.get('cseq', '0')}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())


def _fields(text: str) -> list[tuple[str, str]]:
    pairs = (part.partition("=") for part in text.split(","))
    return [(name.strip(), value.strip().strip('"')) for name, _, value in pairs]


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
