"""Every metric name in one place.

All processes of a hub write to one folder of memory-mapped files (prometheus-client's
multi-process mode, switched on by the supervisor); the web process merges them at /metrics.
Labels are closed sets: never an id that a sender can choose.
"""

import json
from collections import Counter as Counts
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector

# Ingest: received = stored + unchanged + duplicate + quarantined + shed + in flight, in every area
# (the city's division code, or "unknown" for what no enrolled gateway sent).
CUT_OFF = "cut_off"
_RECEIVED, _OUTCOME = "hub_ingest_received", "hub_ingest_outcome"
_BECAME = "What became of received messages"
_OUTCOME_LABELS = ["lane", "area", "outcome"]  # stored, unchanged, duplicate, quarantined, shed,
# and of a process that was killed: CUT_OFF
INGEST_RECEIVED = Counter(
    f"{_RECEIVED}_total", "Messages delivered by the broker", ["lane", "area"]
)
INGEST_OUTCOME = Counter(f"{_OUTCOME}_total", _BECAME, _OUTCOME_LABELS)
INGEST_REFUSED = Counter(
    "hub_ingest_refused_total", "Refused messages by reason", ["lane", "reason"]
)
INGEST_LOSSES = Counter(
    "hub_ingest_mapped_with_loss_total",
    "What mapped messages said that the contract has no place for",
    ["dialect"],  # the mapping files that are loaded
)
INGEST_IN_FLIGHT = Gauge(
    "hub_ingest_in_flight",
    "Received, not yet safe",
    ["lane", "area"],
    multiprocess_mode="livesum",
)
INGEST_LOST_BEFORE_HUB = Counter(
    "hub_ingest_lost_before_hub_total", "Gaps in a gateway's sequence: lost before they reached us"
)
QUARANTINE_REPLAYED = Counter(
    "hub_quarantine_replayed_total",
    "Kept objects that were sent through the pipeline again, by what became of them",
    ["outcome"],  # stored, unchanged, duplicate, refused, shed
)
QUARANTINE_DROPPED = Counter(
    "hub_quarantine_dropped_total",
    "Kept objects that are gone",
    ["why"],  # asked: somebody did; crowded_out: the day's budget
)
QUARANTINE_ROWS = Gauge(
    "hub_quarantine_rows",
    "Objects kept of the newest day",
    ["shard"],
    multiprocess_mode="livemostrecent",
)
QUARANTINE_BYTES = Gauge(
    "hub_quarantine_bytes",
    "Bytes kept of the newest day",
    ["shard"],
    multiprocess_mode="livemostrecent",
)
QUARANTINE_ASKED = Gauge(
    "hub_quarantine_asked",
    "Replays and drops that wait for the telemetry lane",
    ["shard"],
    multiprocess_mode="livemostrecent",
)
DOOR_OBJECTS = Counter(
    "hub_door_objects_total",
    "Objects pushed through the HTTP door, by what became of them",
    ["outcome"],  # stored, unchanged, duplicate, refused, shed
)
DOOR_WAITING = Gauge(
    "hub_door_waiting",
    "Objects of the HTTP door that telemetry has not taken yet",
    ["shard"],
    multiprocess_mode="livemostrecent",
)
INGEST_LAG = Histogram(
    "hub_ingest_commit_seconds",
    "From receipt to commit",
    ["lane"],
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30),
)
INGEST_ROAD = Histogram(
    "hub_ingest_road_seconds",
    "From the device's clock to receipt, of one message a batch",
    ["lane"],
    buckets=(0.05, 0.1, 0.5, 1, 2, 5, 30, 60, 600, 3600),
)
SPOOL_POINTS = Gauge(
    "hub_spool_points",
    "Points that wait for the history store",
    ["shard"],
    multiprocess_mode="livemostrecent",
)
SPOOL_BYTES = Gauge(
    "hub_spool_bytes",
    "Bytes that wait for the history store",
    ["shard"],
    multiprocess_mode="livemostrecent",
)
SPOOL_AGE = Gauge(
    "hub_spool_age_seconds",
    "Age of the oldest that waits",
    ["shard"],
    multiprocess_mode="livemostrecent",
)
SPOOL_DRAINED = Counter(
    "hub_spool_drained_points_total",
    "Points that left the spool",
    ["outcome"],  # written, refused
)
HISTORY_FREE = Gauge(
    "hub_history_free_bytes", "Free bytes on the disk of telemetry", multiprocess_mode="livemin"
)
HISTORY_SHEDDING = Gauge(
    "hub_history_shedding",
    "1 while points are shed because the disk is below its floor",
    multiprocess_mode="livemax",
)
HISTORY_ROLLED = Counter("hub_history_rolled_hours_total", "Hours of a lift rolled up")
HISTORY_ROLLED_TO = Gauge(
    "hub_history_rolled_to_seconds",
    "The instant (seconds since 1970) up to which everything received is rolled up",
    multiprocess_mode="livemax",
)
HISTORY_GONE = Counter(
    "hub_history_gone_total",
    "What retention let go",
    ["what"],  # rows (of a day), day, minutes, hours
)
MQTT_CONNECTED = Gauge(
    "hub_mqtt_connected", "1 while the lane's session is up", ["lane"], multiprocess_mode="livemax"
)
STRAYS_DROPPED = Counter(
    "hub_strays_dropped_total",
    "Messages under cities that nobody is registered in, beyond what the lane took",
)

