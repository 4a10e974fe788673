"""One form of hash chain for everything that may not be altered unseen.

Theory of operation. A link is the SHA-256 of stable JSON: keys sorted, no blanks, characters as
they are. It covers the link before it, its own place and its content, so that a changed, missing or
moved link no longer fits. A cut-off end fits as well as any other: who keeps a chain keeps its head
(place and link of the newest) elsewhere too.
"""

import hashlib
import json
from collections.abc import Sequence

FIRST = "0" * 64
"""What stands before the first link."""


def canonical(content: object) -> bytes:
    """Plain JSON values as bytes that are the same for equal content.

    Raises ValueError for numbers that JSON does not have, TypeError for other values.
    """
    return json.dumps(
        content, allow_nan=False, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()


def link(previous: str, seq: int, content: Sequence[object]) -> str:
    """The link at place `seq` after the link `previous`, 64 hexadecimal digits."""
    return hashlib.sha256(canonical([previous, seq, *content])).hexdigest()
