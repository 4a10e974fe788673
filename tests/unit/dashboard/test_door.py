from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest
from starlette.testclient import TestClient

from core.errors import Unavailable
from dashboard import door as doors
from dashboard.accounts import NewSession, Refused
from dashboard.door import Caller, Door, Room
from dashboard.tries import FIRST_LOCK, FORGOTTEN_AFTER, FREE_TRIES, LONGEST_LOCK, Tries
from dashboard.web import pages_sign_in
from tests.support.dashboards import NOON, PASSWORD, SECRET, Dashboards
from tests.support.wait import wait_until

HERE, ELSEWHERE = Caller("192.0.2.1"), Caller("192.0.2.2")
NAME = "dispatcher"


@pytest.fixture
def hub(tmp_path: Path) -> Dashboards:
    return Dashboards(tmp_path)


@pytest.fixture
def door(hub: Dashboards) -> Door:
    return Door(hub.database, hub.clock, SECRET)


def wrong(door: Door, caller: Caller, times: int, name: str = NAME) -> list[str]:
    told = [door.sign_in(caller, name=name, password="wrong") for _ in range(times)]
    return [each.reason for each in told if isinstance(each, Refused)]


@pytest.mark.parametrize("name", [NAME, "nobody"])
def test_wrong_passwords_lock_for_a_time_that_doubles(
    hub: Dashboards, door: Door, name: str
) -> None:
    assert wrong(door, HERE, FREE_TRIES - 1, name) == ["wrong"] * (FREE_TRIES - 1)
    locked = Refused("locked", NOON + FIRST_LOCK)
    assert door.sign_in(HERE, name=name, password="wrong") == locked
    assert door.sign_in(HERE, name=name, password=PASSWORD) == locked
    hub.clock.advance(FIRST_LOCK)
    again = Refused("locked", hub.clock.now() + 2 * FIRST_LOCK)
    assert door.sign_in(HERE, name=name, password="wrong") == again
    hub.clock.advance(timedelta(minutes=1))
    done = door.sign_in(HERE, name=name, password=PASSWORD)
    assert isinstance(done, NewSession) == (name == NAME)


def test_a_lock_never_outgrows_its_longest_and_is_forgotten_in_the_end(
    hub: Dashboards,
) -> None:
    tries, now, key = Tries(hub.database), NOON, ("192.0.2.1", NAME)
    for _ in range(40):
        may, until = tries.begin(key, now)
        assert may
        assert until is None or until - now <= LONGEST_LOCK
        now = until or now
    assert tries.begin(key, now + FORGOTTEN_AFTER + timedelta(seconds=1)) == (True, None)


def test_somebody_else_cannot_lock_the_seat_out(door: Door) -> None:
    wrong(door, ELSEWHERE, 20)
    assert isinstance(door.sign_in(HERE, name=NAME, password=PASSWORD), NewSession)


def test_a_known_browser_is_not_locked_out_from_its_own_address(door: Door) -> None:
    known = Caller(HERE.address, door.device_of(NAME))
    wrong(door, HERE, 20)
    assert isinstance(door.sign_in(HERE, name=NAME, password=PASSWORD), Refused)
    assert isinstance(door.sign_in(known, name=NAME, password=PASSWORD), NewSession)
    assert wrong(door, known, FREE_TRIES)[-1] == "locked"  # it too has only so many tries


def test_a_device_is_one_names_own_and_grows_old(hub: Dashboards, door: Door) -> None:
    device = door.device_of(NAME)
    wrong(door, HERE, FREE_TRIES, "province_supervisor")
    for forged in (device, device[:-1], "x.y.z", "9" * 5000 + ".a.b", ""):
        caller = Caller(HERE.address, forged)
        assert isinstance(
            door.sign_in(caller, name="province_supervisor", password=PASSWORD), Refused
        )
    hub.clock.advance(doors.DEVICE_LASTS)
    wrong(door, HERE, FREE_TRIES)
    old = Caller(HERE.address, device)
    assert isinstance(door.sign_in(old, name=NAME, password=PASSWORD), Refused)


def test_an_ipv6_subscriber_is_one_client(door: Door) -> None:
    for last in range(FREE_TRIES):
        wrong(door, Caller(f"2001:db8::{last}"), 1)
    neighbour = Caller("2001:db8::ffff")
    assert isinstance(door.sign_in(neighbour, name=NAME, password=PASSWORD), Refused)
    other = Caller("2001:db8:1::1")
    assert isinstance(door.sign_in(other, name=NAME, password=PASSWORD), NewSession)


def test_many_tries_at_the_same_moment_are_no_way_around(door: Door) -> None:
    start = Barrier(8)

    def one() -> str:
        start.wait(10)
        done = door.sign_in(HERE, name=NAME, password="wrong")
        return done.reason if isinstance(done, Refused) else "in"

    with ThreadPoolExecutor(8) as pool:
        told = [each.result() for each in [pool.submit(one) for _ in range(8)]]
    assert told.count("wrong") == FREE_TRIES - 1
    assert told.count("locked") == 8 - (FREE_TRIES - 1)


def test_a_full_room_turns_away_and_such_a_try_does_not_count(
    door: Door,
) -> None:
    door.strangers = Room(at_once=1, waiting=0)
    with door.strangers.entered():
        for _ in range(FREE_TRIES + 1):
            with pytest.raises(Unavailable, match="try again"):
                door.sign_in(HERE, name=NAME, password=PASSWORD)
        known = Caller(HERE.address, door.device_of(NAME))
        assert isinstance(door.sign_in(known, name=NAME, password=PASSWORD), NewSession)
    assert isinstance(door.sign_in(HERE, name=NAME, password=PASSWORD), NewSession)


def test_no_more_than_its_number_are_in_the_room() -> None:
    room = Room(at_once=2, waiting=1)
    with room.entered():
        with room.entered(), pytest.raises(Unavailable), room.entered(0.0):
            raise AssertionError("three are in a room for two")
        with room.entered(0.0):
            pass


def test_a_queue_is_short_and_who_waits_gets_in() -> None:
    room = Room(at_once=1, waiting=1)

    def wait() -> bool:
        with room.entered(10):
            return True

    with ThreadPoolExecutor(1) as pool:
        with room.entered():
            waiting = pool.submit(wait)
            wait_until(lambda: room._queue._value == 0, what="somebody to wait")
            with pytest.raises(Unavailable), room.entered(10):
                raise AssertionError("the queue is full")
        assert waiting.result(10)


def sign_in(client: TestClient, password: str) -> int:
    answer = client.post(
        "/sign-in", data={"name": NAME, "password": password}, follow_redirects=False
    )
    return answer.status_code


def test_the_page_remembers_the_browser_and_tells_when_it_is_busy(hub: Dashboards) -> None:
    client = hub.client(pages=(pages_sign_in.router,))
    assert sign_in(client, PASSWORD) == 303
    assert client.cookies["hub_device"].count(".") == 2
    stranger = TestClient(client.app)
    for _ in range(5):
        sign_in(stranger, "wrong")
    assert sign_in(stranger, PASSWORD) == 401
    del client.cookies["hub_session"]
    assert sign_in(client, PASSWORD) == 303
    hub.clock.advance(LONGEST_LOCK)
    client.app.state.door.strangers = Room(at_once=1, waiting=0)  # type: ignore[attr-defined]
    with client.app.state.door.strangers.entered():  # type: ignore[attr-defined]
        assert sign_in(stranger, PASSWORD) == 503
