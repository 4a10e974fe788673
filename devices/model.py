"""What exists: lifts, gateways, firms, stations, use units, kitchens, cameras.

Field names follow the public registry practice listed in docs/glossary.md; codes of place types
and lift kinds stand in devices.codes. Positions are WGS-84.
"""

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum

from core.geo import Position


class LiftKind(StrEnum):
    """Lift kinds (品种), as city dispatch systems list them."""

    TRACTION_PASSENGER = "traction_passenger"
    TRACTION_GOODS = "traction_goods"
    OBSERVATION = "observation"
    POSITIVE_DRIVE_GOODS = "positive_drive_goods"
    HYDRAULIC_PASSENGER = "hydraulic_passenger"
    HYDRAULIC_GOODS = "hydraulic_goods"
    ESCALATOR = "escalator"
    MOVING_WALK = "moving_walk"
    EXPLOSION_PROOF = "explosion_proof"
    FIREFIGHTERS = "firefighters"
    SERVICE = "service"


class LiftStatus(StrEnum):
    """Whether a lift is used (使用状态)."""

    IN_USE = "in_use"
    STOPPED = "stopped"
    SCRAPPED = "scrapped"


class PlaceType(StrEnum):
    """Place of use (使用场所): the nine classes found in three independent systems."""

    RESIDENTIAL = "residential"
    OFFICE = "office"
    MALL = "mall"
    HOTEL = "hotel"
    TRANSPORT = "transport"
    HOSPITAL = "hospital"
    SCHOOL = "school"
    CULTURE_SPORT = "culture_sport"
    OTHER = "other"


class KitchenKind(StrEnum):
    """What a kitchen is."""

    SCHOOL_CANTEEN = "school_canteen"
    WORKS_CANTEEN = "works_canteen"
    RESTAURANT = "restaurant"
    CENTRAL_KITCHEN = "central_kitchen"


class SourceKind(StrEnum):
    """How a camera's picture reaches us."""

    RTSP = "rtsp"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class UseUnit:
    """Who runs the lift (使用单位) and who there answers for its safety."""

    id: int
    code: str
    name: str
    safety_officer: str
    phone: str


@dataclass(frozen=True, slots=True)
class MaintenanceFirm:
    """A maintenance firm (维保单位) with its 24-hour telephone; `webhook_url` takes its orders."""

    id: int
    code: str
    name: str
    phone_24h: str
    webhook_url: str = ""


@dataclass(frozen=True, slots=True)
class RescueStation:
    """A second-level rescue station (二级救援站)."""

    id: int
    code: str
    name: str
    area: str
    position: Position
    phone: str
    webhook_url: str = ""


@dataclass(frozen=True, slots=True)
class Lift:
    """A lift as the dispatcher needs it. `area` is the city's, `district` the district's code.

    rescue_code: 6 digits, on the plate in the car; registration_code: 20 digits. Floors are the
    integer stop indexes of the wire contract. Speeds in m/s, loads in kg.
    """

    id: int
    rescue_code: str
    registration_code: str
    area: str
    district: str
    address: str
    building: str
    position: Position | None
    kind: LiftKind
    place_type: PlaceType
    min_floor: int
    max_floor: int
    rated_speed_m_per_s: float
    rated_load_kg: int
    firm_id: int | None
    use_unit_id: int | None
    status: LiftStatus = LiftStatus.IN_USE


@dataclass(frozen=True, slots=True)
class Gateway:
    """A device on the wire: an edge gateway that speaks for lifts, or one of a kitchen.

    `dialect` names the mapping by which what it says is read.
    """

    id: str
    area: str
    lift_ids: tuple[int, ...] = ()
    kitchen_id: int | None = None
    dialect: str = "canonical"


@dataclass(frozen=True, slots=True)
class Kitchen:
    """A kitchen whose operator publishes it. Hours are local; outside them nothing is shown.

    operator_code: the operator's unified social credit code. serves: the school, works or house
    that it cooks for, where that is another than its operator.
    """

    id: int
    code: str
    name: str
    kind: KitchenKind
    area: str
    district: str
    address: str
    operator: str
    licence_number: str
    grade: str
    published: bool
    opens: time
    closes: time
    operator_code: str = ""
    serves: str = ""
    licence_until: date | None = None
    kitchen_m2: int | None = None
    meals_a_day: int | None = None
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera. `source_url` is secret: it may hold a password and appears in no page or log."""

    id: str
    kitchen_id: int
    label: str
    source_kind: SourceKind
    source_url: str
    published: bool
    enabled: bool
