"""What can be known of an InfluxDB before it hurts: access, limits of tags, types of fields."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import Unavailable
from devices.protocol.messages import Kind
from ingest.timeseries.influx import InfluxStore
from ingest.timeseries.lineprotocol import TYPES

_NAMES = {int: "integer", float: "float", str: "string", bool: "boolean"}
_LIMITS = ("max-values-per-tag", "max-series-per-database")
_KINDS_OF_A_LIFT = 3  # status, event and stats; a heartbeat is its gateway's


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that was looked at; `remedy` is empty where all is well."""

    well: bool
    says: str
    remedy: str = ""


def check(store: InfluxStore, *, lifts: int) -> Iterator[Checked]:
    """Look at a store that is to keep the history of so many lifts."""
    try:
        store.probe()
    except Unavailable as error:
        remedies = {
            "down": "start it, or correct HUB_HISTORY__URL",
            "token": "give HUB_HISTORY__TOKEN the right to read and write the bucket",
            "bucket": "make the bucket, or correct HUB_HISTORY__BUCKET and HUB_HISTORY__ORG",
        }
        remedy = remedies.get(error.reason, "look into its log")
        yield Checked(well=False, says=f"{error}", remedy=remedy)
        return
    yield Checked(well=True, says="answers, takes the token and has the bucket")
    yield from _limits(store, lifts)
    yield from _types(store)


def _limits(store: InfluxStore, lifts: int) -> Iterator[Checked]:
    """1.x refuses new values of a tag, and new series, beyond limits of its configuration."""
    try:
        series = store.influxql("SHOW DIAGNOSTICS")
    except Unavailable:  # 2.x knows neither the statement nor the limits
        yield Checked(well=True, says="does not limit the number of lifts")
        return
    data = next((each for each in series if each["name"] == "config-data"), None)
    told = dict(zip(data["columns"], data["values"][0], strict=True)) if data else {}
    for name in _LIMITS:
        limit = int(told.get(name, 0))
        needed = lifts * (_KINDS_OF_A_LIFT if name == _LIMITS[1] else 1)
        if limit and needed > limit:
            yield Checked(
                well=False,
                says=f"{name} = {limit}, but {lifts} lifts need {needed}: it refuses the rest",
                remedy=f"set {name} = 0 in its [data] section and restart it",
            )
        else:
            room = f"room for {limit}" if limit else "no limit"
            yield Checked(well=True, says=f"{name}: {room}, {needed} needed")


def _types(store: InfluxStore) -> Iterator[Checked]:
    """A field keeps the type of its first point, whoever wrote that."""
    wrong = False
    for series in store.influxql("SHOW FIELD KEYS"):
        if series["name"] not in set(Kind):
            continue
        for field, found in series["values"]:
            if (known := TYPES.get(field)) is not None and _NAMES[known] != found:
                wrong = True
                yield Checked(
                    well=False,
                    says=f"{series['name']}.{field} is {found} there, {_NAMES[known]} here:"
                    " every point that carries it will be refused",
                    remedy="use a bucket of the hub's own",
                )
    if not wrong:
        yield Checked(well=True, says="every field has its type")
