"""Lets contracts take effect: lifts go to the firm whose contract begins, at local midnight.

Theory of operation. What is due follows from the contracts alone, so a restart or a day missed
changes nothing: whoever looks settles all that is not settled. It looks when the local day turns
and when a contract has changed, else it rests. Lifts are found by a read and moved some at a time,
so that a hand-over of thousands holds no rescue up. Who is called within the moments until then,
`alerts.views` asks the contracts themselves.
"""

from functools import partial
from zoneinfo import ZoneInfo

from core.clock import Clock
from core.db import Database
from core.journal import Actor
from devices import register_commands
from devices.days import local_day
from devices.directory import registry_version

AT_ONCE = 20  # lifts of one transaction
CONTRACTS = Actor("engine", "contracts")


class HandOvers:
    """Moves lifts on the day. `run_once` is called again and again by a loop of the hub's."""

    def __init__(self, database: Database, clock: Clock, zone: ZoneInfo) -> None:
        self._database = database
        self._clock = clock
        self._zone = zone
        self._settled: object = None  # the day, and the newest contract then

    def run_once(self) -> int:
        """Move a few lifts that are due; answers how many."""
        now = self._clock.now()
        today = local_day(now, self._zone)
        newest = self._database.read(partial(registry_version, kinds=("contract",)))
        if self._settled == (today, newest):
            return 0
        due = self._database.read(partial(register_commands.unsettled, today=today, limit=AT_ONCE))
        if not due:
            self._settled = (today, newest)
            return 0
        return self._database.write(
            lambda c: register_commands.settle_contracts(c, today, now, CONTRACTS, among=due)
        )
