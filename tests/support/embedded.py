"""The embedded broker for a test, as the hub configures it; ended with the test."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hub import broker as ladder
from hub.folder import DataFolder
from hub.proof.ports import unused_port
from tests.support.wait import wait_until

_SEGMENT = "max_segment_size = 104857600"


@dataclass
class Broker:
    """rumqttd with MQTT 3.1.1 on `port` and MQTT 5 on the next."""

    folder: DataFolder
    port: int
    host: str = "127.0.0.1"
    segment: int | None = None  # bytes of each of the four that hold what waits; None: as ever
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        self.folder.broker.mkdir(parents=True, exist_ok=True)
        file = ladder._embedded_file(self.folder, self.port)
        if self.segment is not None:
            told = file.read_text()
            assert _SEGMENT in told
            file.write_text(told.replace(_SEGMENT, f"max_segment_size = {self.segment}"))
        self._process = subprocess.Popen([sys.executable, "-c", ladder._EMBEDDED, str(file)])
        for port in (self.port, self.port + 1):
            wait_until(lambda port=port: self._answers(port), what="rumqttd to listen")  # type: ignore[misc]

    def kill(self) -> None:
        """It forgets everything: its sessions stand in memory."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def _answers(self, port: int) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((self.host, port)) == 0


@contextmanager
def running(folder: Path, *, segment: int | None = None) -> Iterator[Broker]:
    """A broker in `folder` for the time of the block."""
    broker = Broker(DataFolder(folder), unused_port(2), segment=segment)
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()
