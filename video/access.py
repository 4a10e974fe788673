"""Viewing links: signed, short-lived, good for one camera and one viewer.

A link is `payload.signature`, both URL-safe; the payload names camera, viewer and end in clear, the
signature is HMAC-SHA-256 over it. Nothing is stored, so nothing must be looked up for a segment.
"""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.errors import Forbidden

_LONGEST = 1024


@dataclass(frozen=True, slots=True)
class Viewing:
    """What a valid link allows: `viewer` may watch `camera_id` until `ends_at`."""

    camera_id: str
    viewer: str
    ends_at: datetime


def issue(secret: bytes, camera_id: str, *, now: datetime, lifetime: timedelta, viewer: str) -> str:
    """A link by which `viewer` may watch one camera until `now + lifetime`."""
    ends = int((now + lifetime).timestamp())
    payload = json.dumps([camera_id, viewer, ends], ensure_ascii=False, separators=(",", ":"))
    body = _text(payload.encode())
    return f"{body}.{_signature(secret, body)}"


def check(
    secret: bytes, token: str, camera_id: str, now: datetime, *, viewer: str | None = None
) -> Viewing:
    """What the link allows; raises Forbidden when it is forged, over, or for somebody else.

    `viewer`, where the caller knows who asks, must be the one the link was issued to.
    """
    body, _, signature = token.partition(".")
    if len(token) > _LONGEST or not hmac.compare_digest(
        signature.encode(), _signature(secret, body).encode()
    ):
        raise Forbidden("this viewing link is not valid")
    try:
        named, issued_to, ends = json.loads(_bytes(body))
        ends_at = datetime.fromtimestamp(ends, UTC)
    except (ValueError, TypeError, OverflowError, binascii.Error) as error:
        raise Forbidden("this viewing link is not valid") from error
    if named != camera_id or (viewer is not None and viewer != issued_to):
        raise Forbidden("this viewing link is for another camera or viewer")
    if now >= ends_at:
        raise Forbidden("this viewing link is over")
    return Viewing(camera_id, issued_to, ends_at)


def _signature(secret: bytes, body: str) -> str:
    return _text(hmac.digest(secret, b"video-view\0" + body.encode(), hashlib.sha256))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
