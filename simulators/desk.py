"""Somebody at a desk: looks at what is open, keeps an agenda, acts when it is time.

One loop serves crews and the seat. It looks when nudged, when something is due, and every few
seconds; trouble with the hub is logged once per change and waited out.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol

from core.clock import Clock
from core.errors import Conflict, Forbidden, HubError, InvalidMessage, NotFound, Unavailable
from core.log import get
from simulators.agenda import Agenda, Step

_log = get("simulators.desk")
_LOOK_AGAIN = timedelta(milliseconds=50)


class Work(Protocol):
    """What a desk does, apart from waiting."""

    name: str

    async def look(self) -> list[tuple[str, str]]:
        """Keys and states of everything that is open for this desk."""
        ...

    def decide(self, key: str, state: str) -> Step | None:
        """The next step from that state."""
        ...

    async def act(self, key: str, verb: str) -> None:
        """Take a step; raises the named errors."""
        ...


class Desk:
    """Runs some work until cancelled."""

    def __init__(self, work: Work, *, poll: timedelta, clock: Clock) -> None:
        self._work, self._poll, self._clock = work, poll, clock
        self._agenda: Agenda = Agenda()
        self._nudged = asyncio.Event()
        self._trouble = ""

    def nudge(self) -> None:
        """Look now rather than at the next round."""
        self._nudged.set()

    async def run(self) -> None:
        """Look, act, wait; for ever."""
        while True:
            acted = await self._guarded(self.run_once)
            await self._pause(_LOOK_AGAIN if acted else self._until_next())

    async def run_once(self) -> bool:
        """One round; True when something was done, so that the next look is worth while."""
        now_s = self._clock.now().timestamp()
        self._agenda.observe(await self._work.look(), self._work.decide, now_s)
        acted = False
        for key, verb in self._agenda.due(now_s):
            self._agenda.drop(key)
            try:
                await self._work.act(key, verb)
            except (Conflict, NotFound) as error:
                _log.debug("somebody was quicker", desk=self._work.name, verb=verb, why=str(error))
            acted = True
        return acted

    async def _guarded(self, once: Callable[[], Awaitable[bool]]) -> bool:
        try:
            acted = await once()
        except (Unavailable, Forbidden, InvalidMessage, NotFound, Conflict) as error:
            self._say(error)
            return False
        self._trouble = ""
        return acted

    def _say(self, error: HubError) -> None:
        kind = type(error).__name__
        if kind != self._trouble:
            _log.warning("hub does not serve", desk=self._work.name, why=str(error))
        self._trouble = kind

    def _until_next(self) -> timedelta:
        due_s = self._agenda.next_due_s()
        if due_s is None or self._trouble:
            return self._poll
        left = due_s - self._clock.now().timestamp()
        return min(self._poll, max(timedelta(seconds=left), _LOOK_AGAIN))

    async def _pause(self, duration: timedelta) -> None:
        nudged = asyncio.ensure_future(self._nudged.wait())
        passed = asyncio.ensure_future(self._clock.sleep(duration))
        try:
            await asyncio.wait((nudged, passed), return_when=asyncio.FIRST_COMPLETED)
        finally:
            nudged.cancel()
            passed.cancel()
        self._nudged.clear()
