"""What lists hold, for pages, downloads and the interface alike: the same rows for the same asker.

Theory of operation. Each function answers keys (in order, a part) and how many there are in all,
narrowed to what the account may see. Presence and the state of cameras are not in the registry:
who narrows or orders by them has the registry's keys sifted here, in memory.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from alerts import alarms
from alerts.earlier import earlier_lifts
from core.errors import NotFound
from dashboard import sight
from dashboard.deps import AppContext
from dashboard.scope import Scope
from devices import call_roll, lift_search, queries, search
from devices.call_roll import Roll
from devices.presence import Presence, presence
from devices.proving import UNPROVEN, Ability
from devices.search import KitchenFilter, LiftFilter
from video.state import UNKNOWN

HEARD = "heard"  # an order that the registry does not know: by when a lift was last heard
NO_CAMERA = "none"


def lifts(
    context: AppContext,
    scope: Scope,
    asked: Mapping[str, str],
    *,
    order: str = "code",
    descending: bool = False,
    limit: int,
    offset: int = 0,
) -> tuple[Sequence[int], int]:
    """Our ids of lifts; `asked` may hold q, area, firm (its code), kind, place and presence."""

    def find(connection: Connection) -> tuple[list[tuple[int, str]], int | None]:
        try:
            wanted = _lift_filter(connection, scope, asked)
        except NotFound:  # no such firm, or another's: nothing of it is to be seen
            return [], 0
        sifted = bool(asked.get("presence")) or order == HEARD
        if sifted:
            known = "code" if order == HEARD else order
            return lift_search.lift_keys(connection, wanted, known, descending=descending), None
        keys = lift_search.lift_keys(
            connection, wanted, order, descending=descending, limit=limit, offset=offset
        )
        return keys, lift_search.lift_count(connection, wanted)

    keys, total = context.database.read(find)
    if total is not None:
        return [key for key, _ in keys], total
    heard = context.latest.heard()
    if state := asked.get("presence"):
        seen = presences(context)
        keys = [each for each in keys if seen(each[1], heard.get(each[1])) is Presence(state)]
    if order == HEARD:
        keys = _by_heard(keys, heard, descending=descending)
    return [key for key, _ in keys[offset : offset + limit]], len(keys)


def best_lifts(context: AppContext, scope: Scope, text: str, *, limit: int) -> Sequence[int]:
    """Our ids of the lifts that `text` may mean, best first: a place, a code, a caller's number."""

    def find(connection: Connection) -> list[int]:
        wanted = _lift_filter(connection, scope, {})
        return lift_search.find(connection, text, wanted, limit, earlier=earlier_lifts)

    return context.database.read(find) if text.strip() else ()


def roll(
    context: AppContext,
    scope: Scope,
    asked: Mapping[str, str],
    *,
    order: str = "proven",
    descending: bool = False,
    limit: int,
    offset: int = 0,
) -> tuple[Sequence[int], int, Mapping[Ability, int]]:
    """Our ids of lifts not proven able to call, and how many there are of every ability.

    `asked` may hold q, area, firm and ability.
    """

    def find(connection: Connection) -> tuple[Sequence[int], int, Mapping[Ability, int]]:
        try:
            wanted = _roll(context, connection, scope, asked)
        except NotFound:
            return [], 0, dict.fromkeys(Ability, 0)
        ids = call_roll.ids(
            connection, wanted, order, descending=descending, limit=limit, offset=offset
        )
        figures = call_roll.figures(connection, wanted)
        return ids, sum(figures[each] for each in wanted.states), figures

    return context.database.read(find)


def _roll(
    context: AppContext, connection: Connection, scope: Scope, asked: Mapping[str, str]
) -> Roll:
    told = asked.get("ability")
    return Roll(
        now=context.clock.now(),
        lifts=_lift_filter(connection, scope, asked),
        states=(Ability(told),) if told else UNPROVEN,
    )


def _lift_filter(connection: Connection, scope: Scope, asked: Mapping[str, str]) -> LiftFilter:
    firm_id = scope.firm_id
    if code := asked.get("firm"):
        firm_id = queries.firm_by_code(connection, code).id
        if scope.firm_id not in {None, firm_id}:
            raise NotFound("firm", code)
    return LiftFilter(
        text=asked.get("q", ""),
        within=sight.lift_area(connection, scope),
        area=asked.get("area", ""),
        firm_id=firm_id,
        use_unit_id=scope.use_unit_id,
        kind=asked.get("kind", ""),
        place_type=asked.get("place", ""),
    )


def _by_heard(
    keys: list[tuple[int, str]], heard: Mapping[str, datetime], *, descending: bool
) -> list[tuple[int, str]]:
    """Longest silent first, or newest first; never heard comes last in either direction."""
    known = [each for each in keys if each[1] in heard]
    known.sort(key=lambda each: heard[each[1]], reverse=descending)
    return known + [each for each in keys if each[1] not in heard]


def kitchens(
    context: AppContext,
    scope: Scope,
    asked: Mapping[str, str],
    *,
    order: str = "code",
    descending: bool = False,
    limit: int,
    offset: int = 0,
) -> tuple[Sequence[int], int]:
    """Our ids of kitchens; `asked` may hold q, area, kind, grade and camera (a state, or none)."""
    wanted = KitchenFilter(
        text=asked.get("q", ""),
        within=scope.area,
        area=asked.get("area", ""),
        kind=asked.get("kind", ""),
        grade=asked.get("grade", ""),
    )
    keys = partial(search.kitchen_keys, wanted=wanted, order=order, descending=descending)
    if not (state := asked.get("camera")):
        return context.database.read(
            lambda c: (
                keys(c, limit=limit, offset=offset),
                search.kitchen_count(c, wanted),
            )
        )
    found, cameras = context.database.read(lambda c: (keys(c), search.cameras_by_kitchen(c)))
    states = camera_states(context)
    kept = [
        key
        for key in found
        if state in ({states(each) for each in cameras.get(key, ())} or {NO_CAMERA})
    ]
    return kept[offset : offset + limit], len(kept)


def presences(context: AppContext) -> Callable[[str, datetime | None], Presence]:
    """How each lift is present now, by its code and when it was last heard.

    A lift is offline at once when nothing came after its gateway's farewell.
    """
    gone, now = context.database.read(alarms.farewells), context.clock.now()

    def seen(code: str, heard: datetime | None) -> Presence:
        since = gone.get(code)
        said_offline = since is not None and heard is not None and heard <= since
        return presence(heard, now, said_offline=said_offline)

    return seen


def camera_states(context: AppContext) -> Callable[[str], str]:
    """How each camera stands now, from one reading of all."""
    known, now = context.video.cameras(), context.clock.now()
    return lambda camera: known.get(camera, UNKNOWN).believed(now).state.value
