"""Posts a notice as JSON to the address that a firm or station gave.

Each attempt carries the notice's key as `Idempotency-Key` and an HMAC-SHA256 of the body, so the
receiver can drop repeats and check the sender. Only 2xx counts as taken; redirects are not
followed. A refusal that says "never" (4xx but 408, 425 and 429) is not tried again.
"""

import hashlib
import hmac
import json
from datetime import timedelta

import httpx2

from alerts.notify.port import FailedSend, Outgoing, Sent

TIMEOUT = timedelta(seconds=5)
SERVER_ERRORS = 500
WORTH_RETRYING = frozenset({408, 425, 429})


class WebhookSender:
    """Posts to `destination`; `secret` signs the body."""

    def __init__(self, secret: str, *, timeout: timedelta = TIMEOUT) -> None:
        self._secret = secret.encode()
        self._client = httpx2.Client(timeout=timeout.total_seconds(), follow_redirects=False)

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._client.close()

    def send(self, notice: Outgoing) -> Sent | FailedSend:
        """Post once."""
        content = json.dumps(notice.body, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": notice.key,
            "X-Hub-Signature": f"sha256={sign(self._secret, content)}",
        }
        try:
            answer = self._client.post(notice.destination, content=content, headers=headers)
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            return FailedSend(f"bad_address: {error}", retry=False)
        except httpx2.HTTPError as error:
            return FailedSend(type(error).__name__, retry=True)
        if answer.is_success:
            return Sent()
        code = answer.status_code
        return FailedSend(f"status {code}", retry=code >= SERVER_ERRORS or code in WORTH_RETRYING)


def sign(secret: bytes, content: bytes) -> str:
    """The signature that a receiver recomputes: hex HMAC-SHA256 of the body."""
    return hmac.new(secret, content, hashlib.sha256).hexdigest()
