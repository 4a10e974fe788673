"""What one shard hands to another, or lets go of: chosen by the registry, else by the area."""

from collections.abc import Callable

from devices.directory import Directory
from hub.territory import Territory
from ingest import handing
from ingest.shards import ShardMap


def of_territory(
    theirs: Territory, registry: Directory, area_is: Callable[[str], bool]
) -> handing.Chosen:
    """What is of that territory: gateways by the registry, else by where they last spoke."""

    def chosen(gateway_id: str, area: str) -> bool:
        gateway = registry.gateway(gateway_id)
        return theirs.has(gateway) if gateway else bool(area) and area_is(area)

    return handing.Chosen(chosen, area_is)


def of_others(mine: Territory, registry: Directory, known: ShardMap) -> handing.Chosen:
    """What is known to be another shard's."""

    def area_is(area: str) -> bool:
        return known.owner(area) != mine.shard

    def chosen(gateway_id: str, area: str) -> bool:
        gateway = registry.gateway(gateway_id)
        return not mine.has(gateway) if gateway else bool(area) and area_is(area)

    return handing.Chosen(chosen, area_is)


def recalled(others: handing.Chosen, gateway: str) -> bool:
    """Whether history of that gateway is ours to recall."""
    return not others.gateway(gateway, "")
