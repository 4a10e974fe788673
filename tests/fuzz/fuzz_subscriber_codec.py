"""Coverage-guided fuzzing of the subscriber's codec, outside the suite.

atheris is no dependency of ours: it has wheels for few versions of Python. In an environment of its
own, from the root of the repository:

    python3.11 -m venv /tmp/fuzz && /tmp/fuzz/bin/pip install atheris msgspec
    PYTHONPATH=. /tmp/fuzz/bin/python tests/fuzz/fuzz_subscriber_codec.py -max_total_time=300

The input's first byte chooses the version, the second the size of the pieces; the rest is what the
broker says after CONNACK, or instead of it. Nothing may be raised; pieces say what the whole says.
"""

import importlib
import sys
from datetime import UTC, datetime
from typing import Any

atheris: Any = importlib.import_module("atheris")  # Any: it comes without types
with atheris.instrument_imports(include=["ingest.subscriber"]):
    from ingest.subscriber.packets import Disconnected, Flawed, Refused, Version
    from ingest.subscriber.reader import Reader, Received

AT = datetime(2026, 1, 2, tzinfo=UTC)
LARGEST = 300
CONNACK = {Version.V3_1_1: b"\x20\x02\x00\x00", Version.V5: b"\x20\x03\x00\x00\x00"}


def read(version: Version, pieces: list[bytes]) -> Received:
    """All that the pieces say."""
    reader = Reader(version, connection=1, max_packet=LARGEST)
    whole = Received([], [])
    for piece in pieces:
        part = reader.receive(piece, AT)
        whole.deliveries.extend(part.deliveries)
        whole.signals.extend(part.signals)
    return whole


def try_one(data: bytes) -> None:
    """One input."""
    if len(data) < 2:
        return
    version = Version.V5 if data[0] & 1 else Version.V3_1_1
    stream = (CONNACK[version] if data[0] & 2 else b"") + data[2:]
    size = data[1] + 1
    whole = read(version, [stream])
    pieces = [stream[n : n + size] for n in range(0, len(stream), size)]
    assert read(version, pieces) == whole, "pieces say something else"
    ends = [isinstance(each, Flawed | Refused | Disconnected) for each in whole.signals]
    assert not any(ends[:-1]), "something follows the end"


if __name__ == "__main__":
    atheris.Setup(sys.argv, try_one)
    atheris.Fuzz()
