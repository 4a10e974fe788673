"""Who may sign in at the broker that the hub starts: its password file, kept by the registry.

Theory of operation. Once a second the broker's process asks whether credentials changed. A change
is written when nothing more came for one look, or LATEST after it began, so that a city's
credentials are one new file and not hundreds; mosquitto is then told to read it again, and whoever
is connected by a password that is gone is sent away. Where the database cannot be read, what was
written last goes on: the broker never waits for it.

mosquitto (2.0.11 at least) forgets, when it reads the file again, what those sessions subscribed to
that it kept over its own restart and whose owners have not come back yet. So the hub's lanes are
left SETTLED after its start to come back, before a change is passed on. What a lane that is away
for longer misses until it subscribes again are messages of telemetry; calls are repeated.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import partial
from itertools import chain
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from core import log
from core.clock import Clock
from core.db import Database
from core.errors import Unavailable
from devices import credential_commands
from hub import mosquitto

LOOK = timedelta(seconds=1)
LATEST = timedelta(seconds=15)
SETTLED = timedelta(seconds=15)
_log = log.get(__name__)


class Admittance:
    """The password file of a folder."""

    def __init__(self, file: Path, own: str, database_url: str, clock: Clock) -> None:
        """`own` is the hub's line of it."""
        self._file = file
        self._own = own
        self._open = partial(Database, database_url, readers=1)
        self._database: Database | None = None
        self._clock = clock
        self._written: int | None = None
        self._seen: int | None = None
        self._since = 0.0
        self._look_at = clock.monotonic() + SETTLED.total_seconds()
        self._told = False

    def begin(self) -> None:
        """Write the file before the broker starts; without a database with the gateways it had.

        Leaves no thread behind.
        """
        with self._open() as database:
            if not self._attempt(database, self._write):
                mosquitto.replace(self._file, [self._own, *self._kept()])

    def close(self) -> None:
        """Look no more."""
        if self._database is not None:
            self._database.close()

    def changed(self) -> bool:
        """Whether the file was written anew, so that the broker has to read it."""
        now = self._clock.monotonic()
        if now < self._look_at:
            return False
        self._look_at = now + LOOK.total_seconds()
        if self._database is None:
            self._database = self._open()
        return self._attempt(self._database, self._look)

    def _look(self, connection: Connection) -> bool:
        version = credential_commands.version(connection)
        if version == self._written:
            return False
        now = self._clock.monotonic()
        if self._seen is None or self._seen == self._written:
            self._since = now
        still = version == self._seen
        self._seen = version
        if not still and now - self._since < LATEST.total_seconds():
            return False
        return self._write(connection)

    def _write(self, connection: Connection) -> bool:
        version = credential_commands.version(connection)
        mosquitto.replace(self._file, chain([self._own], lines(connection)))
        self._written = self._seen = version
        _log.info("credentials written", version=version)
        return True

    def _attempt(self, database: Database, act: Callable[[Connection], bool]) -> bool:
        try:
            done = database.read(act)
        except (DBAPIError, Unavailable, OSError) as error:
            if not self._told:
                _log.warning("credentials not read; those of before hold", error=str(error))
            self._told = True
            return False
        self._told = False
        return done

    def _kept(self) -> Iterable[str]:
        try:
            found = self._file.read_text().splitlines(keepends=True)
        except FileNotFoundError:
            return ()
        return [each for each in found if not each.startswith(f"{mosquitto.USER}:")]


def lines(connection: Connection) -> Iterator[str]:
    """The lines of every gateway that may sign in."""
    return (f"{name}:{kept}\n" for name, kept in credential_commands.valid(connection))
