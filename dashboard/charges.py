"""The accounts in somebody's charge: whom an account may look after, and what it does to them.

An administrator looks after everybody; a firm's administrator after the team leaders and
technicians of the own firm. Who is not in one's charge is "not found". Nobody acts on the own
account here: that would be a way around the own password and second factor (`/account`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, func, or_, select

from core.errors import Conflict, InvalidMessage, NotFound
from core.journal import Actor
from dashboard import roster, tables
from dashboard.access import FIRM_ROLES, Role, made_by
from dashboard.accounts import Account
from dashboard.scope import Scope
from devices import queries
from devices.tables import firm as firm_table
from devices.tables import station as station_table
from devices.tables import use_unit as unit_table

PART = 400
LONGEST_REASON = 200
_A = tables.account.c
_WITHOUT_AREA = FIRM_ROLES | {
    Role.STATION,
    Role.USE_UNIT,
    Role.ADMINISTRATOR,
    Role.PROVINCE_SUPERVISOR,
}


class Act(StrEnum):
    """What is done to somebody's account, each after a look at its consequences."""

    RESET = "reset"
    DISABLE = "disable"
    FACTOR = "factor"
    MOVE = "move"


class State(StrEnum):
    """How an account stands."""

    ENABLED = "enabled"
    ONE_TIME = "one_time"  # its password was set for it and is not changed yet
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which accounts of those in `keeper`'s charge; what is empty narrows nothing."""

    keeper: Account
    text: str = ""
    role: str = ""
    state: str = ""

    def clauses(self) -> list[ColumnElement[bool]]:
        """What is asked of a row."""
        asked = in_charge_of(self.keeper)
        for word in self.text.split():
            asked.append(
                or_(
                    _A.name.contains(word, autoescape=True),
                    _A.display_name.contains(word, autoescape=True),
                )
            )
        if self.role:
            asked.append(_A.role == self.role)
        match self.state:
            case State.ENABLED:
                asked += [_A.disabled_at.is_(None), ~_A.must_change_password]
            case State.ONE_TIME:
                asked += [_A.disabled_at.is_(None), _A.must_change_password]
            case State.DISABLED:
                asked.append(_A.disabled_at.is_not(None))
            case _:
                pass
        return asked


@dataclass(frozen=True, slots=True)
class Charge:
    """An account as its keeper sees it; `where` and `owner` are code and name of what it sees."""

    name: str
    display_name: str
    role: Role
    scope: Scope
    where: str
    owner: str
    state: State
    demo: bool
    factor: bool
    tokens: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A role and the codes that were typed for it; those that the role has no use for are left."""

    role: Role
    area: str = ""
    firm: str = ""
    station: str = ""
    use_unit: str = ""

    def scope(self, connection: Connection) -> Scope:
        """The scope that they name; raises NotFound."""
        role = self.role
        return roster.scope_by_codes(
            connection,
            area="" if role in _WITHOUT_AREA else self.area,
            firm=self.firm if role in FIRM_ROLES else "",
            station=self.station if role is Role.STATION else "",
            use_unit=self.use_unit if role is Role.USE_UNIT else "",
        )


def in_charge_of(keeper: Account) -> list[ColumnElement[bool]]:
    """What an account row has to be for `keeper` to look after it."""
    asked: list[ColumnElement[bool]] = [_A.role.in_(made_by(keeper.role))]
    if keeper.role is not Role.ADMINISTRATOR:
        asked.append(_A.firm_id == (keeper.scope.firm_id or 0))
    return asked


def names(
    connection: Connection,
    wanted: Wanted,
    *,
    order: str = "name",
    descending: bool = False,
    limit: int,
    offset: int = 0,
) -> list[str]:
    """The name of every account that `wanted` lets through; `order`: name, role or made."""
    by = {"name": _A.name, "role": _A.role, "made": _A.created_at}[order]
    asked = select(_A.name).where(*wanted.clauses())
    asked = asked.order_by(by.desc() if descending else by.asc(), _A.name)
    return list(connection.execute(asked.limit(limit).offset(offset)).scalars())


def count(connection: Connection, wanted: Wanted) -> int:
    """How many accounts `wanted` lets through."""
    asked = select(func.count()).select_from(tables.account).where(*wanted.clauses())
    return connection.execute(asked).scalar_one()


def rows(connection: Connection, keeper: Account, keys: Sequence[str]) -> list[Charge]:
    """The accounts of those names in `keeper`'s charge, in that order."""
    t, s = tables.api_token.c, tables.second_factor.c
    f, p, u = firm_table.c, station_table.c, unit_table.c
    held = select(func.count()).where(t.account_id == _A.id).correlate(tables.account)
    query = (
        select(
            tables.account,
            func.coalesce(f.code, p.code, u.code, "").label("code"),
            func.coalesce(f.name, p.name, u.name, "").label("owner"),
            s.confirmed_at.is_not(None).label("factor"),
            held.scalar_subquery().label("tokens"),
        )
        .outerjoin(firm_table, f.id == _A.firm_id)
        .outerjoin(station_table, p.id == _A.station_id)
        .outerjoin(unit_table, u.id == _A.use_unit_id)
        .outerjoin(tables.second_factor, s.account_id == _A.id)
        .where(*in_charge_of(keeper))
    )
    found: dict[str, Charge] = {}
    for start in range(0, len(keys), PART):
        for row in connection.execute(query.where(_A.name.in_(keys[start : start + PART]))):
            opened = State.ONE_TIME if row.must_change_password else State.ENABLED
            found[row.name] = Charge(
                row.name,
                row.display_name,
                Role(row.role),
                Scope(row.area, row.firm_id, row.station_id, row.use_unit_id),
                row.area or row.code,
                row.owner,
                opened if row.disabled_at is None else State.DISABLED,
                row.demo,
                bool(row.factor),
                row.tokens,
                row.created_at,
            )
    return [found[key] for key in keys if key in found]


