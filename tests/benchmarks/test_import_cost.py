"""What bringing a whole province into the registry costs, and how long a rescue waits meanwhile.

BENCH_LIFTS makes it smaller: `BENCH_LIFTS=20000 pytest tests/benchmarks/test_import_cost.py
-m bench -s`. Every file goes through `hub import`, as a city would do it; beside it a process
commits every 20 ms as a rescue does. Assertions are of CPU, but for the wait: that needs a quiet
machine.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.folder import DataFolder

LIFTS = int(os.environ.get("BENCH_LIFTS", "200000"))  # noqa: TID251  (the benchmark's own switch)
SHARE = LIFTS / 200_000
FIRMS, STATIONS, KITCHENS = max(20, int(500 * SHARE)), 216, max(100, int(20_000 * SHARE))
LONGEST_S, LONGEST_WAIT_MS = 60.0, 50.0
ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3_600)]


@dataclass(frozen=True)
class Cost:
    """What a process cost: time, CPU of its threads, the most memory it held."""

    seconds: float
    cpu_s: float
    peak_mb: float
    out: str

    def told(self, name: str, rows: int) -> str:
        """A line of the table."""
        each = f"{self.cpu_s / max(1, rows) * 1e6:6.0f} µs a row"
        spent = f"{self.seconds:7.1f} s, CPU {self.cpu_s:6.1f} s {each}"
        return f"{name:16} {rows:7} rows {spent}, {self.peak_mb:.0f} MB"


def _run(*arguments: str) -> Cost:
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", *arguments],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},  # noqa: TID251
    ) as process:
        assert process.stdout is not None
        out = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, out
    cpu = used.ru_utime + used.ru_stime
    return Cost(time.perf_counter() - began, cpu, used.ru_maxrss / 1024, out)


@contextmanager
def _rescuing(url: str) -> Iterator[dict[str, float]]:
    """Commits beside the block; what they waited stands in the answer afterwards."""
    told: dict[str, float] = {}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.rescuer", url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},  # noqa: TID251
    ) as process:
        try:
            yield told
        finally:
            out, _ = process.communicate("", timeout=90)
            told |= json.loads(out)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def test_a_province_comes_in_while_rescues_go_on(tmp_path: Path) -> None:
    files, data = tmp_path / "province", tmp_path / "data"
    sizes = {"--lifts": LIFTS, "--firms": FIRMS, "--stations": STATIONS, "--kitchens": KITCHENS}
    _run("hub", "province", str(files), *(str(each) for pair in sizes.items() for each in pair))
    url = DataFolder(data.resolve()).database_url("")
    _run("hub", "migrate", "--data", str(data))
    _say(f"\n{LIFTS} lifts, {FIRMS} firms, {STATIONS} stations, {KITCHENS} kitchens")
    with _rescuing(url) as alone:
        time.sleep(3)  # noqa: TID251  (what commits take while nobody else writes)
    _say(f"commits alone: {alone}")
    slowest: dict[str, float] = {}
    for file in sorted(files.glob("*.csv")):
        kind = file.stem.partition("-")[2]
        with _rescuing(url) as waits:
            cost = _run("hub", "import", kind, str(file), "--data", str(data))
        with file.open(encoding="utf-8-sig") as opened:
            rows = sum(1 for _ in opened) - 1
        _say(cost.told(kind, rows))
        _say(f"    commits beside it: {waits}; {cost.out.strip()}")
        slowest[kind] = waits["max_ms"]
        if kind == "lifts":
            assert cost.cpu_s <= LONGEST_S, cost
    with _rescuing(url) as waits:
        cost = _run("tests.support.first_plans", url)
    _say(cost.told("first plans", int(cost.out)))
    _say(f"    commits beside it: {waits}")
    assert int(cost.out) == LIFTS
    slowest["first plans"] = waits["max_ms"]
    out = str(tmp_path / "lifts.csv")
    cost = _run("hub", "lifts", "export", out, "--data", str(data))
    _say(cost.told("export of lifts", LIFTS))
    _say(f"longest waits of a commit, ms: {slowest}; goal {LONGEST_WAIT_MS:.0f}")