# Alerts
INCIDENTS_OPENED = Counter("hub_incidents_opened_total", "Incidents opened", ["source"])
INCIDENTS_OPEN = Gauge(
    "hub_incidents_open", "Incidents not yet closed", multiprocess_mode="livemax"
)
ENGINE_CYCLES = Counter("hub_engine_cycles_total", "Engine cycles completed")
ENGINE_LATENESS = Histogram(
    "hub_engine_lateness_seconds",
    "A deadline's firing behind its due time",
    buckets=(0.05, 0.25, 0.5, 1, 2, 5, 30, 300),
)
RECEIPTS = Counter("hub_receipts_total", "Receipts sent to devices", ["accepted"])
NOTICES = Counter("hub_notices_total", "Delivery attempts", ["sender", "outcome"])
HANDED_OFF = Counter("hub_handed_off_total", "Hand-off rows applied", ["source", "outcome"])
CLOCK_STEP = Gauge(
    "hub_clock_step_seconds", "Wall clock minus anchored clock", multiprocess_mode="livemostrecent"
)

# Video
STREAM_STATE = Gauge(
    "hub_stream_live", "1 while a camera is live", ["camera"], multiprocess_mode="livemax"
)
STREAM_RECONNECTS = Counter("hub_stream_reconnects_total", "Camera reconnects")

# Dashboard
REQUESTS = Histogram(
    "hub_http_request_seconds",
    "HTTP requests",
    ["surface", "status_class"],
    buckets=(0.005, 0.025, 0.1, 0.5, 1, 5),
)
LIVE_FOLLOWERS = Gauge("hub_live_followers", "Open live pages", multiprocess_mode="livesum")


def forget(folder: Path, pid: int) -> None:
    """Take back what a process that has ended said of its present; what it counted stays.

    What it had received and not yet told the end of is `cut_off`, so that its books close: from
    there it comes again (a broker's message, a row of another process), and is counted again.
    """
    for file in folder.glob(f"gauge_live*_{pid}.db"):
        file.unlink(missing_ok=True)
    _close_books(folder / f"counter_{pid}.db")


def _close_books(file: Path) -> None:
    """Write into a dead process's own counters what is missing there."""
    if not file.exists():
        return
    counters = MmapedDict(str(file))  # type: ignore[no-untyped-call]
    try:
        left: Counts[tuple[str, str]] = Counts()
        for key, value, _ in tuple(counters.read_all_values()):  # type: ignore[no-untyped-call]
            _, name, labels, _ = json.loads(key)
            if name == f"{_RECEIVED}_total":
                left[labels["lane"], labels["area"]] += value
            elif name == f"{_OUTCOME}_total":
                left[labels["lane"], labels["area"]] -= value
        for place, open_by in left.items():
            if open_by > 0:
                key = mmap_key(
                    _OUTCOME, f"{_OUTCOME}_total", _OUTCOME_LABELS, [*place, CUT_OFF], _BECAME
                )
                before, _ = counters.read_value(key)  # type: ignore[no-untyped-call]
                counters.write_value(key, before + open_by, 0.0)  # type: ignore[no-untyped-call]
    finally:
        counters.close()  # type: ignore[no-untyped-call]


def exposition(folder: str | None) -> bytes:
    """The Prometheus text of all processes that write to `folder` (None: this process alone)."""
    if folder is None:
        return generate_latest()
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
