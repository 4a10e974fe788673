"""Whatever is killed: what was said is in history once, and every call is an incident once."""

import os
import random
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from alerts import tables
from core.db import Database
from core.failpoint import NAMES, wish
from devices.protocol.codec import decode
from devices.protocol.messages import Kind
from devices.protocol.topics import Realm, Topic
from ingest.quarantine import QuarantineReader
from simulators.crowd import BOOT, Crowd
from tests.support import mosquitto
from tests.support.fleet import fleet, found_fleet, receipts
from tests.support.hub_process import HubProcess
from tests.support.processes import again
from tests.support.small_city import AREA
from tests.support.wait import wait_until

pytestmark = [pytest.mark.broker, pytest.mark.timeout(400)]

SIZE = 40
KILLS = 4  # within the supervisor's budget of restarts; test_proof adds up to more than twenty
EVERY_MESSAGE = {"HUB_INGEST__DEAD_BANDS": "false"}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[mosquitto.Broker]:
    with mosquitto.running(tmp_path / "broker") as running:
        yield running


def hub_at(broker: mosquitto.Broker, folder: Path, size: int = SIZE, **settings: str) -> HubProcess:
    """A hub with a fleet in its registry, at that broker; not started."""
    hub = HubProcess(
        folder / "data",
        settings={
            "HUB_MQTT__URL": f"mqtt://{broker.host}:{broker.port}",
            **EVERY_MESSAGE,
            **settings,
        },
    )
    hub.token = found_fleet(hub.data, size)
    return hub


def rows(hub: HubProcess) -> Counter[tuple[str, int]]:
    """How often each gateway's number stands in history."""
    found: Counter[tuple[str, int]] = Counter()
    for file in sorted((hub.data / "telemetry" / "0").glob("????-??-??.db")):
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as opened:
            found.update(
                opened.execute("SELECT gateway, seq FROM sample WHERE boot = ?", (BOOT,)).fetchall()
            )
    return found


def stored(hub: HubProcess, number: int) -> bool:
    """Whether so many are in history."""
    return len(rows(hub)) >= number


def said(spoken: Crowd) -> Counter[tuple[str, int]]:
    """Everything that the fleet said, once."""
    return Counter({(name, seq): 1 for name, told in spoken.sent.items() for seq in told})


def stored_once(hub: HubProcess, spoken: Crowd) -> None:
    """Wait until everything said is in history, and see that nothing is there twice."""
    wait_until(lambda: not spoken.outstanding, what="the broker to take it all", timeout_s=60)
    expected = said(spoken)
    wait_until(
        lambda: len(rows(hub)) >= len(expected), what="history to hold it all", timeout_s=150
    )
    assert rows(hub) == expected


def subjects(hub: HubProcess, prefix: str) -> Counter[str]:
    """How many reports of an incident each call has, by event id."""
    with Database(f"sqlite:///{hub.data / 'hub.db'}") as database:
        keys = database.read(lambda c: c.execute(select(tables.report.c.event_key)).scalars().all())
    ids = [key.rsplit("/", 1)[-1] for key in keys]
    return Counter(each for each in ids if each.startswith(prefix))


def raised(hub: HubProcess) -> Counter[str]:
    """How many alarms there are, by code."""
    with Database(f"sqlite:///{hub.data / 'hub.db'}") as database:
        codes = database.read(lambda c: c.execute(select(tables.alarm.c.code)).scalars().all())
    return Counter(codes)


