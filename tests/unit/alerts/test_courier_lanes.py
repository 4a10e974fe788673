"""One destination's trouble is no other's: slow, dripping, dead and badly named addresses."""

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from alerts import courier, outbox, store
from alerts.courier import Courier
from alerts.ladder import Kind
from alerts.model import NoticeState
from alerts.notify.port import FailedSend, Outgoing, Sent
from alerts.notify.webhook_sender import WebhookSender
from core.clock import SystemClock
from tests.support.parts import running
from tests.support.rescue import Rescue
from tests.support.wait import wait_until

Answer = Callable[[socket.socket, threading.Event], None]


def wire(rescue: Rescue, incident: str, destination: str, count: int) -> None:
    """Put `count` notices to `destination` into the outbox."""
    now = rescue.clock.now()

    def work(connection: Connection) -> None:
        for n in range(count):
            store.add_notice(
                connection,
                key=f"{incident}/{destination}/{n}",
                incident_id=incident,
                sender="wire",
                recipient="示例",
                destination=destination,
                body={},
                created_at=now,
                next_at=now,
            )

    rescue.database.write(work)


class Wire:
    """A sender whose destinations `slow…` answer only when told; counts what is under way."""

    longest = timedelta(seconds=20)

    def __init__(self) -> None:
        self.released = threading.Event()
        self.seen: list[str] = []
        self.under_way: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self._door = threading.Lock()

    def send(self, notice: Outgoing) -> Sent | FailedSend:
        where = notice.destination
        with self._door:
            self.seen.append(where)
            self.under_way[where] += 1
            self.most[where] = max(self.most[where], self.under_way[where])
        if where.startswith("slow"):
            self.released.wait(20)
        with self._door:
            self.under_way[where] -= 1
        return FailedSend("dead", retry=True) if where.startswith("dead") else Sent()


def test_a_slow_destination_delays_no_other_and_has_few_in_flight(rescue: Rescue) -> None:
    number = rescue.open().incident_id
    wire(rescue, number, "slow", 30)
    wire(rescue, number, "fast", 50)
    desk = Wire()
    carrier = Courier(rescue.database, {"wire": desk}, SystemClock())
    try:
        with running(carrier.run):
            wait_until(lambda: desk.seen.count("fast") == 50, what="every fast one sent")
            assert desk.under_way["slow"] == courier.EACH
            desk.released.set()
            wait_until(lambda: desk.seen.count("slow") == 30, what="the slow ones sent at last")
    finally:
        desk.released.set()
    assert desk.most["slow"] <= courier.EACH


def test_destinations_in_trouble_share_a_part_of_the_lanes(rescue: Rescue) -> None:
    number = rescue.open().incident_id
    for n in range(60):
        wire(rescue, number, f"dead {n}", 1)
    desk = Wire()
    carrier = Courier(rescue.database, {"wire": desk}, rescue.clock)
    assert carrier.run_once() == 60
    rescue.clock.advance(timedelta(minutes=1))
    plan = courier._Plan(Counter(), frozenset(carrier._in_trouble))
    lanes = [plan.lane(outbox.Destination("wire", f"dead {n}")) for n in range(60)]
    assert (lanes.count(True), plan.free) == (courier.IN_TROUBLE, courier.LANES - 8)
    assert plan.lane(outbox.Destination("wire", "well"))
    assert carrier.run_once() == 60


def test_what_concerns_trapped_people_goes_first(rescue: Rescue) -> None:
    fault = rescue.open("a", kind=Kind.FAULT).incident_id
    wire(rescue, fault, "older", 3)
    rescue.clock.advance(timedelta(seconds=1))
    trapped = rescue.open("b").incident_id
    wire(rescue, trapped, "newer", 2)
    wire(rescue, trapped, "older", 1)
    found = rescue.database.read(
        lambda c: outbox.candidates(c, ["wire"], rescue.clock.now(), each=2, limit=9)
    )
    assert [where.address for _, where in found] == ["newer", "older", "newer", "older"]
    assert rescue.database.read(
        lambda c: [n.key for n in store.notices(c, trapped) if n.id == found[1][0]]
    ) == [f"{trapped}/older/0"]


def test_a_sender_that_could_outlast_its_claim_is_refused(rescue: Rescue) -> None:
    desk = Wire()
    desk.longest = outbox.CLAIM / 2
    with pytest.raises(ValueError, match="too near"):
        Courier(rescue.database, {"wire": desk}, rescue.clock)


@contextmanager
def server(answer: Answer) -> Iterator[str]:
    """Somebody else's computer that lets `answer` do what it likes with each connection."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            while not done.is_set():
                taken, _ = door.accept()
                with taken:
                    if not done.is_set():
                        taken.recv(65536)
                        answer(taken, done)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}/orders"
        finally:
            done.set()
            socket.create_connection(door.getsockname()).close()
            thread.join()


def drip(start: bytes) -> Answer:
    """Send `start`, then a letter every 50 ms until the other side hangs up."""

    def answer(taken: socket.socket, done: threading.Event) -> None:
        try:
            taken.sendall(start)
            while not done.wait(0.05):
                taken.sendall(b"a")
        except OSError:
            return

    return answer


def post(address: str) -> tuple[Sent | FailedSend, timedelta]:
    clock = SystemClock()
    webhook = WebhookSender("secret", deadline=timedelta(milliseconds=400))
    begun = clock.monotonic()
    told = webhook.send(Outgoing("k1", "示例", address, {"text": "示例"}))
    took = timedelta(seconds=clock.monotonic() - begun)
    assert took < webhook.longest
    webhook.close()
    return told, took


def test_an_answer_by_drips_has_failed_at_the_deadline() -> None:
    with server(drip(b"HTTP/1.1 200 OK\r\nX-Slow: ")) as address:
        told, _ = post(address)
    assert told == FailedSend("deadline", retry=True)


def test_only_the_status_counts_and_an_endless_body_is_not_read() -> None:
    with server(
        drip(b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n")
    ) as address:
        told, took = post(address)
    assert told == Sent()
    assert took < timedelta(milliseconds=400)


@pytest.mark.parametrize(
    "address",
    [
        "http://a..b/",
        f"http://{'a' * 70}.example/",
        "http://[::1",
        "http://h:70000/",
        "ftp://x/",
        "",
    ],
)
def test_a_bad_address_is_no_reason_to_try_again(address: str) -> None:
    told, _ = post(address)
    assert isinstance(told, FailedSend)
    assert told.reason.startswith("bad_address")
    assert not told.retry


def test_a_bad_address_in_the_outbox_ends_as_failed(rescue: Rescue) -> None:
    number = rescue.open().incident_id
    wire(rescue, number, "http://a..b/", 1)
    webhook = WebhookSender("secret")
    assert Courier(rescue.database, {"wire": webhook}, rescue.clock).run_once() == 1
    (failed,) = [
        n for n in rescue.database.read(lambda c: store.notices(c, number)) if n.sender == "wire"
    ]
    assert failed.state is NoticeState.FAILED
    webhook.close()
