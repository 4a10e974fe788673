"""Pictures of visits, as files under their digests. They are never served without asking who looks.

Theory of operation. A file's name is the digest of its bytes, so the same picture sent twice is one
file and a record that names it covers it. What a picture is, its first bytes say, not its sender. A
file is written beside its place and moved there at once: a half-written one is never seen.
"""

import hashlib
import os
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, select

from core.db import add_once
from core.errors import InvalidMessage, NotFound
from core.ids import new_secret
from devices.maintenance import store, tables
from devices.maintenance.log import Photo

LARGEST = 240 * 1024  # bytes
KINDS = ("image/jpeg", "image/png", "image/webp")
_SIGNS = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))


def media_type(picture: bytes) -> str:
    """What a picture is by its content; raises InvalidMessage for anything but JPEG, PNG, WebP."""
    if len(picture) > LARGEST:
        raise InvalidMessage("too_large", f"at most {LARGEST} bytes: scale it", field="photo")
    for sign, name in _SIGNS:
        if picture.startswith(sign):
            return name
    if picture[:4] == b"RIFF" and picture[8:12] == b"WEBP":
        return "image/webp"
    raise InvalidMessage("not_a_picture", "send a JPEG, PNG or WebP picture", field="photo")


def write(folder: Path, picture: bytes) -> str:
    """Keep the bytes under their digest, which is answered."""
    digest = hashlib.sha256(picture).hexdigest()
    place = file_of(folder, digest)
    if place.exists():
        return digest
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = place.with_name(f".{digest}.{new_secret()[:8]}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(picture)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(place)
    return digest


def file_of(folder: Path, digest: str) -> Path:
    """Where a picture is."""
    return folder / digest[:2] / digest


def note(
    connection: Connection,
    digest: str,
    kind: str,
    size: int,
    *,
    lift_id: int,
    firm_id: int,
    now: datetime,
    by: str,
) -> None:
    """Keep in the caller's transaction that a picture is of that lift."""
    add_once(
        connection,
        tables.photo,
        {"digest": digest, "lift_id": lift_id},
        firm_id=firm_id,
        media_type=kind,
        size=size,
        received_at=now,
        received_from=by,
    )


def of_lift(connection: Connection, lift_id: int, digest: str) -> Photo:
    """The picture of that lift; raises NotFound."""
    c = tables.photo.c
    row = connection.execute(
        select(tables.photo).where(c.lift_id == lift_id, c.digest == digest)
    ).one_or_none()
    if row is None:
        raise NotFound("photo", digest)
    return store.to_photo(row)