def one(connection: Connection, keeper: Account, name: str) -> Charge:
    """The account of that name, where it is in `keeper`'s charge; raises NotFound."""
    found = rows(connection, keeper, [name])
    if not found:
        raise NotFound("account", name)
    return found[0]


def add(
    connection: Connection,
    *,
    keeper: Account,
    name: str,
    display_name: str,
    place: Place,
    password_hash: str,
    reason: str,
    now: datetime,
    actor: Actor,
) -> None:
    """Make an account that `keeper` may look after, with a password to change at first use.

    Raises InvalidMessage, NotFound or Conflict naming what is wrong.
    """
    scope = _within(connection, keeper, place)
    roster.add(
        connection,
        name=name,
        display_name=display_name,
        role=place.role,
        scope=scope,
        password_hash=password_hash,
        reason=why(reason),
        now=now,
        actor=actor,
    )


def act(
    connection: Connection,
    *,
    keeper: Account,
    name: str,
    what: Act,
    reason: str,
    now: datetime,
    actor: Actor,
    password_hash: str = "",
    place: Place | None = None,
) -> None:
    """Do `what` to the account; all its sessions end.

    Raises NotFound for one that is in somebody else's charge, and Conflict or InvalidMessage.
    """
    one(connection, keeper, name)
    if name == keeper.name:
        raise Conflict("own_account", "nobody does this to the own account: see /account")
    told = why(reason)
    match what:
        case Act.RESET:
            roster.reset(
                connection,
                name=name,
                password_hash=password_hash,
                now=now,
                actor=actor,
                reason=told,
            )
        case Act.DISABLE:
            roster.disable(connection, name=name, now=now, actor=actor, reason=told)
        case Act.FACTOR:
            if not roster.remove_second_factor(
                connection, name=name, reason=told, now=now, actor=actor
            ):
                raise Conflict("no_factor", f"{name} has no second factor")
        case Act.MOVE:
            if place is None:
                raise InvalidMessage("bad_field", "names a role", field="role")
            scope = _within(connection, keeper, place)
            roster.move(
                connection,
                name=name,
                role=place.role,
                scope=scope,
                now=now,
                actor=actor,
                reason=told,
            )


def why(reason: str) -> str:
    """The reason as it is journalled; raises InvalidMessage where there is none."""
    said = " ".join(reason.split())
    if not said or len(said) > LONGEST_REASON:
        said = f"1 to {LONGEST_REASON} characters: why"
        raise InvalidMessage("bad_field", said, field="reason")
    return said


def _within(connection: Connection, keeper: Account, place: Place) -> Scope:
    """The scope asked for; a firm's administrator gives away nothing but the own firm's."""
    if place.role not in made_by(keeper.role):
        raise InvalidMessage("bad_field", "not a role that you may give", field="role")
    if keeper.role is Role.ADMINISTRATOR:
        return place.scope(connection)
    return Scope(firm_id=keeper.scope.firm_id)


def codes(connection: Connection) -> dict[str, list[tuple[str, str]]]:
    """Code and name of every firm and station, for an administrator to choose from."""
    return {
        "firms": [(each.code, each.name) for each in queries.firms(connection)],
        "stations": [(each.code, each.name) for each in queries.stations(connection)],
    }
