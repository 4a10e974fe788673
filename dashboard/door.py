"""The door of the staff pages: how often a password may be tried, from where, and how many at once.

Theory of operation. Wrong passwords are counted for a client's address and a name together, never
for the account: whoever types wrong passwords at a dispatcher's name locks out themselves, not the
dispatcher. A browser that has signed in before carries a signed device cookie and is counted by
that instead, so that nobody else behind its address can lock it out. A name that does not exist is
counted, checked and told like one that does. (Modelled on OWASP's device cookies.)

Checking a password costs memory and time by purpose. So few are checked at once, known browsers
apart from strangers, a few more wait, and the rest are told to try again. What is counted stands
in the database (`dashboard.tries`): it holds for every page process, and over a restart.

Who has a second factor is given a ticket for the right password, and a session for ticket and code.
"""

import hashlib
import hmac
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from ipaddress import IPv6Address, ip_address, ip_network

from core import log
from core.clock import Clock
from core.db import Database
from core.errors import NotFound, Unavailable
from core.ids import new_secret
from dashboard import accounts, second_factor
from dashboard.accounts import Account, NewSession, Refused
from dashboard.tries import Tries

DEVICE_LASTS = timedelta(days=180)
TICKET_LASTS = timedelta(minutes=5)
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
    browser: str = ""


@dataclass(frozen=True, slots=True)
class CodeNeeded:
    """The password was right; `ticket` says so for a few minutes, and a code is still wanted."""

    ticket: str


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
        self._tries = Tries(database)
        self.seal = second_factor.Seal(secret)
        self.known = Room()
        self.strangers = Room()

    def sign_in(
        self, caller: Caller, *, name: str, password: str
    ) -> NewSession | CodeNeeded | Refused:
        """Begin a session, or say what is wanting; raises Unavailable("busy") when too many try."""
        known = self._knows(caller.device, name)
        key = self._key(caller, name, known=known)
        now = self._clock.now()
        if until := self._tries.locked(key, now):
            return Refused("locked", until)
        with (self.known if known else self.strangers).entered():
            may, until = self._tries.begin(key, now)
            if not may:
                return Refused("locked", until)
            found = accounts.verified(self._database, name=name, password=password)
        if isinstance(found, Account):
            self._tries.forget(key)
            if self._database.read(partial(second_factor.enrolled, account_id=found.id)):
                return CodeNeeded(self._ticket(found.name))
            return self._begin(caller, found)
        return self._slowed(until, known=known) or found

    def second_step(self, caller: Caller, *, ticket: str, code: str) -> NewSession | Refused:
        """Take the code of the second factor; tries are counted for the account.

        Only who knows the password comes so far, so nobody else can lock the account's codes.
        """
        name = self._name_on(ticket)
        now = self._clock.now()
        if name is None:
            return Refused("over")
        try:
            account = self._database.read(partial(accounts.account_by_name, name=name))
        except NotFound:
            return Refused("over")
        known = self._knows(caller.device, name)
        key = ("code", caller.device if known else "", name)
        with (self.known if known else self.strangers).entered():
            may, until = self._tries.begin(key, now)
            if not may:
                return Refused("locked", until)
            right = self._database.write(
                lambda c: second_factor.check(
                    c, self.seal, account_id=account.id, name=name, code=code, now=now
                )
            )
        if right:
            self._tries.forget(key)
            return self._begin(caller, account)
        return self._slowed(until, known=known) or Refused("wrong_code")

    def counted(self, name: str, work: Callable[[], bool]) -> bool:
        """Do `work`, which checks a code of `name`, as one counted try; locked is as wrong."""
        key, now = ("code", "", name), self._clock.now()
        if not self._tries.begin(key, now)[0]:
            return False
        if right := work():
            self._tries.forget(key)
        return right

    def _begin(self, caller: Caller, account: Account) -> NewSession:
        return accounts.begin_session(
            self._database,
            self._clock,
            account=account,
            address=caller.address,
            browser=caller.browser,
        )

    def _slowed(self, until: datetime | None, *, known: bool) -> Refused | None:
        if until is None:
            return None
        # Without the name, which may be a password typed into its field.
        _log.warning("sign_in_slowed_down", until=until.isoformat(), known_browser=known)
        return Refused("locked", until)

    def _key(self, caller: Caller, name: str, *, known: bool) -> tuple[str, ...]:
        return (caller.device if known else _network(caller.address), name[:_LONGEST_NAME])

    def _ticket(self, name: str) -> str:
        marks = f"{int(self._clock.now().timestamp())}.{new_secret()}.{name}"
        return f"{marks}.{self._sign(marks, 'ticket')}"

    def _name_on(self, ticket: str) -> str | None:
        marks, _, signature = ticket.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(marks, "ticket").encode()):
            return None
        at, _, rest = marks.partition(".")
        fresh = self._clock.now().timestamp() - int(at) < TICKET_LASTS.total_seconds()
        return rest.partition(".")[2] if fresh else None

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
