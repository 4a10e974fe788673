"""A publisher that is not the bottleneck: packets made beforehand, sent over raw sockets.

`Firehose` starts it as a process of its own, so that its CPU can be told from that of others. Every
lift speaks in turn, at QoS 1, its gateway's numbers in order on one connection, and no two messages
of a lift carry the same millisecond. It makes everything, waits for a line, and sends: flat out
within a window of unacknowledged messages, or at a rate.
"""

import json
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from tests.support.province import AREA

SLICE = 50  # messages that are sent as one piece
WINDOW = 4_000  # unacknowledged messages of a connection
PER_MS = 200  # how fast devices seem to speak
ACCEPTED = 4  # bytes of a CONNACK
PUBACK = 4


@dataclass(frozen=True)
class Told:
    """What is published: by how many lifts, how many messages, each new or all the same."""

    lifts: int
    messages: int
    changing: bool = True
    rate: int = 0  # a second; 0: flat out
    connections: int = 4
    first: int = 0  # the number of the first message, where others were published before
    ago_ms: int = 0  # since the last of them happened, so that what is said later happens later


@dataclass
class Speaker:
    """One connection and what it has to say."""

    link: socket.socket
    slices: list[bytes]
    last: int  # messages in the last slice
    sent: int = 0
    acknowledged: int = 0
    left: memoryview = field(default_factory=lambda: memoryview(b""))

    @property
    def messages(self) -> int:
        """How many it has to say."""
        return (len(self.slices) - 1) * SLICE + self.last

    def send(self) -> None:
        """As much of the slice under way as the socket takes."""
        if not self.left:
            self.left = memoryview(self.slices[self.sent])
            self.sent += 1
        self.left = self.left[self.link.send(self.left) :]

    def hear(self) -> None:
        """Count what the broker has taken."""
        data = self.link.recv(1 << 16)
        if not data:
            raise ConnectionError("the broker has closed")
        self.acknowledged += len(data)

    def wants(self, allowed: float) -> bool:
        """Whether there is something that may be sent now."""
        if self.left:
            return True
        due = min(allowed, self.acknowledged // PUBACK + WINDOW)
        return self.sent < len(self.slices) and self.sent * SLICE < due

    @property
    def done(self) -> bool:
        """Whether the broker has everything."""
        return self.acknowledged >= self.messages * PUBACK


def packet(lift: int, nth: int, ts: int, mid: int, *, changing: bool) -> bytes:
    """A status of 13 fields in a PUBLISH at QoS 1, as a gateway sends it."""
    topic = b"lift/v1/%b/GW-%06d/status" % (AREA.encode(), lift)
    floor = nth % 17 if changing else 3
    payload = (
        b'{"ts":%d,"seq":%d,"boot":"b%d","lift":"%06d","mode":"normal","car":"running",'
        b'"direction":"up","floor":%d,"door":"closed","door_zone":false,"occupied":true,'
        b'"speed_m_s":1.75,"load_kg":%d}'
    ) % (ts, nth + 1, lift, lift, floor, 75 + (nth % 5) * 75 if changing else 75)
    length = 2 + len(topic) + 2 + len(payload)
    head = bytes((0x32, length & 127 | 128, length >> 7))
    return b"%b%b%b%b%b" % (
        head,
        len(topic).to_bytes(2, "big"),
        topic,
        mid.to_bytes(2, "big"),
        payload,
    )


def speakers(port: int, told: Told) -> list[Speaker]:
    """Connected, with everything made."""
    now_ms = time.time_ns() // 1_000_000
    from_ms = now_ms - told.ago_ms - told.messages // PER_MS
    found = []
    for number in range(told.connections):
        mine = range(number + 1, told.lifts + 1, told.connections)
        share = told.messages * len(mine) // told.lifts
        packets = [
            packet(
                mine[n % len(mine)],
                told.first + n // len(mine),
                from_ms + n * told.connections // PER_MS,
                n % 65_000 + 1,
                changing=told.changing,
            )
            for n in range(share)
        ]
        slices = [b"".join(packets[at : at + SLICE]) for at in range(0, share, SLICE)]
        link = socket.create_connection(("127.0.0.1", port))
        name = f"firehose-{number}".encode()
        body = b"\x00\x04MQTT\x04\x02\x00\x00" + len(name).to_bytes(2, "big") + name
        link.sendall(bytes((0x10, len(body))) + body)
        if link.recv(ACCEPTED) != b"\x20\x02\x00\x00":
            raise ConnectionError("the broker has refused")
        link.setblocking(False)  # noqa: FBT003  (its only signature)
        found.append(Speaker(link, slices, (share - 1) % SLICE + 1))
    return found


def publish(speaking: list[Speaker], rate: int) -> float:
    """Send everything; seconds until the broker had it."""
    began = time.perf_counter()
    total = sum(each.messages for each in speaking)
    while not all(each.done for each in speaking):
        at = (time.perf_counter() - began) * rate / total if rate else 1.0
        sending = [each.link for each in speaking if each.wants(at * each.messages)]
        reading = [each.link for each in speaking]
        readable, writable, _ = select.select(reading, sending, [], 0.005)
        for each in speaking:
            if each.link in readable:
                each.hear()
            if each.link in writable:
                each.send()
    return time.perf_counter() - began


class Firehose:
    """The process as its parent sees it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.pid = process.pid

    def go(self) -> None:
        """Let it flow."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    @property
    def flows(self) -> bool:
        """Whether the broker has not everything yet."""
        assert self._process.stdout is not None
        return not select.select([self._process.stdout], [], [], 0)[0]

    def seconds(self) -> float:
        """Waits for the end; how long the broker took for everything."""
        assert self._process.stdout is not None
        seconds: float = json.loads(self._process.stdout.readline())["seconds"]
        return seconds


@contextmanager
def ready(port: int, told: Told) -> Iterator[Firehose]:
    """A publisher that has made everything and waits for `go`."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.firehose", str(port), json.dumps(asdict(told))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield Firehose(process)
        finally:
            process.kill()


def main(port: str, told: str) -> None:
    """Make, wait, send, tell, and stay until told to go."""
    wanted = Told(**json.loads(told))
    speaking = speakers(int(port), wanted)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    seconds = publish(speaking, wanted.rate)
    sys.stdout.write(json.dumps({"seconds": seconds}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
