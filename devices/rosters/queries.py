"""Questions to the rosters; every one takes an open connection.

Whose rosters somebody may see is a `RosterSight`, asked in the query.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Select, func, literal, or_, select

from core.errors import NotFound
from devices import reach, tables
from devices.days import ONE_DAY, local_day
from devices.roster import AHEAD, Gap, OnDuty, gaps, on_duty
from devices.rosters import store
from devices.rosters.model import KeptRoster, Owner, OwnerKind
from devices.store import AnyRow

_CITY = 4  # digits of a division's code that name its city


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterSight:
    """What is empty narrows nothing; `nobody` sees none.

    within: stations of that city (a district's seats see their city's), firms that maintain a lift
    within, and their teams. A team's leader sees the own team; station and firm see their own.
    """

    within: str = ""
    station_id: int | None = None
    firm_id: int | None = None
    team_id: int | None = None
    nobody: bool = False

    def clauses(self, kind: OwnerKind) -> list[ColumnElement[bool]]:
        """What is asked of a row of that kind's table."""
        own = {self.station_id, self.firm_id, self.team_id} != {None}
        if self.nobody:
            return [literal(value=False)]
        match kind:
            case OwnerKind.STATION:
                c = tables.station.c
                if own:
                    return [c.id == (self.station_id or 0)]
                return [c.area.in_((self.within, f"{self.within[:_CITY]}00"))] * bool(self.within)
            case OwnerKind.FIRM:
                return self._firms(tables.firm.c.id, own=own)
            case OwnerKind.TEAM:
                t = tables.firm_team.c
                if self.team_id is not None:
                    return [t.id == self.team_id]
                return self._firms(t.firm_id, own=own)

    def _firms(self, column: ColumnElement[int], *, own: bool) -> list[ColumnElement[bool]]:
        if own:
            return [column == (self.firm_id or 0)]
        if not self.within:
            return []
        lift = tables.lift.c
        held = select(lift.firm_id).where(reach.within(self.within, lift))
        return [column.in_(held.where(lift.firm_id.is_not(None)))]


@dataclass(frozen=True, slots=True)
class Standing:
    """An owner's roster as it stands now; `kept` is None where none was begun."""

    owner: Owner
    kept: KeptRoster | None
    on_duty: tuple[OnDuty, ...]
    gap: Gap | None

    @property
    def is_kept(self) -> bool:
        """Whether anybody can say who is on duty."""
        return self.kept is not None and self.kept.is_kept


def owners(
    connection: Connection,
    kind: OwnerKind,
    sight: RosterSight,
    *,
    text: str = "",
    limit: int,
    offset: int = 0,
) -> list[Owner]:
    """Who may keep a roster of that kind, by code."""
    asked = _matching(_asked(kind).where(*sight.clauses(kind)), text)
    rows = connection.execute(asked.order_by("code", "part").limit(limit).offset(offset))
    return [_owner(kind, row) for row in rows]


def owner_count(
    connection: Connection, kind: OwnerKind, sight: RosterSight, *, text: str = ""
) -> int:
    """How many there are."""
    asked = _matching(_asked(kind).where(*sight.clauses(kind)), text)
    return connection.execute(select(func.count()).select_from(asked.subquery())).scalar_one()


def owner(
    connection: Connection, kind: OwnerKind, code: str, sight: RosterSight | None = None
) -> Owner:
    """Whose roster that is; raises NotFound, also for one that `sight` does not reach."""
    first, _, part = code.partition(":")
    asked = _asked(kind)
    if kind is OwnerKind.STATION:
        asked = asked.where(tables.station.c.code == code)
    else:
        asked = asked.where(tables.firm.c.code == first)
    if kind is OwnerKind.TEAM:
        asked = asked.where(tables.firm_team.c.code == part)
    if sight is not None:
        asked = asked.where(*sight.clauses(kind))
    row = connection.execute(asked).one_or_none()
    if row is None or (part and kind is not OwnerKind.TEAM):
        raise NotFound("roster", f"{kind}/{code}")
    return _owner(kind, row)


