"""mosquitto as it is fastest: no saving, no rules, no limit of what waits; for benchmarks."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import mosquitto
from tests.support.ports import free_port
from tests.support.wait import wait_until

IN_FLIGHT = 20_000


class Fast(mosquitto.Broker):
    """The broker is not what is measured."""

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        program = mosquitto.find()
        assert program is not None
        file = self.folder / "mosquitto.conf"
        file.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
            f"max_queued_messages 0\nmax_inflight_messages {IN_FLIGHT}\nlog_dest none\n"
        )
        self._process = subprocess.Popen([program, "-c", str(file)])
        wait_until(self._answers, what="mosquitto to listen")


@contextmanager
def running(folder: Path) -> Iterator[Fast]:
    """A broker for the time of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    broker = Fast(folder, free_port())
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()
