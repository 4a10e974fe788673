import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from core import feed, journal
from core.clock import SystemClock
from core.journal import Entry, Subject
from dashboard.web.live import ALL, Change, Follower, LiveFeed
from ingest.latest import LatestReader
from tests.support.dashboards import NOON, TEST, Dashboards


class SlowToEnd(SystemClock):
    """A clock whose sleeper, once cancelled, takes until `go` to leave."""

    def __init__(self) -> None:
        super().__init__()
        self.sleeping = asyncio.Event()
        self.go = asyncio.Event()

    async def sleep(self, span: timedelta) -> None:
        self.sleeping.set()
        try:
            await super().sleep(span)
        except asyncio.CancelledError:
            await self.go.wait()
            raise


@pytest.fixture
def hub(tmp_path: Path) -> Dashboards:
    return Dashboards(tmp_path)


@pytest.fixture
async def live(hub: Dashboards) -> AsyncIterator[LiveFeed]:
    made = LiveFeed(hub.database, LatestReader(hub.folder), SystemClock())
    yield made
    await made.close()


def happen(hub: Dashboards, subject: Subject) -> int:
    return hub.database.write(lambda c: journal.append(c, Entry(subject, "x", TEST, NOON)))


async def test_a_page_hears_what_happens_after_it_opened(hub: Dashboards, live: LiveFeed) -> None:
    changes = live.follow(lambda s: s.kind == "incident", last_id=None)
    assert (await anext(changes))[1] == ALL
    happen(hub, Subject("account", "other"))
    wanted = happen(hub, Subject("incident", "1"))
    assert await anext(changes) == (wanted, Change("incident", "1"))


async def test_a_page_that_comes_back_misses_nothing(hub: Dashboards, live: LiveFeed) -> None:
    head = hub.database.read(feed.head)
    happen(hub, Subject("incident", "1"))
    last = happen(hub, Subject("incident", "2"))
    changes = live.follow(lambda s: s.kind == "incident", last_id=head)
    assert [await anext(changes), await anext(changes)] == [
        (last, Change("incident", "1")),
        (last, Change("incident", "2")),
    ]


async def test_a_slow_page_is_told_everything_at_once() -> None:
    follower = Follower(lambda _: True, None)
    for number in range(100):
        follower.add(Change("incident", str(number)))
    assert await follower.take() == [ALL]


async def test_who_opens_a_page_while_the_last_one_leaves_hears_everything(hub: Dashboards) -> None:
    clock = SlowToEnd()
    live = LiveFeed(hub.database, LatestReader(hub.folder), clock)
    leaving = live.follow(lambda s: s.kind == "incident", last_id=None)
    assert (await anext(leaving))[1] == ALL
    await clock.sleeping.wait()
    await leaving.aclose()  # the poller is cancelled and has not ended yet
    coming = live.follow(lambda s: s.kind == "incident", last_id=None)
    assert (await anext(coming))[1] == ALL
    clock.go.set()
    wanted = happen(hub, Subject("incident", "1"))
    async with asyncio.timeout(20):
        assert await anext(coming) == (wanted, Change("incident", "1"))
    await coming.aclose()
    await live.close()
