"""Live pages: streams that say what has changed, never what it now is.

Theory of operation. A page that hears `changed` fetches its fragment again, with its own rights and
in its own language; so a stream needs neither. One poller a process follows the journal and fans
out to every open page; changes wait, each once, in the page's own set, so a slow reader costs a
bounded set and misses nothing. Message ids are journal ids: a browser that comes back sends the
last it saw, and the gap is filled from the journal. A stream without a last id begins with
`{"kind": "all"}`, because something may have changed between drawing the page and opening it.
Streams end after a quarter of an hour; the browser opens them anew and is asked who it is again.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import SQLAlchemyError
from sse_starlette import EventSourceResponse, ServerSentEvent

from core import feed, log, metrics
from core.clock import Clock
from core.db import Database
from core.errors import HubError
from core.journal import Subject
from dashboard import sight
from dashboard.access import Action
from dashboard.bounds import MOST, whole_number
from dashboard.deps import Context, CurrentScope, require
from ingest.latest import LatestReader

HEARTBEAT_S = 10
STREAM_LASTS = timedelta(minutes=15)
RETRY_AFTER = timedelta(seconds=1)
LIFTS_EVERY = timedelta(seconds=1)
MOST_AT_ONCE = 50  # more changes than this are told as one: everything
BOARD_KINDS = frozenset({"incident", "call", "lift", "gateway", "kitchen", "camera"})

_log = log.get("dashboard.live")


class Change(NamedTuple):
    """That something changed; kind `all` means: fetch everything again."""

    kind: str
    id: str


ALL = Change("all", "")
Wanted = Callable[[Subject], bool]


class Follower:
    """One open stream: what it wants to hear, and what it has not yet been told."""

    def __init__(self, wanted: Wanted, lift_code: str | None) -> None:
        self.wanted = wanted
        self.lift_code = lift_code
        self.cursor = 0
        self._pending: dict[Change, None] = {}
        self._something = asyncio.Event()

    def offer(self, batch: list[feed.Happened]) -> None:
        """Keep what is wanted of `batch`; each subject once."""
        for happened in batch:
            if self.wanted(happened.subject):
                self.add(Change(happened.subject.kind, happened.subject.id))
            self.cursor = max(self.cursor, happened.id)

    def add(self, change: Change) -> None:
        """Tell `change` next time."""
        if len(self._pending) >= MOST_AT_ONCE:
            self._pending = {ALL: None}
        self._pending[change] = None
        self._something.set()

    async def take(self) -> list[Change]:
        """Wait until something changed; answers all of it."""
        await self._something.wait()
        self._something.clear()
        changes = list(self._pending)
        self._pending = {}
        return [ALL] if ALL in changes else changes


class LiveFeed:
    """Follows the journal once for all open streams of this process; idle while there are none."""

    def __init__(self, database: Database, latest: LatestReader, clock: Clock) -> None:
        self._database = database
        self._latest = latest
        self._clock = clock
        self._followers: set[Follower] = set()
        self._poller: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._lifts_seen: dict[str, datetime] = {}

    async def follow(
        self, wanted: Wanted, *, last_id: int | None, lift_code: str | None = None
    ) -> AsyncGenerator[tuple[int, Change], None]:
        """Every wanted change after journal id `last_id`, with the id to come back with."""
        follower = Follower(wanted, lift_code)
        head = await run_in_threadpool(self._database.read, feed.head)
        follower.cursor = head
        self._followers.add(follower)
        metrics.LIVE_FOLLOWERS.inc()
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll(head), name="live-feed")
        try:
            if last_id is None or last_id > head:
                follower.add(ALL)
            else:
                await self._fill_gap(follower, last_id)
            while True:
                for change in await follower.take():
                    yield follower.cursor, change
        finally:
            metrics.LIVE_FOLLOWERS.dec()
            self._followers.discard(follower)
            if not self._followers and self._poller is not None:
                # Forgotten at once: while a cancelled one waits for its read it is not `done`,
                # and who opens a page in that moment would follow nobody.
                self._ending.add(self._poller)
                self._poller.add_done_callback(self._ending.discard)
                self._poller.cancel()
                self._poller = None

    async def close(self) -> None:
        """Stop polling."""
        ending = [*self._ending, *([] if self._poller is None else [self._poller])]
        for poller in ending:
            poller.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    async def _fill_gap(self, follower: Follower, last_id: int) -> None:
        gap = await run_in_threadpool(self._database.read, partial(feed.after, cursor=last_id))
        if len(gap) >= feed.BATCH:
            follower.add(ALL)
        else:
            follower.offer(gap)

    async def _poll(self, cursor: int) -> None:
        lifts_at = self._clock.now()
        while True:
            try:
                async for batch in feed.follow(self._database, self._clock, cursor):
                    if batch:
                        cursor = batch[-1].id
                        for follower in tuple(self._followers):
                            follower.offer(batch)
                    if self._clock.now() >= lifts_at:
                        lifts_at = self._clock.now() + LIFTS_EVERY
                        await self._look_at_lifts()
            except (HubError, SQLAlchemyError, OSError) as error:
                _log.warning("live_feed_interrupted", error=repr(error))
                await self._clock.sleep(RETRY_AFTER)

    async def _look_at_lifts(self) -> None:
        codes = {f.lift_code for f in self._followers if f.lift_code is not None}
        if not codes:
            self._lifts_seen = {}
            return
        states = await run_in_threadpool(self._latest.lifts, sorted(codes))
        seen = {code: state.received_at for code, state in states.items()}
        for follower in tuple(self._followers):
            code = follower.lift_code
            if code is not None and seen.get(code) != self._lifts_seen.get(code):
                follower.add(Change("lift", code))
        self._lifts_seen = seen


def live_feed(request: Request) -> LiveFeed:
    """The process's feed."""
    found: LiveFeed = request.app.state.live
    return found


