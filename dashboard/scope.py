"""On which data an account works: a division, a firm, a station or a use unit.

A role says which of these an account has to name (`checked`): without it, it would see everything.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from alerts.confines import Confines
from core.errors import InvalidMessage
from dashboard.access import FIRM_ROLES, Role
from devices import reach

DIVISION = re.compile(r"[0-9]{6}")


@dataclass(frozen=True, slots=True)
class Scope:
    """Which data: `area` empty is the whole province, else the code of a city or a district.

    Firm, station or use unit narrow to what is theirs.
    """

    area: str = ""
    firm_id: int | None = None
    station_id: int | None = None
    use_unit_id: int | None = None

    @property
    def confines(self) -> Confines:
        """The same for lists of incidents and alarms."""
        return Confines(
            within=self.area,
            firm_id=self.firm_id,
            station_id=self.station_id,
            use_unit_id=self.use_unit_id,
        )

    @property
    def narrow(self) -> bool:
        """True for the account of one firm, one station or one use unit."""
        return not (self.firm_id is None and self.station_id is None and self.use_unit_id is None)

    @property
    def sees_all(self) -> bool:
        """True where nothing narrows: no division, and nobody's own."""
        return not self.area and not self.narrow

    def covers_place(self, area: str, district: str = "") -> bool:
        """Whether things of that city and district may be seen."""
        return reach.covers(self.area, area, district)

    def covers_target(self, target_kind: str, target_id: int | None) -> bool:
        """Whether an assignment to that firm or station is this account's to see and answer.

        A use unit answers none; those of its own lifts are seen by the incident.
        """
        if self.firm_id is not None:
            return target_kind == "firm" and target_id == self.firm_id
        if self.station_id is not None:
            return target_kind == "station" and target_id == self.station_id
        return True

    def covers_incident(
        self,
        area: str,
        district: str,
        lift: tuple[int | None, int | None],
        targets: Iterable[tuple[str, int | None]],
    ) -> bool:
        """Whether an incident may be seen.

        By its place; by its `lift`'s firm or use unit; or by an assignment.
        """
        if not self.narrow:
            return self.covers_place(area, district)
        firm_id, use_unit_id = lift
        if self.use_unit_id is not None:
            return use_unit_id == self.use_unit_id
        if self.firm_id is not None and firm_id == self.firm_id:
            return True
        return any(self.covers_target(kind, target) for kind, target in targets)


def checked(role: Role, scope: Scope) -> None:
    """Raise InvalidMessage where an account of `role` may not have that scope."""
    for kind, wanted, given in (
        ("firm", role in FIRM_ROLES, scope.firm_id),
        ("station", role is Role.STATION, scope.station_id),
        ("use_unit", role is Role.USE_UNIT, scope.use_unit_id),
    ):
        if wanted != (given is not None):
            said = f"names its {kind}" if wanted else f"has no {kind}"
            raise InvalidMessage(
                f"{kind}_missing" if wanted else "bad_field",
                f"an account of role {role} {said.replace('_', ' ')}",
                field=kind,
            )
    wrong = _wrong_division(role, scope)
    if wrong:
        raise InvalidMessage("bad_field", f"an account of role {role} {wrong}", field="area")


def _wrong_division(role: Role, scope: Scope) -> str:
    area = scope.area
    if area and (not DIVISION.fullmatch(area) or area.endswith("0000")):
        return "has a city's or district's 6-digit code; the whole province has none"
    city = area.endswith("00")
    match role:
        case Role.CITY_SUPERVISOR if not area:
            return "names its city"
        case Role.DISTRICT_SUPERVISOR if not area or city:
            return "names its district"
        case Role.PROVINCE_SUPERVISOR | Role.ADMINISTRATOR if area:
            return "sees the whole province: it has no area"
        case _ if area and scope.narrow:
            return "has no area: it sees what is its own"
        case _:
            return ""
