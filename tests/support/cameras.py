"""A simulated camera server for tests that are not asynchronous themselves."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from core.clock import SystemClock
from simulators.camera import CameraServer, Fault, Login, Look
from tests.support.ports import free_port

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cameras:
    """A running server; every call returns when it is done."""

    server: CameraServer
    loop: asyncio.AbstractEventLoop

    def url(self, path: str) -> str:
        return self.server.url(path)

    def inflict(self, path: str, fault: Fault) -> None:
        _call(self.loop, self.server.inflict(path, fault))


@contextmanager
def cameras(looks: Mapping[str, Look], *, login: Login | None = None) -> Iterator[Cameras]:
    """Start a server on a free port in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="sample-cameras")
    thread.start()
    server = CameraServer("127.0.0.1", free_port(), looks=looks, clock=SystemClock(), login=login)
    try:
        _call(loop, server.start())
        yield Cameras(server, loop)
    finally:
        _call(loop, server.stop())
        _call(loop, _the_rest())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _the_rest() -> None:
    """Whoever knocked at the last moment is sent away before the loop is closed."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _call(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run_coroutine_threadsafe(work, loop).result(20)
