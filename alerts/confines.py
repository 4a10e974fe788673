"""What incidents and alarms somebody is confined to, as clauses: asked in queries, not on pages."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select

from alerts import tables
from devices import reach
from devices import tables as devices
from devices.rosters.model import OwnerKind
from devices.rosters.queries import RosterSight

_OF_LIFTS = ("lift", "building")  # a building is named by one of its lifts


@dataclass(frozen=True, slots=True, kw_only=True)
class Confines:
    """What is empty confines nothing.

    within: a city or a district. firm_id, station_id: those who were asked to help. use_unit_id:
    who runs the lift.
    """

    within: str = ""
    firm_id: int | None = None
    station_id: int | None = None
    use_unit_id: int | None = None

    def incidents(self) -> list[ColumnElement[bool]]:
        """What is asked of a row of `incident`."""
        c, a = tables.incident.c, tables.assignment.c
        wanted: list[ColumnElement[bool]] = []
        if self.within:
            wanted.append(reach.within(self.within, c))
        for kind, key in (("firm", self.firm_id), ("station", self.station_id)):
            if key is not None:
                asked = select(a.incident_id).where(a.target_kind == kind, a.target_id == key)
                wanted.append(c.id.in_(asked))
        if self.use_unit_id is not None:
            lift = devices.lift.c
            wanted.append(
                c.lift_id.in_(select(lift.id).where(lift.use_unit_id == self.use_unit_id))
            )
        return wanted

    def alarms(self) -> list[ColumnElement[bool]]:
        """What is asked of a row of `alarm`: its subject stands within, or is the use unit's.

        A gateway belongs to its lifts' districts. Firms and stations see no list of alarms.
        """
        c, lift = tables.alarm.c, devices.lift.c
        wanted: list[ColumnElement[bool]] = []
        if self.within:
            wanted.append(_stands_in(self.within))
        if self.use_unit_id is not None:
            lifts = select(lift.rescue_code).where(lift.use_unit_id == self.use_unit_id)
            wanted.append(and_(c.subject_kind.in_(_OF_LIFTS), c.subject.in_(lifts)))
        return wanted


EVERYTHING = Confines()


def _stands_in(code: str) -> ColumnElement[bool]:
    c, lift, gateway = tables.alarm.c, devices.lift.c, devices.gateway.c
    kitchen, camera, link = devices.kitchen.c, devices.camera.c, devices.gateway_lift.c
    lifts = select(lift.rescue_code).where(reach.within(code, lift))
    of_lifts = (
        select(link.gateway_id)
        .join_from(devices.gateway_lift, devices.lift, lift.id == link.lift_id)
        .where(reach.within(code, lift))
    )
    of_kitchens = (
        select(gateway.id)
        .join_from(devices.gateway, devices.kitchen, kitchen.id == gateway.kitchen_id)
        .where(reach.within(code, kitchen))
    )
    gateways = select(gateway.id).where(
        or_(gateway.area == code, gateway.id.in_(of_lifts), gateway.id.in_(of_kitchens))
    )
    cameras = (
        select(camera.id)
        .join_from(devices.camera, devices.kitchen, kitchen.id == camera.kitchen_id)
        .where(reach.within(code, kitchen))
    )
    of_kitchen = or_(c.subject == kitchen.code, c.subject.startswith(kitchen.code + "/"))
    kitchens = select(kitchen.id).where(reach.within(code, kitchen), of_kitchen).exists()
    return or_(
        and_(c.subject_kind.in_(_OF_LIFTS), c.subject.in_(lifts)),
        and_(c.subject_kind == "area", c.subject == code),
        and_(c.subject_kind == "gateway", c.subject.in_(gateways)),
        and_(c.subject_kind == "camera", c.subject.in_(cameras)),
        and_(c.subject_kind == "kitchen", kitchens),
        *_rosters_in(code),
    )


def _rosters_in(code: str) -> list[ColumnElement[bool]]:
    """Alarms of the rosters that a division's seats may see."""
    c, seen = tables.alarm.c, RosterSight(within=code)
    station, firm = devices.station.c, devices.firm.c
    stations = select(station.code).where(*seen.clauses(OwnerKind.STATION))
    held = [firm.id.in_(select(firm.id).where(*seen.clauses(OwnerKind.FIRM)))]
    named = or_(c.subject == firm.code, c.subject.startswith(firm.code + ":"))
    return [
        and_(c.subject_kind == str(OwnerKind.STATION), c.subject.in_(stations)),
        and_(
            c.subject_kind.in_([str(OwnerKind.FIRM), str(OwnerKind.TEAM)]),
            select(firm.id).where(*held, named).exists(),
        ),
    ]
