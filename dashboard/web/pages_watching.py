"""What a supervisor compares: overdue lifts by place and firm, and the rating of firms."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.responses import Response

from alerts import firm_figures
from alerts.firm_figures import RescueCounts
from dashboard import sight
from dashboard.access import Action
from dashboard.deps import AppContext, Context, CurrentScope, require
from dashboard.scope import Scope
from dashboard.web import labels, render, spreadsheet
from devices import codes, register_queries
from devices.days import day_begins, local_day
from devices.maintenance import rating, supervision
from devices.maintenance.rating import Figure, FirmCounts, Item
from devices.maintenance.supervision import Group, GroupedBy, LogCounts

OVER = timedelta(days=90)
WEEK = timedelta(days=7)
TECHNICAL = frozenset({"3", "4", "5", "6"})  # door, traction, control, safety devices
# Equal until a city chooses; complaints are not counted by the hub, so they are no figure.
WEIGHTS: Mapping[Item, int] = {
    Item.ON_TIME_VISITS: 3,
    Item.OVERDUE_LIFTS: 2,
    Item.PROVEN_VISITS: 1,
    Item.COMPLETE_RECORDS: 1,
    Item.VALID_CONTRACTS: 1,
    Item.LATE_ARRIVALS: 2,
    Item.LEVEL1_NOT_CARRIED_OUT: 2,
    Item.POOR_MAINTENANCE: 1,
}
SEES = [Depends(require(Action.WATCH_MAINTENANCE))]
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Rated:
    """A firm with its figures; `place` and `points` are None where too little is known."""

    code: str
    name: str
    figures: tuple[Figure, ...]
    points: float | None
    rests_on: float
    place: int | None


@router.get("/maintenance/overview", dependencies=SEES)
def overview(request: Request, context: Context, scope: CurrentScope) -> Response:
    """Overdue lifts of planned ones, by city, district, street or firm."""
    by = _by(request)
    groups, late = context.database.read(lambda c: _groups(c, context, scope, by))
    return render.page(
        request,
        "staff/maintenance_overview.html",
        by=by,
        groups=groups,
        late=late,
        names=context.database.read(register_queries.divisions),
    )


@router.get("/maintenance/overview.csv", dependencies=SEES)
def overview_file(request: Request, context: Context, scope: CurrentScope) -> Response:
    """The same as a file."""
    by = _by(request)
    groups, _ = context.database.read(lambda c: _groups(c, context, scope, by))
    names = context.database.read(register_queries.divisions)
    locale = render.locale_of(request)
    t = render.translate
    header = [
        t(request, "Name"),
        t(request, "Within"),
        t(request, "Lifts"),
        t(request, "Planned"),
        t(request, "Overdue"),
        t(request, "Over a week"),
        t(request, "Stopped"),
        t(request, "Share overdue"),
    ]
    rows = (
        [
            each.name if by in {GroupedBy.STREET, GroupedBy.FIRM} else names.name(each.key, locale),
            names.name(each.within, locale) if by is GroupedBy.STREET else each.key,
            each.lifts,
            each.planned,
            each.overdue,
            each.week_overdue,
            each.stopped,
            None if each.share is None else round(each.share, 4),
        ]
        for each in groups
    )
    at = context.clock.now().astimezone(context.zone)
    return spreadsheet.download(f"overdue-by-{by}", at, header, rows)


@router.get("/maintenance/firms", dependencies=SEES)
def firms(request: Request, context: Context, scope: CurrentScope) -> Response:
    """Every firm with each figure and what it is a share of, the best first."""
    now = context.clock.now()
    rated = context.database.read(lambda c: rate(c, context, scope, now))
    return render.page(
        request, "staff/maintenance_firms.html", rated=rated, over=OVER.days, weights=WEIGHTS
    )


@router.get("/maintenance/firms.csv", dependencies=SEES)
def firms_file(request: Request, context: Context, scope: CurrentScope) -> Response:
    """The same as a file: numerator and denominator of each figure."""
    now = context.clock.now()
    rated = context.database.read(lambda c: rate(c, context, scope, now))
    named = labels.of(render.locale_of(request))
    t = render.translate
    header = [t(request, "Rank"), t(request, "Code"), t(request, "Maintenance firm")]
    for item in WEIGHTS:
        words = named("rating", item)
        header += [words, f"{words}: {t(request, 'of')}"]
    header.append(t(request, "Points"))
    rows = (
        [
            each.place,
            each.code,
            each.name,
            *(n for f in each.figures for n in (f.numerator, f.denominator)),
            None if each.points is None else round(each.points, 1),
        ]
        for each in rated
    )
    at = now.astimezone(context.zone)
    return spreadsheet.download("firms", at, header, rows)


def rate(connection: Connection, context: AppContext, scope: Scope, now: datetime) -> list[Rated]:
    """Every firm with a lift that the account may see, over the last 90 days, best first."""
    where = sight.maintained(scope)
    today = local_day(now, context.zone)
    first = today - OVER
    known = supervision.firms(connection, where)
    ids = [firm_id for firm_id, _, _ in known]
    log = supervision.counts(connection, where, ids, first, today)
    causes = [c for c, cause in codes.FAULT_CAUSES.items() if cause.category in TECHNICAL]
    since = day_begins(first, context.zone)
    rescue = firm_figures.counts(connection, ids, since, now, causes)
    figures = {code: _figures(log[n], rescue[n]) for n, code, _ in known}
    scores = {code: rating.score(each, WEIGHTS) for code, each in figures.items()}
    places = rating.ranked(scores)
    rated = []
    for _, code, name in known:
        found = scores[code]
        points = None if found is None else float(found.points)
        rests_on = 0.0 if found is None else float(found.rests_on)
        rated.append(Rated(code, name, figures[code], points, rests_on, places[code]))
    return sorted(rated, key=lambda each: (each.place is None, each.place or 0, each.code))


def _figures(log: LogCounts, rescue: RescueCounts) -> tuple[Figure, ...]:
    counted = FirmCounts(
        lifts=log.lifts,
        overdue_lifts=log.overdue_lifts,
        visits=log.visits,
        proven_visits=log.proven_visits,
        visits_due=log.visits_due,
        visits_on_time=log.visits_on_time,
        complaints=0,
        record_fields=log.visits,  # a record is whole when the use unit has signed it
        record_fields_filled=log.confirmed_visits,
        contracts_valid=log.contracts_valid,
        arrivals=rescue.arrivals,
        arrivals_late=rescue.arrivals_late,
        level1_orders=rescue.orders,
        level1_not_carried_out=rescue.not_carried_out,
        level2_orders=0,
        level2_carried_out=0,
        entrapments=rescue.entrapments,
        entrapments_by_poor_maintenance=rescue.poor_maintenance,
        punishments=0,
    )
    found = {each.item: each for each in rating.figures(counted)}
    return tuple(found[item] for item in WEIGHTS)


def _by(request: Request) -> GroupedBy:
    asked = request.query_params.get("by", "")
    return GroupedBy(asked) if asked in set(GroupedBy) else GroupedBy.DISTRICT


def _groups(
    connection: Connection, context: AppContext, scope: Scope, by: GroupedBy
) -> tuple[list[Group], int]:
    where, now = sight.maintained(scope), context.clock.now()
    today: date = local_day(now, context.zone)
    groups = supervision.overdue_by(connection, where, by, today, today - WEEK)
    return groups, supervision.unconfirmed(connection, where, now)