def test_a_broker_killed_among_two_thousand_calls_loses_none(
    broker: mosquitto.Broker, tmp_path: Path
) -> None:
    """L1, with as many lifts as calls, so that each is an incident of its own."""
    number = 2_000
    hub = hub_at(broker, tmp_path, number)
    with hub.start(), fleet(broker.port, number) as spoken:
        calls = [(n, f"call-{n}") for n in range(number)]
        for n, event_id in calls[: number // 2]:
            spoken.call(n, event_id)
        wait_until(lambda: len(spoken.answered) > number // 8, what="some receipts", timeout_s=60)
        broker.kill()
        broker.start()
        for n, event_id in calls[number // 2 :]:
            spoken.call(n, event_id)
        receipts(spoken)
        told = [each.receipt for each in spoken.answered.values()]
        assert all(receipt.accepted for receipt in told)
        assert len({receipt.incident for receipt in told}) == number
        found = subjects(hub, "call-")
        assert set(found.values()) == {1}
        assert len(found) == number


def test_what_is_said_while_the_hub_is_away_is_taken_when_it_is_back(
    broker: mosquitto.Broker, tmp_path: Path
) -> None:
    """L2: up to the queue that the broker is set to."""
    hub = hub_at(broker, tmp_path)
    hub.start()  # the sessions exist from now on
    hub.stop()
    with fleet(broker.port, SIZE) as spoken:
        for n in range(5_000):
            spoken.status(n % SIZE)
        calls = [(n, f"away-{n}") for n in range(SIZE)]
        for n, event_id in calls:
            spoken.call(n, event_id)
        wait_until(lambda: not spoken.outstanding, what="the broker to take it all", timeout_s=60)
        with hub.start():
            stored_once(hub, spoken)
            wait_until(lambda: len(subjects(hub, "away-")) == SIZE, what="every call", timeout_s=60)
            assert set(subjects(hub, "away-").values()) == {1}


def test_a_telemetry_process_killed_at_random_loses_and_doubles_nothing(
    broker: mosquitto.Broker, tmp_path: Path
) -> None:
    """L3: killed again and again while it works."""
    chance = random.Random(20261123)  # noqa: S311  (a story, reproducible)
    hub = hub_at(broker, tmp_path)
    with hub.start(), fleet(broker.port, SIZE) as spoken:
        for kill in range(KILLS):
            for n in range(400):
                spoken.status(n % SIZE)
            spoken.say(
                kill % SIZE, "event", event_id=f"e{kill}", phase="begin", code="overspeed", floor=1
            )
            goal = chance.randrange(sum(map(len, spoken.sent.values())))
            wait_until(partial(stored, hub, goal), what="some rows", timeout_s=120)
            os.kill(again(hub.pid, "--role telemetry"), signal.SIGKILL)
        stored_once(hub, spoken)
        wait_until(lambda: raised(hub) == {"overspeed": KILLS}, what="every alarm", timeout_s=60)


@pytest.mark.parametrize("name", NAMES)
def test_a_process_that_dies_at_a_named_moment_loses_and_doubles_nothing(
    broker: mosquitto.Broker, tmp_path: Path, name: str
) -> None:
    """L3: once at every failpoint."""
    wishes = tmp_path / "wishes"
    wished = wish(wishes, name)
    hub = hub_at(broker, tmp_path, HUB_TEST_KILL_AT=str(wishes))
    with hub.start(), fleet(broker.port, SIZE) as spoken:
        for n in range(200):
            spoken.status(n % SIZE)
        spoken.say(0, "event", event_id="e1", phase="begin", code="overspeed", floor=1)
        calls = [(n, f"call-{n}") for n in range(5)]
        for n, event_id in calls:
            spoken.call(n, event_id)
        wait_until(lambda: not wished.exists(), what=f"a death at {name}", timeout_s=60)
        receipts(spoken)
        stored_once(hub, spoken)
        assert subjects(hub, "call-") == {event_id: 1 for _, event_id in calls}
        wait_until(lambda: raised(hub) == {"overspeed": 1}, what="the condition", timeout_s=60)


def test_poison_harms_nobody_and_everything_delivered_has_its_reason(
    broker: mosquitto.Broker, tmp_path: Path
) -> None:
    """L5. What mosquitto itself refuses (a payload above its limit) never comes."""
    chance = random.Random(5)  # noqa: S311  (a story, reproducible)
    poison = [
        *(b"", b"{", b"NaN", b"[[[[" * 500, b"[]x", b"7", chance.randbytes(200)),
        *(b"\xff\xfe\xfd", b'{"ts": "\xc3\x28"}', b"\x80" * 65_536, b" " * 300_000),
        b'{"ts": 1, "seq": 99999999999999999999, "boot": "b"}',
        b'{"ts": "soon", "seq": 1, "boot": "b"}',
        b'{"ts": 1, "seq": 1, "boot": "b", "floor": 1e400}',
        b'{"ts": 1, "seq": 1}',
    ]
    hub = hub_at(broker, tmp_path)
    expected: Counter[str] = Counter()
    with hub.start(), fleet(broker.port, SIZE) as spoken:
        for kind in (Kind.STATUS, Kind.EVENT, Kind.STATS, Kind.HEARTBEAT):
            for payload in poison:
                spoken.poison(1, kind, payload)
                read = decode(Topic(Realm.LIFT, AREA, "P0001", kind), payload)
                expected.update(each.reason for each in read.refusals)
                spoken.status(2)
        stored_once(hub, spoken)
        reader = QuarantineReader(hub.data / "telemetry" / "0")
        wait_until(lambda: sum(reader.counts().values()) >= sum(expected.values()), what="all")
        assert reader.counts() == expected
        assert {"bad_json", "bad_utf8", "bad_field", "missing_field", "too_large"} <= set(expected)
