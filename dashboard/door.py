"""The door of the staff pages: how often a password may be tried, from where, and how many at once.

Theory of operation. Wrong passwords are counted for a client's address and a name together, never
for the account: whoever types wrong passwords at a dispatcher's name locks out themselves, not the
dispatcher. A browser that has signed in before carries a signed device cookie and is counted by
that instead, so that nobody else behind its address can lock it out. A name that does not exist is
counted, checked and told like one that does. (Modelled on OWASP's device cookies.)

Checking a password costs memory and time by purpose. So few are checked at once, known browsers
apart from strangers, a few more wait, and the rest are told to try again. What is counted lives
in this process alone and is bounded; a restart forgets it.
"""

import hashlib
import hmac
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from core import log
from core.clock import Clock
from core.db import Database
from core.errors import Unavailable
from core.ids import new_secret
from dashboard import accounts
from dashboard.accounts import NewSession, Refused

DEVICE_LASTS = timedelta(days=180)
FREE_TRIES = 3
FIRST_LOCK = timedelta(seconds=5)
LONGEST_LOCK = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)
MOST_COUNTED = 20_000  # pairs of address and name
AT_ONCE = 2  # passwords under check, for known browsers and for strangers each
WAITING = 8
WAIT_S = 2.0
_LONGEST_NAME = 64
_INSTANT_DIGITS = 12
_PURPOSE = b"device of a signed-in browser"
_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is at the door: the address that the connection came from, and the device cookie."""

    address: str
    device: str = ""


class Tries:
    """Wrong tries by key, forgotten after an hour; at most MOST_COUNTED keys, the oldest go."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], tuple[int, datetime]] = OrderedDict()

    def begin(self, key: tuple[str, str], now: datetime) -> tuple[bool, datetime | None]:
        """Whether to try now, and until when the key is locked (if this try fails).

        The try counts as failed at once, so that many at the same moment are no way around.
        """
        with self._lock:
            failed, until = self._kept.get(key, (0, now))
            if until > now:
                return False, until
            if now - until > FORGOTTEN_AFTER:
                failed = 0
            failed += 1
            locked = failed >= FREE_TRIES
            if locked:
                doubled = FIRST_LOCK * (1 << min(failed - FREE_TRIES, 16))
                until = now + min(doubled, LONGEST_LOCK)
            else:
                until = now
            self._kept[key] = (failed, until)
            self._kept.move_to_end(key)
            while len(self._kept) > MOST_COUNTED:
                self._kept.popitem(last=False)
            return True, until if locked else None

    def forget(self, key: tuple[str, str]) -> None:
        """The right password was given."""
        with self._lock:
            self._kept.pop(key, None)

    def take_back(self, key: tuple[str, str], now: datetime) -> None:
        """The try was no try: nothing was checked."""
        with self._lock:
            failed, until = self._kept.get(key, (0, None))
            if until is None:
                return
            # A lock that this try brought goes with it: it stood open when the try began.
            self._kept[key] = (failed - 1, min(until, now))


class Room:
    """Room for a few at once; some more wait a moment, the rest are turned away."""

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING) -> None:
        self._inside = threading.BoundedSemaphore(at_once)
        self._queue = threading.BoundedSemaphore(at_once + waiting)

    @contextmanager
    def entered(self, wait_s: float = WAIT_S) -> Iterator[None]:
        """Raises Unavailable("busy") where there is no room in time."""
        if not self._queue.acquire(blocking=False):
            raise Unavailable("many are signing in just now; try again", reason="busy")
        try:
            if not self._inside.acquire(timeout=wait_s):
                raise Unavailable("many are signing in just now; try again", reason="busy")
            try:
                yield
            finally:
                self._inside.release()
        finally:
            self._queue.release()


class Door:
    """Lets people in; one for the process that serves the staff pages."""

    def __init__(self, database: Database, clock: Clock, secret: bytes) -> None:
        self._database = database
        self._clock = clock
        self._secret = hmac.digest(secret, _PURPOSE, "sha256")
        self._tries = Tries()
        self.known = Room()
        self.strangers = Room()

    def sign_in(self, caller: Caller, *, name: str, password: str) -> NewSession | Refused:
        """Begin a session, or say why not; raises Unavailable("busy") when too many try."""
        known = self._knows(caller.device, name)
        key = (caller.device if known else _network(caller.address), name[:_LONGEST_NAME])
        now = self._clock.now()
        may, until = self._tries.begin(key, now)
        if not may:
            return Refused("locked", until)
        try:
            with (self.known if known else self.strangers).entered():
                done = accounts.sign_in(self._database, self._clock, name=name, password=password)
        except Unavailable:
            self._tries.take_back(key, now)
            raise
        if isinstance(done, NewSession):
            self._tries.forget(key)
            return done
        if until is not None:  # without the name, which may be a password typed into its field
            _log.warning("sign_in_slowed_down", until=until.isoformat(), known_browser=known)
            return Refused("locked", until)
        return done

    def device_of(self, name: str) -> str:
        """A fresh device cookie for a browser that has just signed in as `name`."""
        marks = f"{int(self._clock.now().timestamp())}.{new_secret()}"
        return f"{marks}.{self._sign(marks, name)}"

    def _knows(self, device: str, name: str) -> bool:
        marks, _, signature = device.rpartition(".")
        at = marks.partition(".")[0]
        if not (at.isascii() and at.isdecimal() and len(at) <= _INSTANT_DIGITS):
            return False
        made = int(at)
        if not hmac.compare_digest(signature.encode(), self._sign(marks, name).encode()):
            return False
        return self._clock.now().timestamp() - made < DEVICE_LASTS.total_seconds()

    def _sign(self, marks: str, name: str) -> str:
        return hmac.new(self._secret, f"{marks}\n{name}".encode(), hashlib.sha256).hexdigest()


def _network(address: str) -> str:
    """The address, or of an IPv6 one the network that one subscriber has."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(ip_network((found, 64), strict=False))
    return str(found)
