"""A real mosquitto broker for a test: own port, own folder, ended with the test."""

import getpass
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.ports import free_port
from tests.support.wait import wait_until

_CONFIGURATION = """\
listener {port} 127.0.0.1
{doors}
persistence true
persistence_location {folder}/
autosave_on_changes false
autosave_interval 1
max_queued_messages {queued}
max_inflight_messages {inflight}
user {user}
log_type all
log_dest file {folder}/mosquitto.log
"""


def find() -> str | None:
    """Where mosquitto is; Debian keeps it outside an ordinary user's PATH."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


@dataclass
class Broker:
    """A broker that can be killed and started again on the same port with the same folder."""

    folder: Path
    port: int
    host: str = "127.0.0.1"
    users: Mapping[str, str] = field(default_factory=dict, repr=False)  # none: everybody may
    queued: int = 100_000  # messages that wait for one who is away, or slow
    inflight: int = 1_000
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        program = find()
        assert program is not None, "mosquitto is not installed"
        configuration = self.folder / "mosquitto.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                port=self.port,
                folder=self.folder,
                user=getpass.getuser(),
                doors=self._doors(),
                queued=self.queued,
                inflight=self.inflight,
            )
        )
        self._process = subprocess.Popen([program, "-c", str(configuration)])
        wait_until(self._answers, what="mosquitto to listen")

    def _doors(self) -> str:
        if not self.users:
            return "allow_anonymous true"
        file = self.folder / "users"
        file.touch(mode=0o600)
        for name, password in self.users.items():
            subprocess.run(["mosquitto_passwd", "-b", str(file), name, password], check=True)
        return f"allow_anonymous false\npassword_file {file}"

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def publish(self, topic: str, payload: str | bytes, qos: int = 1) -> None:
        """By the real client."""
        data = payload.encode() if isinstance(payload, str) else payload
        subprocess.run(
            ["mosquitto_pub", *self._client, "-t", topic, "-q", str(qos), "-s"],
            input=data,
            check=True,
            timeout=10,
        )

    def listen(self, topic: str, count: int = 1) -> subprocess.Popen[str]:
        """mosquitto_sub, already subscribed; it ends by itself after `count` messages or 15 s."""
        name = f"listener-{free_port()}"
        command = ["mosquitto_sub", "-i", name, "-q", "1", "-W", "15", "-C", str(count)]
        sub = subprocess.Popen(
            [*command, *self._client, "-t", topic], stdout=subprocess.PIPE, text=True
        )
        log = self.folder / "mosquitto.log"
        wait_until(lambda: f"SUBACK to {name}" in log.read_text(), what="the subscription")
        return sub

    def break_off(self, topic: str, will: bytes) -> None:
        """A device connects, leaves its will with the broker, and dies without a word."""
        name = f"device-{free_port()}"
        command = ["mosquitto_sub", "-i", name, "-t", f"nothing/{name}", *self._client]
        device = subprocess.Popen(
            [*command, "--will-topic", topic, "--will-qos", "1", "--will-payload", will.decode()]
        )
        log = self.folder / "mosquitto.log"
        wait_until(lambda: f"SUBACK to {name}" in log.read_text(), what="the device's connection")
        device.kill()
        device.wait()

    @property
    def _client(self) -> list[str]:
        return ["-h", self.host, "-p", str(self.port)]

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((self.host, self.port)) == 0


def heard(sub: subprocess.Popen[str]) -> list[str]:
    """The payloads that a `listen` got, once it has ended."""
    out, _ = sub.communicate(timeout=20)
    return [line for line in out.splitlines() if line.startswith("{")]


@contextmanager
def running(
    folder: Path,
    users: Mapping[str, str] | None = None,
    *,
    queued: int = 100_000,
    inflight: int = 1_000,
) -> Iterator[Broker]:
    """A broker in `folder` for the time of the block; with `users` nobody else may come in."""
    folder.mkdir(parents=True, exist_ok=True)
    broker = Broker(folder, free_port(), users=users or {}, queued=queued, inflight=inflight)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()
