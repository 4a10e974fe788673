"""What processes cost, and how far a consumer is: by the kernel's own books.

Acknowledged messages are counted from outside: the bytes that the broker's side of the consumer's
connection has received, four a PUBACK. So every consumer is measured alike and none pays for it.
"""

import csv
import json
import os
import re
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.support.influx import Influx
from tests.support.wait import wait_until

_TICKS = os.sysconf("SC_CLK_TCK")
# 2.7 tells points in `count` and requests in `sum`.
_WRITTEN = re.compile(rb"^storage_shard_write_count\{[^}]*\} ([0-9.e+]+)$", re.MULTILINE)
_COUNTED = re.compile(r"(bytes_received|data_segs_in|bytes_acked):([0-9]+)")
PUBACK = 4
SUBSCRIBED = 9  # bytes: a CONNACK and a SUBACK


def cpu_s(pid: int) -> float:
    """CPU of a process so far, of all its threads."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / _TICKS


def resident_mb(pid: int) -> float:
    """What a process holds of memory."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0


class Counted(NamedTuple):
    """What a server has of a connection: bytes received, in how many pieces, and bytes taken."""

    received: int
    pieces: int
    taken: int


def connections(port: int) -> dict[int, Counted]:
    """Connections to a server on `port`, by the client's port."""
    told = subprocess.run(
        ["ss", "-tinH", "state", "established", "sport", "=", f":{port}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found: dict[int, Counted] = {}
    client = 0
    for line in told.splitlines():
        if not line[0].isspace():
            client = int(line.split()[-1].rpartition(":")[2])
            continue
        figures = dict(_COUNTED.findall(line))
        names = ("bytes_received", "data_segs_in", "bytes_acked")
        found[client] = Counted(*(int(figures.get(name, 0)) for name in names))
    return found


@dataclass
class Link:
    """A consumer's connection, and what it had sent before messages came."""

    port: int
    client: int
    before: int

    def acknowledged(self) -> int:
        """Messages that the consumer has acknowledged."""
        return (connections(self.port)[self.client].received - self.before) // PUBACK

    def pieces(self) -> int:
        """In how many pieces it has sent everything."""
        return connections(self.port)[self.client].pieces


def subscribed(port: int, timeout_s: float = 60) -> Link:
    """The one consumer at the broker; waits until its subscription is answered."""

    def answered() -> list[Link]:
        there = connections(port).items()
        return [Link(port, c, link.received) for c, link in there if link.taken >= SUBSCRIBED]

    (link,) = wait_until(answered, what="a subscriber", timeout_s=timeout_s, every_s=0.1)
    return link


def written(server: Influx) -> int:
    """Points that InfluxDB has been handed.

    It counts a write before it does it, so that the newest (5,000 a load of the hub's) may not be
    found by a query yet: a point is there for sure when its write is answered.
    """
    return sum(int(float(n)) for n in _WRITTEN.findall(server.ask("/metrics")))


def queried(server: Influx) -> int:
    """Points that a query finds, each with one `seq`."""
    flux = (
        f'from(bucket: "{server.bucket}") |> range(start: 2020-01-01T00:00:00Z)'
        ' |> filter(fn: (r) => r._field == "seq") |> group() |> count()'
    )
    asked = {"query": flux, "type": "flux", "dialect": {"annotations": []}}
    answer = server.ask(f"/api/v2/query?org={server.org}", post=json.dumps(asked).encode())
    counted = [row["_value"] for row in csv.DictReader(answer.decode().split())]
    return int(counted[0]) if counted else 0


def kept_waiting_s(pid: int) -> float:
    """How long threads of a process could have run, and others had the cores."""
    waited = 0
    for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with suppress(FileNotFoundError):  # a thread that has ended meanwhile
            waited += int(file.read_text().split()[1])
    return waited / 1e9
