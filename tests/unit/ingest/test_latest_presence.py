"""The count of lifts and the chip of each lift are one truth: devices.presence."""

import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from devices.presence import DEFAULT, presence
from ingest.latest import LatestReader, LatestStates

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EDGE = timedelta(microseconds=1)


def test_counts_agree_with_presence_at_every_edge(tmp_path: Path) -> None:
    silences = [
        timedelta(0),
        DEFAULT.late_after - EDGE,
        DEFAULT.late_after,
        DEFAULT.offline_after - EDGE,
        DEFAULT.offline_after,
        timedelta(days=1),
    ]
    LatestStates(tmp_path).close()  # makes the file
    with closing(sqlite3.connect(tmp_path / "latest.db")) as file, file:
        file.executemany(
            "INSERT INTO latest (lift, received_at_us, event_at_us, state) VALUES (?, ?, 0, x'')",
            [
                (f"10000{number}", (NOW - silent - EPOCH) // EDGE)
                for number, silent in enumerate(silences)
            ],
        )
    counted = LatestReader(tmp_path).counts(NOW)
    each = Counter(presence(NOW - silent, NOW).value for silent in silences)
    assert (counted.online, counted.late, counted.offline) == (2, 2, 2)
    assert each == {"online": 2, "late": 2, "offline": 2}