def owners_by_id(
    connection: Connection, kind: OwnerKind, ids: Collection[int]
) -> Mapping[int, Owner]:
    """The owners of those ids."""
    c = {OwnerKind.STATION: tables.station, OwnerKind.FIRM: tables.firm}.get(
        kind, tables.firm_team
    ).c
    rows = connection.execute(_asked(kind).where(c.id.in_(ids)))
    return {row.id: _owner(kind, row) for row in rows}


def names(connection: Connection, kind: OwnerKind, codes: Collection[str]) -> dict[str, str]:
    """What the owners of those codes are called, a team with its firm."""
    first = {code.partition(":")[0] for code in codes}
    table = tables.station if kind is OwnerKind.STATION else tables.firm
    found = [
        _owner(kind, row) for row in connection.execute(_asked(kind).where(table.c.code.in_(first)))
    ]
    return {each.code: f"{each.within} {each.name}".strip() for each in found if each.code in codes}


def standing(
    connection: Connection, found: Iterable[Owner], now: datetime, zone: ZoneInfo
) -> list[Standing]:
    """The rosters of these owners as they stand now, in the same order."""
    whose = list(found)
    today = local_day(now, zone)
    kept = {
        kind: store.load(
            connection,
            kind,
            [each.id for each in whose if each.kind is kind],
            today - ONE_DAY,
            today + 2 * ONE_DAY,
        )
        for kind in {each.kind for each in whose}
    }
    return [_standing(each, kept[each.kind].get(each.id), now, zone) for each in whose]


def staffed(
    connection: Connection, station_ids: Collection[int], now: datetime, zone: ZoneInfo
) -> dict[int, bool]:
    """Whether anybody is on duty now, by station; one that keeps no roster is left out."""
    today = local_day(now, zone)
    kept = store.load(connection, OwnerKind.STATION, station_ids, today - ONE_DAY, today)
    return {
        key: bool(on_duty(found.rule, now, zone))
        for key, found in kept.items()
        if found.is_kept and found.needed
    }


def one(connection: Connection, whose: Owner, first: date, last: date) -> KeptRoster | None:
    """An owner's roster with what bears on those days; None where none was begun."""
    return store.load(connection, whose.kind, [whose.id], first, last).get(whose.id)


def _standing(whose: Owner, kept: KeptRoster | None, now: datetime, zone: ZoneInfo) -> Standing:
    if kept is None or not kept.is_kept:
        return Standing(whose, kept, (), None)
    ahead = gaps(kept.rule, now, now + AHEAD, zone)
    return Standing(whose, kept, on_duty(kept.rule, now, zone), ahead[0] if ahead else None)


def _asked(kind: OwnerKind) -> Select[tuple[int, str, str, str, str, str]]:
    s, f, t = tables.station.c, tables.firm.c, tables.firm_team.c
    none = literal("")
    match kind:
        case OwnerKind.STATION:
            return select(
                s.id,
                s.code.label("code"),
                none.label("part"),
                s.name.label("name"),
                none.label("within"),
                s.phone.label("phone"),
            )
        case OwnerKind.FIRM:
            return select(
                f.id,
                f.code.label("code"),
                none.label("part"),
                f.name.label("name"),
                none.label("within"),
                f.phone_24h.label("phone"),
            )
        case OwnerKind.TEAM:
            return select(
                t.id,
                f.code.label("code"),
                t.code.label("part"),
                t.name.label("name"),
                f.name.label("within"),
                f.phone_24h.label("phone"),
            ).join(tables.firm, f.id == t.firm_id)


def _matching(
    asked: Select[tuple[int, str, str, str, str, str]], text: str
) -> Select[tuple[int, str, str, str, str, str]]:
    named = asked.selected_columns
    for word in text.split():
        asked = asked.where(
            or_(
                named.name.contains(word, autoescape=True),
                named.code.startswith(word, autoescape=True),
            )
        )
    return asked


def _owner(kind: OwnerKind, row: AnyRow) -> Owner:
    code = f"{row.code}:{row.part}" if row.part else row.code
    return Owner(kind, row.id, code, row.name, row.within, row.phone)
