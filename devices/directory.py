"""The registry in memory, for processes that look a lift up at every message.

A `Directory` is one picture of the registry and never changes; whoever holds it compares
`registry_version` now and then and loads a new one when it has moved on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, func, select

from core.errors import InvalidMessage
from core.journal import journal_table
from devices import amended, store, tables
from devices.amended import AmendedGateways, AmendedLifts, News
from devices.compact import ByCode, CompactGateways, CompactLifts
from devices.model import Gateway, Lift
from devices.protocol.topics import Realm, Topic

REGISTRY = "registry"
NO_CITY = "000000"
KINDS = ("camera", "firm", "gateway", "kitchen", "lift", "station", "use_unit")


@dataclass(frozen=True, slots=True)
class Directory:
    """Who exists and who may speak for whom. Build it with `directory`."""

    version: int
    gateways: Mapping[str, Gateway] = field(repr=False)
    lifts_by_id: Mapping[int, Lift] = field(repr=False)
    lifts_by_code: Mapping[str, Lift] = field(repr=False)  # rescue and registration codes
    kitchen_codes: Mapping[int, str] = field(repr=False)
    news: News | None = None  # what has changed since an earlier one, where that is known

    def gateway(self, gateway_id: str) -> Gateway | None:
        """The gateway of that id."""
        return self.gateways.get(gateway_id)

    def lift(self, code: str) -> Lift | None:
        """The lift of that 6-digit rescue code or 20-digit registration code."""
        return self.lifts_by_code.get(code)

    def dialects(self) -> frozenset[str]:
        """Every dialect that some gateway speaks."""
        if isinstance(self.gateways, CompactGateways | AmendedGateways):
            return self.gateways.dialects()
        return frozenset(gateway.dialect for gateway in self.gateways.values())

    def areas(self) -> frozenset[str]:
        """Every area that some gateway is in."""
        if isinstance(self.gateways, CompactGateways | AmendedGateways):
            return self.gateways.areas()
        return frozenset(gateway.area for gateway in self.gateways.values())

    def lifts_of(self, gateway_id: str) -> tuple[Lift, ...]:
        """The lifts that the gateway speaks for; none for an unknown gateway."""
        gateway = self.gateways.get(gateway_id)
        return tuple(self.lifts_by_id[each] for each in gateway.lift_ids) if gateway else ()

    def admitted(self, topic: Topic) -> Gateway:
        """The gateway that spoke on `topic`.

        Raises InvalidMessage: device_not_enrolled, area_mismatch.
        """
        gateway = self.gateways.get(topic.device)
        if gateway is None:
            raise InvalidMessage(
                "device_not_enrolled",
                f"gateway {topic.device} is not enrolled; enrol it in the registry",
                field="device",
            )
        if gateway.area != topic.area:
            raise InvalidMessage(
                "area_mismatch",
                f"gateway {topic.device} is enrolled in area {gateway.area}, not {topic.area}",
                field="area",
            )
        return gateway

    def placed(self, topic: str) -> str:
        """The same topic in the realm and area of its gateway, in no city where it is not known."""
        *_, device, kind = topic.rsplit("/", 2)
        gateway = self.gateway(device)
        if gateway is None:
            return f"{Realm.LIFT}/v1/{NO_CITY}/{device}/{kind}"
        realm = Realm.LIFT if gateway.kitchen_id is None else Realm.KITCHEN
        return f"{realm}/v1/{gateway.area}/{device}/{kind}"

    def resolve(self, topic: Topic, lift: str | None) -> Lift:
        """The lift that a message on `topic` speaks of; `lift` is the code in the message.

        Raises InvalidMessage: device_not_enrolled, area_mismatch, lift_unknown, not_its_lift,
        lift_missing.
        """
        gateway = self.admitted(topic)
        if topic.realm is not Realm.LIFT or not gateway.lift_ids:
            raise InvalidMessage(
                "device_not_enrolled", f"gateway {topic.device} speaks for no lift", field="device"
            )
        if lift is None:
            if len(gateway.lift_ids) == 1:
                return self.lifts_by_id[gateway.lift_ids[0]]
            raise InvalidMessage(
                "lift_missing",
                f"gateway {topic.device} serves {len(gateway.lift_ids)} lifts: say which",
                field="lift",
            )
        found = self.lifts_by_code.get(lift)
        if found is None:
            raise InvalidMessage("lift_unknown", f"no lift has the code {lift}", field="lift")
        if found.id not in gateway.lift_ids:
            raise InvalidMessage(
                "not_its_lift",
                f"gateway {topic.device} speaks for no lift {lift}",
                field="lift",
            )
        return found

    def resolve_kitchen(self, topic: Topic) -> str:
        """The code of the kitchen that a gateway speaks for.

        Raises InvalidMessage: device_not_enrolled, area_mismatch.
        """
        gateway = self.admitted(topic)
        if topic.realm is not Realm.KITCHEN or gateway.kitchen_id is None:
            raise InvalidMessage(
                "device_not_enrolled",
                f"gateway {topic.device} speaks for no kitchen",
                field="device",
            )
        return self.kitchen_codes[gateway.kitchen_id]


def directory(
    gateways: Iterable[Gateway],
    lifts: Iterable[Lift],
    kitchen_codes: Mapping[int, str] | None = None,
    *,
    version: int = 0,
) -> Directory:
    """A directory of these gateways and lifts."""
    by_id = {lift.id: lift for lift in lifts}
    by_code = {lift.rescue_code: lift for lift in by_id.values()}
    by_code |= {lift.registration_code: lift for lift in by_id.values()}
    by_gateway = {gateway.id: gateway for gateway in gateways}
    return Directory(version, by_gateway, by_id, by_code, dict(kitchen_codes or {}))


def load_directory(connection: Connection, *, bare: bool = False) -> Directory:
    """The registry as `connection` sees it.

    `bare`: small, and lifts only as their telemetry needs them (devices.compact).
    """
    kitchens = amended.kitchen_codes(connection)
    version = registry_version(connection)
    if bare:
        gateways, lifts = CompactGateways(connection), CompactLifts(connection)
        return Directory(version, gateways, lifts, ByCode(lifts), kitchens)
    return directory(
        store.gateways(connection),
        map(store.to_lift, connection.execute(select(tables.lift))),
        kitchens,
        version=version,
    )


def amend_directory(connection: Connection, known: Directory) -> Directory | None:
    """The registry as `connection` sees it, made of a bare picture of it and what has changed.

    None where it must be loaded whole.
    """
    lifts, gateways = known.lifts_by_id, known.gateways
    if not isinstance(lifts, CompactLifts | AmendedLifts):
        return None
    if not isinstance(gateways, CompactGateways | AmendedGateways):
        return None
    news = amended.news_since(connection, known.version)
    if news is None:
        return None
    if news.lifts:
        lifts = amended.lifts_with(connection, lifts, news.lifts)
    if news.gateways:
        gateways = amended.gateways_with(connection, gateways, news.gateways)
    if any(
        len(each.amended) > amended.MOST_AMENDED
        for each in (lifts, gateways)
        if isinstance(each, AmendedLifts | AmendedGateways)
    ):
        return None
    kitchens = amended.kitchen_codes(connection) if news.kitchens else known.kitchen_codes
    version = registry_version(connection)
    return Directory(version, gateways, lifts, ByCode(lifts), kitchens, news)


@cache
def _newest(kinds: tuple[str, ...]) -> Select[Any]:
    """One look-up in the chain's index for every kind, however long the chains are."""
    t = journal_table.c
    newest = [
        select(t.id)
        .where(t.subject_kind == REGISTRY, t.subject_id == kind)
        .order_by(t.seq.desc())
        .limit(1)
        .scalar_subquery()
        for kind in kinds
    ]
    return select(*(func.coalesce(each, 0) for each in newest))


def registry_version(connection: Connection, kinds: Sequence[str] = KINDS) -> int:
    """The newest journal id of any registry change to these kinds; 0 while there was none."""
    row = connection.execute(_newest(tuple(kinds))).one()
    return max(int(each) for each in row)
