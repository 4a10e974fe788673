"""What an import would do to the registry: pure, the same for a dry run and for the real one."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from core.datum import Datum
from devices.cells import Value
from devices.model import Gateway
from devices.sheet import Change, Outcome, Problem, RowResult, SheetRow

_NEW: Mapping[str, Value] = {  # what a new lift has where the file has no such column
    "building": "",
    "latitude": None,
    "longitude": None,
    "datum": str(Datum.WGS84),
    "firm_code": None,
    "use_unit_code": None,
}
_COORDINATES = ("latitude", "longitude")


@dataclass(frozen=True, slots=True)
class Standing:
    """A lift as it stands, in the file's columns; `papers`: it has a row of them."""

    id: int
    values: Mapping[str, Value]
    papers: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What the registry holds of everything that some rows name."""

    lifts: Mapping[str, Standing] = field(default_factory=dict)  # by rescue code
    registered: Mapping[str, str] = field(default_factory=dict)  # registration -> rescue code
    firms: Mapping[str, int] = field(default_factory=dict)
    use_units: Mapping[str, int] = field(default_factory=dict)
    unit_names: Mapping[str, str] = field(default_factory=dict)  # by the use unit's code
    gateways: Mapping[str, Gateway] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planned:
    """A row's answer and, unless it is refused, the whole lift as it shall stand.

    gateway_id is given where the gateway does not yet speak for the lift.
    """

    result: RowResult
    values: Mapping[str, Value] = field(default_factory=dict)
    standing: Standing | None = None
    gateway_id: str | None = None


def plan(rows: Iterable[SheetRow], known: Known) -> list[Planned]:
    """Judge every row against the registry, in order."""
    areas = {gateway.id: gateway.area for gateway in known.gateways.values()}
    return [_one(row, known, areas) for row in rows]


def _one(row: SheetRow, known: Known, areas: dict[str, str]) -> Planned:
    if problems := (*_problems(row, known), *_gateway_problems(row, known, areas)):
        return Planned(RowResult(row.line, row.code, Outcome.REFUSED, problems))
    standing = known.lifts.get(row.code)
    gateway_id = _gateway(row, known, standing, areas)
    given = {name: value for name, value in row.values.items() if name != "gateway_id"}
    if standing is None:
        result = RowResult(row.line, row.code, Outcome.INSERTED, _warnings(row, given))
        return Planned(result, {**_NEW, **given}, None, gateway_id)
    before = standing.values
    if "datum" not in given and any(before[n] != given.get(n, before[n]) for n in _COORDINATES):
        given["datum"] = str(Datum.WGS84)  # what a file without that column has
    changes = [Change(n, before[n], value) for n, value in given.items() if before[n] != value]
    if gateway_id is not None:
        changes.append(Change("gateway_id", None, gateway_id))
    outcome = Outcome.CHANGED if changes else Outcome.UNCHANGED
    warned = _warnings(row, {**before, **given}) if gateway_id is not None else ()
    result = RowResult(row.line, row.code, outcome, warned, tuple(changes))
    return Planned(result, {**before, **given}, standing, gateway_id)


def _warnings(row: SheetRow, values: Mapping[str, Value]) -> tuple[Problem, ...]:
    """What a row that is taken leaves behind and somebody should know."""
    gateway_id = row.values.get("gateway_id")
    if gateway_id is None or values.get("firm_code") is not None:
        return ()
    told = f"no firm can push telemetry of gateway {gateway_id} while this lift has none"
    return (Problem("firm_code", told, "name the lift's firm, or give it a gateway of its own"),)


def _problems(row: SheetRow, known: Known) -> Iterator[Problem]:
    owner = known.registered.get(str(row.values["registration_code"]))
    if owner is not None and owner != row.code:
        yield Problem(
            "registration_code", f"it belongs to lift {owner}", "correct this row or that lift"
        )
    for name, codes in (("firm_code", known.firms), ("use_unit_code", known.use_units)):
        code = row.values.get(name)
        if code is not None and code not in codes:
            yield Problem(name, f"{code!r} is not registered", "register it first, or leave empty")


def _gateway_problems(row: SheetRow, known: Known, areas: Mapping[str, str]) -> Iterator[Problem]:
    name, area = str(row.values.get("gateway_id")), str(row.values["area"])
    if row.values.get("gateway_id") is None:
        return
    if areas.get(name, area) != area:
        yield Problem(
            "gateway_id",
            f"gateway {name} is enrolled in area {areas[name]}",
            "name a gateway of the lift's own area",
        )
    gateway = known.gateways.get(name)
    if gateway is not None and gateway.kitchen_id is not None:
        yield Problem("gateway_id", f"gateway {name} is a kitchen's", "name a lift's gateway")


def _gateway(
    row: SheetRow, known: Known, standing: Standing | None, areas: dict[str, str]
) -> str | None:
    """The gateway to enrol for the lift; None when there is none or it already is."""
    gateway_id = row.values.get("gateway_id")
    if gateway_id is None:
        return None
    name = str(gateway_id)
    areas[name] = str(row.values["area"])
    gateway = known.gateways.get(name)
    if gateway is not None and standing is not None and standing.id in gateway.lift_ids:
        return None
    return name
