"""The registry in memory, for the processes that look a lift up at every message.

Theory of operation. The newest journal entry of the registry tells that it has changed. A bare
picture is amended by what the journal names: milliseconds. What has to be read whole, is, and where
that is a province on a thread of its own: whoever asks goes on with the picture that it has, and
the interpreter's lock changes hands between them every few milliseconds.
"""

import threading
from functools import partial

from core import log
from core.clock import Clock
from core.db import Database
from core.settling import settling
from devices.directory import Directory, amend_directory, load_directory, registry_version

RELOAD_EVERY_S = 1.0
BESIDE = 5_000  # lifts: from so many on a bare picture is read beside whoever asks

_log = log.get(__name__)


class Registry:
    """The registry in memory, read again when its newest journal entry has moved.

    `bare`: small, and lifts only as their telemetry needs them; so a new picture of a province
    stands beside the old one for 50 MB more, until whoever holds the old one lets it go.
    """

    def __init__(self, database: Database, clock: Clock, *, bare: bool = False) -> None:
        self._database = database
        self._clock = clock
        self._beside = bare
        self._load = partial(load_directory, bare=bare)
        with settling():
            self._directory = database.read(self._load)
        self._looked_at = clock.monotonic()
        self._reading: threading.Thread | None = None
        self._read: Directory | None = None

    def __call__(self) -> Directory:
        """The registry, at most RELOAD_EVERY_S behind, or as long as a province takes to read."""
        now = self._clock.monotonic()
        if now - self._looked_at >= RELOAD_EVERY_S:
            self._looked_at = now
            if self._reading is not None:
                self._take()
            elif self._database.read(registry_version) != self._directory.version:
                self._renew()
        return self._directory

    def _renew(self) -> None:
        amended = self._database.read(partial(amend_directory, known=self._directory))
        if amended is not None:
            self._directory = amended
        elif not self._beside or len(self._directory.lifts_by_id) < BESIDE:
            self._directory = self._database.read(self._load)
        else:
            self._reading = threading.Thread(target=self._read_beside, name="registry", daemon=True)
            self._reading.start()

    def _take(self) -> None:
        """What was read beside, once it is there; what went wrong is begun anew."""
        if self._reading is None or self._reading.is_alive():
            return
        self._reading = None
        if self._read is not None:
            self._directory, self._read = self._read, None

    def _read_beside(self) -> None:
        try:
            self._read = self._database.read(self._load)
        except Exception as error:  # noqa: BLE001  (asked again in a second)
            _log.warning("registry_not_read", error=str(error))
