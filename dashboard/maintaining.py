"""What pages and interface of maintenance share."""

from pathlib import Path

from core.errors import Forbidden, NotFound
from dashboard.deps import AppContext
from dashboard.scope import Scope
from devices.maintenance import items
from devices.maintenance.items import ItemList
from devices.maintenance.log import Rules
from devices.maintenance.plate import check_in_code
from devices.model import Lift, LiftKind


def firm_for(scope: Scope, lift: Lift) -> int:
    """The firm that an account works for; the administrator stands in for the lift's own."""
    firm_id = lift.firm_id if scope.firm_id is None else scope.firm_id
    if firm_id is None:
        raise Forbidden("nobody maintains this lift: a firm must have it under contract first")
    return firm_id


def plate(context: AppContext, lift: Lift) -> str:
    """The check-in code that stands at the lift."""
    return check_in_code(context.link_secret, lift.rescue_code)


def photo_folder(context: AppContext) -> Path:
    """Where pictures of visits are kept."""
    return context.data_folder / "maintenance" / "photos"


def list_of(rules: Rules, kind: LiftKind) -> ItemList | None:
    """The list for lifts of that kind; None where the manufacturer's is wanted."""
    try:
        return items.for_kind(rules.lists, kind)
    except NotFound:
        return None


def list_name(rules: Rules, kind: LiftKind) -> str | None:
    """Its name."""
    found = list_of(rules, kind)
    return None if found is None else found.name
