"""A chart of one lift with a province's roll-ups behind it, warm, and with nothing in memory.

The newest 25 hours of roll-ups are there for 200,000 lifts and the six days before them for SHARE
of these: a whole week for all is 19 GB and four minutes of writing, and what is read is the same.
The charted lifts have a row a minute for the last day as well, as they do until rows expire.
"""

import os
import random
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.timeseries.embedded import EmbeddedStore
from ingest.timeseries.port import Window
from tests.support import rolled_province

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

LIFTS = 200_000
SHARE = 5_000
NOW = datetime(2026, 11, 23, 8, 40, tzinfo=UTC)
DAY = timedelta(days=1)
WARM, COLD = 200, 60
HEAD = (
    "| | p50 ms | p99 ms | CPU p50 | CPU p99 | p99 ms but for cores that others had |"
    "\n|---|---|---|---|---|---|"
)


def kept_waiting_s() -> float:
    """How long this thread could have run, and others had the cores."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9


def forget(folder: Path) -> None:
    """Let the kernel drop these files from memory."""
    for file in (each for each in folder.rglob("*") if each.is_file()):
        handle = os.open(file, os.O_RDONLY)
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def line(name: str, chart: Callable[[], None], times: int, before: Callable[[], None]) -> str:
    """A row of the table."""
    taken: list[tuple[float, float, float]] = []
    for _ in range(times):
        before()
        kept, used, began = kept_waiting_s(), time.thread_time(), time.perf_counter()
        chart()
        waited = time.perf_counter() - began
        taken.append((waited, time.thread_time() - used, waited - (kept_waiting_s() - kept)))
    waits, cpus, ours = (sorted(each) for each in zip(*taken, strict=True))
    p50, p99 = int(times * 0.5), int(times * 0.99)
    figures = (waits[p50], waits[p99], cpus[p50], cpus[p99], ours[p99])
    return f"| {name} | " + " | ".join(f"{each * 1e3:.1f}" for each in figures) + " |"


def test_a_chart_of_a_day_is_drawn_within_50_ms(tmp_path: Path) -> None:
    chance = random.Random(11)  # noqa: S311  (a seeded story)
    charted = [chance.randrange(SHARE) for _ in range(100)]
    began = time.perf_counter()
    rolled_province.fill(
        tmp_path,
        rolled_province.hours_before(NOW, 7 * 24),
        LIFTS,
        share=SHARE,
        whole=rolled_province.hours_before(NOW, 25),
    )
    rolled_province.fill_rows(tmp_path, NOW, LIFTS, charted)
    size = sum(each.stat().st_size for each in tmp_path.rglob("*") if each.is_file())
    made = f"{size / 1e9:.1f} GB made in {time.perf_counter() - began:.0f} s"
    forget(tmp_path)
    lines = [HEAD]
    with closing(EmbeddedStore.reader(tmp_path)) as store:
        for name, step, days in (
            ("24 hours by 10 minutes", 600, 1),
            ("24 hours by the minute", 60, 1),
            ("7 days by the hour", 3600, 7),
        ):
            end = NOW if step < 3600 else NOW.replace(minute=0)

            def chart(step: int = step, days: int = days, end: datetime = end) -> None:
                lift = f"{chance.choice(charted):06}"
                window = Window(lift, "floor", end - days * DAY, end, timedelta(seconds=step))
                assert len(store.window(window).points) > 100

            lines.append(line(f"{name}, cold", chart, COLD, lambda: forget(tmp_path)))
            for _ in charted:
                chart()
            lines.append(line(f"{name}, warm", chart, WARM, lambda: None))
    sys.stdout.write(f"\n\n{made}\n\n" + "\n".join(lines) + "\n")
