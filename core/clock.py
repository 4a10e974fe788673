"""The one door by which time comes in.

Theory of operation. Shells hold a `Clock`; rules take a plain `now`. The system clock anchors wall
time once and then counts with the monotonic clock, so a step of the machine's clock (NTP, an
operator, a paused virtual machine) moves no due time by itself: `step()` tells how far wall time
has since moved away, and `reanchor()` accepts it once somebody, or ten minutes of staying so,
has confirmed it. A process that starts takes a fresh anchor.
"""

import asyncio
import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

STEP_NOTICED = timedelta(seconds=2)
STEP_CONFIRMED_AFTER = timedelta(minutes=10)


class Clock(Protocol):
    """What a shell may ask of time. Instants are aware UTC."""

    def now(self) -> datetime:
        """The current instant, aware UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary origin; never falls."""
        ...

    async def sleep(self, duration: timedelta) -> None:
        """Let `duration` pass."""
        ...

    def wait(self, event: threading.Event, duration: timedelta) -> bool:
        """Block a thread until `event` is set (True) or `duration` has passed (False)."""
        ...


def machine_wall() -> datetime:
    """What the machine's clock says, steps and all."""
    return datetime.now(UTC)  # noqa: TID251  (the one place)


def machine_ticks() -> float:
    """Seconds since the machine started, sleep included where the system counts it."""
    source = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(source)


def machine_boot() -> str:
    """Names this run of the machine; empty where the system does not tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What the wall clock said at a tick of one boot."""

    wall: datetime
    ticks: float
    boot: str

    def at(self, ticks: float) -> datetime:
        """The instant of another tick of that boot."""
        return self.wall + timedelta(seconds=ticks - self.ticks)

    def is_of(self, boot: str) -> bool:
        """Whether ticks of `boot` may be counted from here."""
        return bool(boot) and self.boot == boot


class SystemClock:
    """Wall time anchored once, moved on by the monotonic clock."""

    def __init__(
        self,
        wall: Callable[[], datetime] = machine_wall,
        ticks: Callable[[], float] = machine_ticks,
        boot: Callable[[], str] = machine_boot,
    ) -> None:
        self._wall = wall
        self._ticks = ticks
        self._boot = boot()
        self._anchor = Anchor(wall(), ticks(), self._boot)

    @property
    def anchor(self) -> Anchor:
        """What this clock counts from."""
        return self._anchor

    def adopt(self, anchor: Anchor) -> bool:
        """Count from another's anchor; False (and nothing changed) when it is of another boot."""
        if not anchor.is_of(self._boot):
            return False
        self._anchor = anchor
        return True

    def now(self) -> datetime:
        """The current instant, aware UTC, untouched by steps of the machine's clock."""
        return self._anchor.at(self._ticks())

    def monotonic(self) -> float:
        """Seconds from an arbitrary origin; never falls."""
        return self._ticks()

    def step(self) -> timedelta:
        """How far the machine's wall clock has moved away from ours since the anchor."""
        return self._wall() - self.now()

    def reanchor(self) -> None:
        """Accept the machine's wall clock as it stands now."""
        self._anchor = Anchor(self._wall(), self._ticks(), self._boot)

    async def sleep(self, duration: timedelta) -> None:
        """Let `duration` pass."""
        await asyncio.sleep(duration.total_seconds())  # noqa: TID251  (the one place)

    def wait(self, event: threading.Event, duration: timedelta) -> bool:
        """Block a thread until `event` is set (True) or `duration` has passed (False)."""
        return event.wait(duration.total_seconds())


class ManualClock:
    """A clock that stands still until a test advances it."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._origin = now
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        """The instant that was last set."""
        return self._now

    def monotonic(self) -> float:
        """Seconds advanced so far."""
        return (self._now - self._origin).total_seconds()

    def advance(self, duration: timedelta) -> None:
        """Move time on and wake, in order, whoever slept until then."""
        self._now += duration
        while self._sleepers and self._sleepers[0][0] <= self._now:
            _, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)

    async def sleep(self, duration: timedelta) -> None:
        """Return once the clock has been advanced by `duration`; at once when that is nothing."""
        if duration <= timedelta(0):
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + duration, next(self._order), future))
        await future

    def wait(self, event: threading.Event, duration: timedelta) -> bool:
        """True at once when `event` is set; else advance by `duration` and look again."""
        if event.is_set():
            return True
        self.advance(duration)
        return event.is_set()
