"""What stands in the register beside what exists: papers, people, contracts, inspections, places.

Codes name things to people; `id` is ours. Dates are civil dates of the place, without a zone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum

from core.datum import Datum


class Level(StrEnum):
    """How large an administrative division is."""

    PROVINCE = "province"
    CITY = "city"
    DISTRICT = "district"


@dataclass(frozen=True, slots=True)
class Division:
    """An administrative division (行政区划) of a 6-digit code; `parent` is the one above it."""

    code: str
    name_zh: str
    name_en: str = ""
    parent: str | None = None

    @property
    def level(self) -> Level:
        """What the code's own zeros say."""
        if self.code.endswith("0000"):
            return Level.PROVINCE
        return Level.CITY if self.code.endswith("00") else Level.DISTRICT


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """A lift's papers (设备档案): what its rescue does not need at once.

    technical: facts of the lift's kind (devices.technical). floor_names: what the car shows, by
    the floors' integer index; where a floor is missing its index is shown. coordinate_origin: the
    datum that the position arrived in; it is kept in WGS-84. on_demand_since: maintained by
    condition, not by the calendar. registration_certificate: 使用登记证编号.
    """

    project: str = ""
    unit: str = ""
    in_house_number: str = ""
    registration_certificate: str = ""
    product_number: str = ""
    brand: str = ""
    model: str = ""
    manufacturer: str = ""
    installer: str = ""
    owner: str = ""
    made_on: date | None = None
    installed_on: date | None = None
    renovated_on: date | None = None
    stops: int | None = None
    doors: int | None = None
    base_floor: int | None = None
    floor_names: Mapping[int, str] = field(default_factory=dict)
    technical: Mapping[str, object] = field(default_factory=dict)
    coordinate_origin: Datum = Datum.WGS84
    safety_officer: str = ""
    on_demand_since: date | None = None

    def shown_floor(self, floor: int) -> str:
        """A floor as the car shows it."""
        return self.floor_names.get(floor, str(floor))


@dataclass(frozen=True, slots=True)
class Team:
    """A team of a maintenance firm; its code is the firm's own."""

    id: int
    firm_id: int
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Worker:
    """Who maintains lifts; may do so while the operator's certificate is valid.

    code: the firm's own number of the person. left_on: the last day with the firm.
    """

    id: int
    firm_id: int
    code: str
    name: str
    certificate_number: str = ""
    certificate_until: date | None = None
    team_id: int | None = None
    left_on: date | None = None

    def may_work(self, today: date) -> bool:
        """Certified and still with the firm on that day."""
        certified = bool(self.certificate_number) and (
            self.certificate_until is not None and self.certificate_until >= today
        )
        return certified and (self.left_on is None or self.left_on >= today)


@dataclass(frozen=True, slots=True)
class Contract:
    """A firm maintains a lift from its first day to its last (None: until further notice)."""

    id: int
    lift_id: int
    firm_id: int
    number: str
    starts_on: date
    ends_on: date | None = None

    def holds(self, today: date) -> bool:
        """In force on that day; both ends are within."""
        return self.starts_on <= today and (self.ends_on is None or today <= self.ends_on)

    def meets(self, other: "Contract") -> bool:
        """Both are in force on some day."""
        return (other.ends_on is None or self.starts_on <= other.ends_on) and (
            self.ends_on is None or other.starts_on <= self.ends_on
        )


@dataclass(frozen=True, slots=True)
class Equipment:
    """What a rescue station has of one thing, and when somebody last looked."""

    name: str
    pieces: int
    checked_on: date | None = None


class InspectionKind(StrEnum):
    """Who looked, and in which rhythm."""

    SUPERVISION = "supervision"
    PERIODIC = "periodic"
    SELF_TEST = "self_test"


class InspectionResult(StrEnum):
    """What came out."""

    PASSED = "passed"
    PASSED_AFTER_REPAIR = "passed_after_repair"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Inspection:
    """An inspection or test of a lift; its report number names it."""

    id: int
    lift_id: int
    kind: InspectionKind
    done_on: date
    result: InspectionResult
    body: str
    report_number: str
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """Meals that a central kitchen brings somewhere every day at about this time.

    kitchen_id is the central kitchen; the recipient is a kitchen of ours, or a place by name.
    """

    kitchen_id: int
    recipient: str
    meals: int
    leaves_at: time
    recipient_kitchen_id: int | None = None


class OwnerKind(StrEnum):
    """Whose contact it is."""

    LIFT = "lift"
    FIRM = "firm"
    USE_UNIT = "use_unit"
    STATION = "station"
    KITCHEN = "kitchen"


class ContactRole(StrEnum):
    """What somebody is called for."""

    EMERGENCY_24H = "emergency_24h"
    DUTY_ROOM = "duty_room"
    SAFETY_DIRECTOR = "safety_director"
    SAFETY_OFFICER = "safety_officer"
    HEAD = "head"
    MAINTENANCE_HEAD = "maintenance_head"
    MAINTENANCE_FIRST = "maintenance_first"
    MAINTENANCE_SECOND = "maintenance_second"
    OWNER = "owner"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to call for what. Names and numbers are personal: pages mask them by role."""

    role: ContactRole
    name: str
    phone: str
