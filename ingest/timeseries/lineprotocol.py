"""Points as InfluxDB's line protocol: measurement, tags, fields with fixed types, nanoseconds.

Theory of operation. The measurement is the kind of message; tags are `lift` and `gateway` (closed
by the registry, a gateway speaks for few lifts, so the tags multiply no series). Every message
field is a field, and `received_at_us`, `seq` and `boot` stand beside them. A field's type is fixed
by its first point in InfluxDB, so it is fixed here, in TYPES, before anything is sent.

Time is the device's millisecond plus an offset in nanoseconds made from boot and seq. So two
messages of one millisecond stay two points, and the same message written twice stays one.
"""

import json
import math
import zlib
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import unquote

from core.errors import InvalidMessage
from ingest.timeseries.port import Point, Value
from ingest.timeseries.steps import instant, micros

RECEIVED = "received_at_us"
TYPES: Mapping[str, type] = {
    RECEIVED: int,
    "seq": int,
    "boot": str,
    # status
    "mode": str,
    "car": str,
    "direction": str,
    "floor": int,
    "door_zone": bool,
    "door": str,
    "occupied": bool,
    "speed_m_s": float,
    "load_kg": float,
    "car_temp_c": float,
    "power": str,
    "operation": str,
    # event, finding
    "phase": str,
    "code": str,
    "camera": str,
    "confidence": float,
    "snapshot_url": str,
    # stats
    "run_count": int,
    "run_hours": float,
    "door_cycles": int,
    "trips": int,
    "rope_bends": int,
    "distance_m": float,
    # heartbeat
    "signal_dbm": float,
    "battery_pct": float,
    "firmware": str,
    "uptime_s": float,
    "offline": bool,
    # cmd-ack
    "cmd_id": str,
    "ok": bool,
    "detail": str,
    # sensor
    "temperature_c": float,
    "humidity_pct": float,
}
"""What a field is, for good. A field that is not named keeps what it came as; numbers are float."""

_PER_MILLISECOND = 1_000_000
_INT64 = 1 << 63


def kind_of(field: str, value: Value) -> type:
    """The type of a field by its name; of one that is not named, by its value."""
    if (known := TYPES.get(field)) is not None:
        return known
    return bool if isinstance(value, bool) else str if isinstance(value, str) else float


def numeric(field: str) -> bool:
    """Whether a field may hold numbers that a window can aggregate."""
    return TYPES.get(field, float) in {int, float} and not field.startswith("camera ")


def nanoseconds(point: Point) -> int:
    """The time of a point in InfluxDB: the device's millisecond, and which message of it."""
    if point.seq is None:
        told = json.dumps(dict(point.fields), sort_keys=True, default=str)
        nth = zlib.crc32(f"{point.boot}\0{told}".encode())
    else:
        nth = _of_boot(point.boot) + point.seq
    return micros(point.device_at) // 1000 * _PER_MILLISECOND + nth % _PER_MILLISECOND


def encode(point: Point) -> bytes:
    """One line. Raises InvalidMessage for a value that is not of its field's fixed type."""
    head = _head(point.kind, point.gateway, point.lift)
    seq = "" if point.seq is None else f",seq={point.seq}i"
    told = "".join([_field(name, value) for name, value in point.fields.items()])
    return (
        f"{head} {RECEIVED}={micros(point.received_at)}i{seq}{_boot(point.boot)}{told}"
        f" {nanoseconds(point)}"
    ).encode()


def decode(values: Mapping[str, Value], kind: str, ns: int) -> Point:
    """The point of a row's tags and fields as InfluxDB answers them.

    Its CSV ends every line with CR LF, within texts too: they come back as LF.
    """
    fields = {
        name: value.replace("\r\n", "\n") if isinstance(value, str) else value
        for name, value in values.items()
        if name not in {"lift", "gateway", RECEIVED}
    }
    seq, boot = fields.pop("seq", None), fields.pop("boot", "")
    return Point(
        lift=untag(str(values["lift"])),
        received_at=instant(int(values[RECEIVED])),
        device_at=instant(ns // _PER_MILLISECOND * 1000),
        fields=fields,
        kind=untag(kind),
        gateway=untag(str(values.get("gateway", ""))),
        seq=None if seq is None else int(seq),
        boot=str(boot),
    )


@lru_cache(maxsize=1 << 18)
def _head(kind: str, gateway: str, lift: str) -> str:
    """Measurement and tags of a line; a lift says much, so they are worth keeping."""
    spoken = f",gateway={tag(gateway)}" if gateway else ""
    return f"{tag(kind)}{spoken},lift={tag(lift)}"


@lru_cache(maxsize=1 << 18)  # a gateway has its own
def _boot(boot: str) -> str:
    """The field that tells it, behind a comma."""
    return f",boot={_text(boot)}" if boot else ""


@lru_cache(maxsize=1 << 18)
def _of_boot(boot: str) -> int:
    return zlib.crc32(boot.encode())


def tag(text: str) -> str:
    """A measurement or tag as it stands in a line.

    What line protocol cannot hold or reads in two ways (control characters, backslashes) is
    percent-encoded, as is the percent sign.
    """
    if text.isalnum():
        return text
    safe = "".join(f"%{ord(c):02X}" if c in "\\%" or ord(c) < 32 else c for c in text)  # noqa: PLR2004
    return safe.replace(" ", "\\ ").replace(",", "\\,").replace("=", "\\=")


def stored_tag(text: str) -> str:
    """The value of a tag as InfluxDB holds it, for queries."""
    return tag(text).replace("\\", "")


def untag(text: str) -> str:
    """What `stored_tag` stands for."""
    return unquote(text) if "%" in text else text


def _text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@lru_cache(maxsize=1 << 14, typed=True)  # typed: 1, 1.0 and True are equal, and not the same
def _field(name: str, value: Value) -> str:
    """A field and its value behind a comma; the values of lifts are few."""
    return f",{tag(name)}={_value(name, value)}"


def _value(field: str, value: Value) -> str:
    kind = kind_of(field, value)
    match value:
        case bool() if kind is bool:
            return "true" if value else "false"
        case str() if kind is str:
            return _text(value)
        case int() | float() if not isinstance(value, bool):
            whole = isinstance(value, int) or value.is_integer()
            if kind is float and math.isfinite(value):
                return repr(float(value))
            if kind is int and whole and -_INT64 <= value < _INT64:
                return f"{int(value)}i"
        case _:
            pass
    raise InvalidMessage("wrong_type", f"{value!r:.80} is no {kind.__name__}", field=field)
