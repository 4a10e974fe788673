"""Posts a notice as JSON to the address that a firm or station gave.

Each attempt carries the notice's key as `Idempotency-Key` and an HMAC-SHA256 of the body, so the
receiver can drop repeats and check the sender. Only 2xx counts as taken; redirects are not
followed. A refusal that says "never" (4xx but 408, 425 and 429) is not tried again.

Theory of operation. A time-out of a socket counts per read, so whoever answers by drips is never
late by it. Therefore a post runs on an event loop of the sender's own, where it is cancelled as a
whole at its deadline, whether it looks the name up, connects, writes or waits. Of the answer only
the status counts: the connection is closed without reading the body, however long that may be.
"""

import asyncio
import hashlib
import hmac
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx2

from alerts.notify.port import FailedSend, Outgoing, Sent

DEADLINE = timedelta(seconds=5)
CLOSING = timedelta(seconds=1)  # how long a connection may take to close
LOOK_UPS = 64  # names looked up at once: more than there are lanes, for one cannot be cancelled
SERVER_ERRORS = 500
MOST_PORTS = 65_535
WORTH_RETRYING = frozenset({408, 425, 429})


class WebhookSender:
    """Posts to `destination`; `secret` signs the body. Safe to share between threads."""

    def __init__(self, secret: str, *, deadline: timedelta = DEADLINE) -> None:
        self.longest = deadline + CLOSING
        self._secret = secret.encode()
        self._deadline = deadline
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(LOOK_UPS, "webhook-names"))
        self._thread = threading.Thread(target=self._loop.run_forever, name="webhook", daemon=True)
        self._thread.start()
        self._client = httpx2.AsyncClient(
            timeout=None,
            follow_redirects=False,
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0),
        )

    def close(self) -> None:
        """End the loop; what is still being posted has failed."""
        asyncio.run_coroutine_threadsafe(self._client.aclose(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def send(self, notice: Outgoing) -> Sent | FailedSend:
        """Post once; answers within `longest`."""
        content = json.dumps(notice.body, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": notice.key,
            "X-Hub-Signature": f"sha256={sign(self._secret, content)}",
        }
        try:
            _check(notice.destination)
        except (httpx2.InvalidURL, UnicodeError) as error:
            return FailedSend(f"bad_address: {error}", retry=False)
        posted = asyncio.run_coroutine_threadsafe(
            self._status(notice.destination, content, headers), self._loop
        )
        try:
            code = posted.result(self.longest.total_seconds())
        except TimeoutError:
            posted.cancel()
            return FailedSend("deadline", retry=True)
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            return FailedSend(f"bad_address: {error}", retry=False)
        except httpx2.HTTPError as error:
            return FailedSend(type(error).__name__, retry=True)
        if httpx2.codes.is_success(code):
            return Sent()
        return FailedSend(f"status {code}", retry=code >= SERVER_ERRORS or code in WORTH_RETRYING)

    async def _status(self, address: str, content: bytes, headers: dict[str, str]) -> int:
        async with asyncio.timeout(self._deadline.total_seconds()):
            request = self._client.build_request("POST", address, content=content, headers=headers)
            answer = await self._client.send(request, stream=True)
            try:
                return answer.status_code
            finally:
                await answer.aclose()


def _check(address: str) -> None:
    """Refuse what no look-up can find: an empty or over-long label, a port that does not exist."""
    url = httpx2.URL(address)
    url.host.encode("idna")
    if url.port is not None and not 0 < url.port <= MOST_PORTS:
        raise httpx2.InvalidURL(f"no port {url.port}")


def sign(secret: bytes, content: bytes) -> str:
    """The signature that a receiver recomputes: hex HMAC-SHA256 of the body."""
    return hmac.new(secret, content, hashlib.sha256).hexdigest()
