import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from alerts import queries
from alerts.courier import Courier
from alerts.model import Notice
from alerts.notify.log_sender import LogSender
from alerts.notify.webhook_sender import WebhookSender, sign
from tests.support.rescue import Rescue


class Firm(ThreadingHTTPServer):
    """A firm's computer that answers what `plan` says, then 200; 0 means: no answer in time."""

    def __init__(self, plan: list[int]) -> None:
        super().__init__(("127.0.0.1", 0), Desk)
        self.plan = plan
        self.seen: list[tuple[str, str, bytes]] = []
        self.released = threading.Event()


class Desk(BaseHTTPRequestHandler):
    server: Firm

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        key, signature = self.headers["Idempotency-Key"], self.headers["X-Hub-Signature"]
        self.server.seen.append((key, signature, body))
        status = self.server.plan.pop(0) if self.server.plan else 200
        if status == 0:
            self.server.released.wait(5)
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing on the terminal."""


@pytest.fixture
def firm() -> Iterator[Firm]:
    server = Firm([500, 0])
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


def webhook_notices(rescue: Rescue, incident: str) -> list[Notice]:
    found = rescue.database.read(lambda c: queries.incident(c, incident)).notices
    return [notice for notice in found if notice.sender == "webhook"]


def test_a_notice_is_tried_again_with_the_same_key_until_it_is_taken(
    tmp_path: Path, firm: Firm
) -> None:
    rescue = Rescue(tmp_path, webhook=f"http://127.0.0.1:{firm.server_port}/orders")
    number = rescue.open().incident_id
    webhook = WebhookSender("secret", deadline=timedelta(milliseconds=300))
    courier = Courier(rescue.database, {"log": LogSender(), "webhook": webhook}, rescue.clock)
    for _ in range(3):
        courier.run_once()
        rescue.clock.advance(timedelta(minutes=3))
    (sent,) = webhook_notices(rescue, number)
    assert (sent.state, sent.attempts) == ("sent", 3)
    assert {key for key, _, _ in firm.seen} == {sent.key}
    _, signature, body = firm.seen[-1]
    assert signature == f"sha256={sign(b'secret', body)}"
    assert json.loads(body)["lift"]["rescue_code"] == "235274"
    webhook.close()
    rescue.database.close()


def test_a_refusal_for_good_is_journalled_and_not_tried_again(tmp_path: Path, firm: Firm) -> None:
    firm.plan[:] = [410]
    rescue = Rescue(tmp_path, webhook=f"http://127.0.0.1:{firm.server_port}/orders")
    number = rescue.open().incident_id
    webhook = WebhookSender("secret")
    courier = Courier(rescue.database, {"webhook": webhook}, rescue.clock)
    courier.run_once()
    rescue.clock.advance(timedelta(hours=1))
    assert courier.run_once() == 0
    (failed,) = webhook_notices(rescue, number)
    assert (failed.state, failed.last_error) == ("failed", "status 410")
    webhook.close()
    rescue.database.close()
