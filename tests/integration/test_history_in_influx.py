"""History in a real InfluxDB: away under load, killed in mid-drain, refusing some of the points."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from pydantic import SecretStr

from core.clock import SystemClock
from core.errors import Unavailable
from hub.doctor import examine
from hub.finding import Finding, Verdict
from hub.settings import History, Settings
from ingest.quarantine import QuarantineReader
from ingest.timeseries import spool
from ingest.timeseries.dayfiles import DayFiles
from ingest.timeseries.drain import Drainer
from ingest.timeseries.embedded import EmbeddedStore
from ingest.timeseries.port import Batch, Point, WriteRefused
from ingest.timeseries.spool import DrainMarks, SpoolRows
from tests.support import drainer, influx
from tests.support.wait import wait_until

pytestmark = pytest.mark.influx
history = pytest.importorskip("tests.support.history", exc_type=ImportError)

CLOCK = SystemClock()
BATCH = 500
LIFTS = 400


@pytest.fixture
def server(tmp_path: Path) -> Iterator[influx.Influx]:
    with influx.running(tmp_path / "influx") as running:
        yield running


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def folder(data: Path) -> Path:
    return data / "telemetry" / "0"


@pytest.fixture
def writer(folder: Path) -> Iterator[DayFiles]:
    with closing(DayFiles(folder, CLOCK, SpoolRows(folder, budget=1_000_000_000))) as files:
        yield files


def batch(first: int, **fields: float | str) -> Batch:
    now = CLOCK.now()
    return Batch(
        now,
        [
            Point(
                f"{100_000 + seq % LIFTS}",
                now,
                now,
                {"floor": seq % 9, "speed_m_s": 1.5, "door": "closed", **fields},
                "status",
                f"G{seq % LIFTS}",
                seq,
                "b1",
            )
            for seq in range(first, first + BATCH)
        ],
    )


def stored(server: influx.Influx) -> int:
    with closing(history.store(server)) as store:
        day = timedelta(days=1)
        counts = store.counts((CLOCK.now() - day).date(), (CLOCK.now() + day).date())
        return sum(counts.values())


def test_away_under_load_then_killed_in_mid_drain_twice_the_counts_are_equal(
    server: influx.Influx, data: Path, folder: Path, writer: DayFiles
) -> None:
    sent = 0

    def load(batches: int) -> None:
        nonlocal sent
        for _ in range(batches):
            assert writer.commit(batch(sent)) == 0
            sent += BATCH

    def left() -> int:
        return spool.waiting(folder).points

    def drains(beginning: int) -> None:
        wait_until(lambda: left() < beginning, what="draining", timeout_s=60, every_s=0.01)

    with drainer.running(data, server) as process:
        load(4)
        wait_until(lambda: left() == 0, what="the first points to drain", timeout_s=60)
        server.kill()
        load(200)
        assert left() == sent - 4 * BATCH  # it grows, and committing did not wait
        assert process.poll() is None
        server.start()
        drains(left())
    for _ in range(2):  # leaving the block was the first kill -9
        assert left() > 0
        with drainer.running(data, server):
            drains(left())
        load(20)
    with drainer.running(data, server):
        wait_until(lambda: left() == 0, what="everything to drain", timeout_s=120)
    assert stored(server) == sent
    assert QuarantineReader(folder).counts() == {}


def test_a_poisoned_point_is_kept_with_influxdbs_words_and_its_neighbours_are_stored(
    server: influx.Influx, folder: Path, writer: DayFiles
) -> None:
    foreign = f'status,lift=x load_kg="text" {CLOCK.now().timestamp():.0f}000000000'
    server.ask(f"/api/v2/write?org={server.org}&bucket={server.bucket}", post=foreign.encode())
    good, poisoned = batch(0), batch(BATCH, load_kg=75.0)
    points = [*good.points[:200], *poisoned.points[:3], *good.points[200:], poisoned.points[3]]
    writer.commit(Batch(good.at, points))
    with closing(history.store(server)) as store, closing(DrainMarks(folder)) as marks:
        assert Drainer(folder, store, CLOCK).run_once(marks) == BATCH + 4
    assert stored(server) == BATCH
    kept = QuarantineReader(folder).list(9)
    assert [each.reason for each in kept] == [spool.REFUSED] * 4
    assert all("load_kg" in each.detail and "type" in each.detail for each in kept)
    assert all(spool.refused_point(each.raw) for each in kept)
    assert spool.waiting(folder).points == 0


def test_a_value_of_a_wrong_type_never_reaches_influxdb(
    server: influx.Influx, folder: Path, writer: DayFiles
) -> None:
    good, wrong = batch(0), batch(BATCH, floor="ground")
    writer.commit(Batch(good.at, [*good.points, *wrong.points[:2]]))
    with closing(history.store(server)) as store, closing(DrainMarks(folder)) as marks:
        Drainer(folder, store, CLOCK).run_once(marks)
        store.write(batch(2 * BATCH).points)  # floor is still a whole number there
    assert stored(server) == 2 * BATCH
    assert {each.field for each in QuarantineReader(folder).list(9)} == {"floor"}


def test_a_wrong_token_or_bucket_waits_for_a_right_one(
    server: influx.Influx, folder: Path, writer: DayFiles
) -> None:
    writer.commit(batch(0))
    token, bucket = server.token, server.bucket
    for server.token, server.bucket, reason in (("no", bucket, "token"), (token, "no", "bucket")):
        with closing(history.store(server)) as store, closing(DrainMarks(folder)) as marks:
            with pytest.raises(Unavailable) as told:
                Drainer(folder, store, CLOCK).run_once(marks)
            assert told.value.reason == reason
    assert spool.waiting(folder).points == BATCH


@pytest.mark.influx(influx.SECOND)
def test_one_lift_too_many_for_influxdb_1_costs_the_others_nothing(tmp_path: Path) -> None:
    server = influx.server_at(tmp_path / "influx", influx.SECOND)
    server.max_values_per_tag = 100
    server.start()
    try:
        with closing(history.store(server)) as store:
            store.write([p for p in batch(0).points if int(p.lift) < 100_100])
            with pytest.raises(WriteRefused) as told:
                store.write(batch(0).points)
            refused = {refusal.point.lift for refusal in told.value.refusals}
            assert len(refused) == LIFTS - 100
            assert "max-values-per-tag" in told.value.refusals[0].words
            store.write([p for p in batch(BATCH).points if p.lift not in refused])
    finally:
        server.stop()


def test_the_drainer_ends_when_told_while_influxdb_is_away(
    server: influx.Influx, folder: Path, writer: DayFiles
) -> None:
    writer.commit(batch(0))
    server.stop()
    stop = threading.Event()
    with closing(history.store(server)) as store:
        thread = threading.Thread(target=Drainer(folder, store, CLOCK).run, args=(stop,))
        thread.start()
        stop.set()
        thread.join(timeout=10)
        assert not thread.is_alive()


def look(server: influx.Influx, data: Path) -> list[Finding]:
    """What the doctor says of history, when a hub is set to use this server."""
    kept = History(
        url=server.url, token=SecretStr(server.token), org=server.org, bucket=server.bucket
    )
    found = examine(Settings(data_dir=data, history=kept), CLOCK, running=False)
    return [each for each in found if each.subject == "history"]


def test_the_doctor_finds_what_would_hurt_later(server: influx.Influx, data: Path) -> None:
    assert [each.verdict for each in look(server, data)] == [Verdict.WELL] * 3
    foreign = 'status,lift=x load_kg="text",floor=1i'
    server.ask(f"/api/v2/write?org={server.org}&bucket={server.bucket}", post=foreign.encode())
    assert "status.load_kg is string there, float here" in look(server, data)[-1].says
    token, server.token = server.token, "no"
    assert [each.remedy for each in look(server, data)] == [
        "give HUB_HISTORY__TOKEN the right to read and write the bucket"
    ]
    server.token, server.bucket = token, "none"
    assert "make the bucket" in look(server, data)[0].remedy
    server.stop()
    assert "correct HUB_HISTORY__URL" in look(server, data)[0].remedy


@pytest.mark.influx(influx.SECOND)
def test_the_doctor_knows_how_many_lifts_influxdb_1_takes(tmp_path: Path, data: Path) -> None:
    with closing(sqlite3.connect(data / "hub.db")) as connection:
        connection.execute("CREATE TABLE lift (id INTEGER)")
        connection.executemany("INSERT INTO lift VALUES (?)", [(n,) for n in range(101)])
        connection.commit()
    server = influx.server_at(tmp_path / "influx", influx.SECOND)
    server.max_values_per_tag = 100
    server.start()
    try:
        found = look(server, data)
    finally:
        server.stop()
    told = [each for each in found if each.verdict is not Verdict.WELL]
    assert [each.remedy for each in told] == [
        "set max-values-per-tag = 0 in its [data] section and restart it"
    ]


def test_history_is_copied_resumably_and_proved_by_counts(
    server: influx.Influx, data: Path, folder: Path
) -> None:
    with closing(EmbeddedStore(folder, CLOCK)) as days:
        for n in range(4):
            days.commit(batch(n * BATCH))
        days.commit(batch(0))  # the same numbers a moment later are other messages
        yesterday = batch(9 * BATCH)
        ago = timedelta(days=1)
        days.write(
            [
                replace(p, received_at=p.received_at - ago, device_at=p.device_at - ago)
                for p in yesterday.points
            ]
        )
    again = {**os.environ, "HUB_DATA_DIR": str(data), **drainer.settings_for(server)}  # noqa: TID251

    def copy() -> str:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "hub",
                "history",
                "copy",
                "--from",
                "embedded",
                "--to",
                "influx",
            ],
            env=again,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return f"{done.returncode}: {done.stdout}{done.stderr}"

    told = copy()
    assert told.startswith("0: ")
    assert f"{BATCH} messages here, {BATCH} there: whole" in told
    assert f"{5 * BATCH} messages here, {5 * BATCH} there: whole" in told
    assert "copied 3000 points in this run" in told
    assert "copied 0 points in this run" in copy()
    assert stored(server) == 6 * BATCH
    with closing(history.store(server)) as store:
        store.expire(CLOCK.now() + ago)
    assert copy().startswith("1: ")  # it says so when the other side is not whole