Live = Annotated[LiveFeed, Depends(live_feed)]
LastId = Annotated[str | None, Header(alias="Last-Event-ID")]
After = Annotated[
    int | None, Query(ge=0, le=MOST, description="the journal id that the page was drawn at")
]

router = APIRouter(prefix="/live", include_in_schema=False)


@router.get("/board", dependencies=[Depends(require(Action.SEE_INCIDENTS))])
async def board(
    context: Context, live: Live, scope: CurrentScope, last_id: LastId = None, after: After = None
) -> EventSourceResponse:
    """Changes of any incident or alarm; who does not see all of them is not told of whose."""
    changes = live.follow(lambda s: s.kind in BOARD_KINDS, last_id=_last(last_id, after))
    return _stream(context.clock, changes, named=scope.sees_all)


@router.get("/incident/{incident_id}", dependencies=[Depends(require(Action.SEE_INCIDENTS))])
async def incident(
    incident_id: str,
    context: Context,
    live: Live,
    scope: CurrentScope,
    last_id: LastId = None,
    after: After = None,
) -> EventSourceResponse:
    """Changes of one incident."""
    await run_in_threadpool(
        context.database.read, partial(sight.incident, scope=scope, incident_id=incident_id)
    )
    changes = live.follow(
        lambda s: s == Subject("incident", incident_id), last_id=_last(last_id, after)
    )
    return _stream(context.clock, changes)


@router.get("/lift/{code}", dependencies=[Depends(require(Action.SEE_LIFTS))])
async def lift(
    code: str,
    context: Context,
    live: Live,
    scope: CurrentScope,
    last_id: LastId = None,
    after: After = None,
) -> EventSourceResponse:
    """That the lift reported, at most once a second, or that an incident or alarm changed."""
    found = await run_in_threadpool(
        context.database.read, partial(sight.lift, scope=scope, code=code)
    )
    changes = live.follow(
        lambda s: s.kind == "incident" or s == Subject("lift", found.rescue_code),
        last_id=_last(last_id, after),
        lift_code=found.rescue_code,
    )
    return _stream(context.clock, changes, named=scope.sees_all)


def _last(header: str | None, after: int | None) -> int | None:
    found = whole_number(header) if header is not None else None
    return after if found is None else found


def _stream(
    clock: Clock, changes: AsyncIterator[tuple[int, Change]], *, named: bool = True
) -> EventSourceResponse:
    """Send `changes`; unless `named`, without saying which incident it was."""

    async def messages() -> AsyncIterator[ServerSentEvent]:
        yield _beat(clock)
        with suppress(TimeoutError):
            async with asyncio.timeout(STREAM_LASTS.total_seconds()):
                async for cursor, change in changes:
                    shown = change.id if named or change.kind == "lift" else ""
                    yield ServerSentEvent(
                        json.dumps({"kind": change.kind, "id": shown}),
                        event="changed",
                        id=str(cursor),
                    )

    return EventSourceResponse(
        messages(), ping=HEARTBEAT_S, ping_message_factory=lambda: _beat(clock)
    )


def _beat(clock: Clock) -> ServerSentEvent:
    """A sign of life with the server's time, for countdowns that trust no browser's clock."""
    now = clock.now().isoformat(timespec="milliseconds")
    return ServerSentEvent(json.dumps({"now": now}), event="clock", comment=f"heartbeat {now}")
