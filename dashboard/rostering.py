"""What pages and interface of rosters share: whose may be seen, and every change by its words."""

from datetime import date, time
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator
from sqlalchemy import Connection

from core.journal import Actor
from dashboard import sight
from dashboard.api.schemas import Taken
from dashboard.deps import AppContext
from dashboard.scope import Scope
from devices.days import local_day
from devices.roster import EVERY_DAY, Leave, OnHolidays, Rota, Shift, Swap
from devices.rosters import commands, queries
from devices.rosters.commands import MOST_DAYS, MOST_NEEDED, Change
from devices.rosters.model import OwnerKind, Person


def _whole_minutes(value: time) -> time:
    if value.tzinfo is not None or value.second or value.microsecond:
        raise ValueError("a wall-clock time in whole minutes, such as 20:00")
    return value


Number = Annotated[str, Field(pattern=r"^[\w-]{1,32}$", examples=["001"])]
ShiftName = Annotated[str, Field(min_length=1, max_length=32, examples=["夜班"])]
Clock = Annotated[time, AfterValidator(_whole_minutes)]
Why = Annotated[str, Field(max_length=500)]


class ChangeIn(Taken):
    """Every change may name the version it was decided on, and why."""

    version: Annotated[int | None, Field(description="refuse with 409 stale_version")] = None
    reason: Why = ""


class TermsIn(ChangeIn):
    """How many people must be on duty at any time (0: no gap is told), and the holidays."""

    needed: Annotated[int, Field(ge=0, le=MOST_NEEDED, examples=[1])]
    holidays: Annotated[list[date], Field(max_length=MOST_DAYS)] = Field(default_factory=list)

    def keep(self, connection: Connection, change: Change) -> int:
        """Keep it; answers the new version."""
        return commands.set_terms(connection, change, self.needed, self.holidays)


class RotaIn(ChangeIn):
    """One person works one shift from a day on.

    A shift that ends at or before it begins ends on the next day.
    """

    person: Number
    name: Annotated[str, Field(max_length=64)] = ""
    phone: Annotated[str, Field(pattern=r"^([0-9+() -]{3,32})?$")] = ""
    shift: ShiftName
    begins: Clock = Field(examples=["20:00"])
    ends: Clock = Field(examples=["08:00"])
    first: date
    last: date | None = None
    every: Annotated[int, Field(ge=1, le=60, description="every so many days")] = 1
    weekdays: Annotated[
        str, Field(pattern="^[1-7]{0,7}$", description="from 1 (Monday) to 7; empty: all")
    ] = ""
    on_holidays: OnHolidays = OnHolidays.AS_USUAL

    def keep(self, connection: Connection, change: Change) -> int:
        """Keep it; answers the new version."""
        rota = Rota(
            Shift(self.shift, self.begins, self.ends),
            (self.person,),
            self.first,
            self.last,
            self.every,
            frozenset(int(digit) - 1 for digit in self.weekdays) or EVERY_DAY,
            self.on_holidays,
        )
        told = Person(self.person, self.name, self.phone) if self.name or self.phone else None
        return commands.add_rota(connection, change, rota, told)


class EndRotaIn(ChangeIn):
    """The last day on which it is worked, yesterday at the earliest."""

    rota: int
    last: date

    def keep(self, connection: Connection, change: Change) -> int:
        """Keep it; answers the new version."""
        return commands.end_rota(connection, change, self.rota, self.last)


class SwapIn(ChangeIn):
    """In the shift that begins on that day, one works in the other's place."""

    day: date
    shift: ShiftName
    leaves: Number
    takes: Number

    def keep(self, connection: Connection, change: Change) -> int:
        """Keep it; answers the new version."""
        swap = Swap(self.day, self.shift, self.leaves, self.takes)
        return commands.add_swap(connection, change, swap)


class LeaveIn(ChangeIn):
    """Whole days on which a person is away, both included."""

    person: Number
    first: date
    last: date
    stand_in: Annotated[str | None, Field(pattern=r"^[\w-]{1,32}$")] = None

    def keep(self, connection: Connection, change: Change) -> int:
        """Keep it; answers the new version."""
        leave = Leave(self.person, self.first, self.last, self.stand_in)
        return commands.add_leave(connection, change, leave)


class WithdrawIn(ChangeIn):
    """A swap, or a leave, that is not to be."""

    swap: int | None = None
    leave: int | None = None

    @model_validator(mode="after")
    def one_of_the_two(self) -> Self:
        """Refuse both and neither."""
        if (self.swap is None) == (self.leave is None):
            raise ValueError("name a swap or a leave")
        return self

    def keep(self, connection: Connection, change: Change) -> int:
        """Keep it; answers the new version."""
        if self.swap is not None:
            return commands.withdraw_swap(connection, change, self.swap)
        return commands.end_leave(connection, change, self.leave or 0)


AnyIn = TermsIn | RotaIn | EndRotaIn | SwapIn | LeaveIn | WithdrawIn


def keep(
    context: AppContext, scope: Scope, actor: Actor, kind: OwnerKind, code: str, told: AnyIn
) -> int:
    """Change a roster that the account may see, in one transaction; answers the new version."""

    def write(connection: Connection) -> int:
        whose = queries.owner(connection, kind, code, sight.rosters(scope))
        now = context.clock.now()
        today = local_day(now, context.zone)
        change = Change(whose, now, today, actor, told.version, told.reason)
        return told.keep(connection, change)

    return context.database.write(write)
