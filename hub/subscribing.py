"""Which subscriber reads the telemetry lane: the setting, made into a session."""

from collections.abc import Sequence

from core.clock import Clock
from hub.settings import Mqtt
from ingest.lane import BrokerAddress, Subscriber
from ingest.mqtt import Session
from ingest.subscriber.packets import Version
from ingest.subscriber.session import BatchSession


def telemetry_session(
    settings: Mqtt,
    address: BrokerAddress,
    client_id: str,
    filters: Sequence[str],
    clock: Clock,
    *,
    lane: str = "telemetry",
) -> Subscriber:
    """The telemetry lane's session, not yet started.

    Raises OSError when a certificate file cannot be read.
    """
    match settings.subscriber:
        case "paho":
            return Session(address, client_id, filters, lane=lane, clock=clock)
        case "batch":
            return BatchSession(
                address,
                client_id,
                filters,
                lane=lane,
                clock=clock,
                version=version_of(settings),
            )


def version_of(settings: Mqtt) -> Version:
    """What the telemetry lane speaks."""
    return Version.V5 if settings.version == "5" else Version.V3_1_1
