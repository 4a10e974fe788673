"""Names that the hub gives: sortable keys, secrets, and the number of an incident."""

import secrets
from datetime import datetime
from zoneinfo import ZoneInfo

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def sortable_key(now: datetime) -> str:
    """A key of 26 characters that sorts by time of making (the shape of a ULID)."""
    value = (int(now.timestamp() * 1000) << 80) | secrets.randbits(80)
    return "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(125, -5, -5))


def new_secret() -> str:
    """192 random bits, URL-safe."""
    return secrets.token_urlsafe(24)


def incident_number(now: datetime, ordinal: int, *, zone: ZoneInfo) -> str:
    """What people call an incident: local day and ordinal of that day, `20261123-0007`."""
    return f"{now.astimezone(zone):%Y%m%d}-{ordinal:04d}"


def typed_secret() -> str:
    """130 random bits in letters and digits that nobody confuses, for somebody who types them."""
    return "".join(secrets.choice(_CROCKFORD) for _ in range(26))


def salt(size: int) -> bytes:
    """So many random bytes."""
    return secrets.token_bytes(size)
