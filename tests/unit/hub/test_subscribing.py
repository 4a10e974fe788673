"""The setting, made into a session; and a broker's certificates on their way to it."""

from pathlib import Path

import pytest

from core.clock import SystemClock
from hub import broker
from hub.folder import DataFolder
from hub.settings import Mqtt
from hub.subscribing import telemetry_session
from ingest.lane import BrokerAddress
from ingest.mqtt import Session
from ingest.subscriber.session import BatchSession


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        (Mqtt(), BatchSession),
        (Mqtt(subscriber="batch", version="5", url="mqtt://broker.example"), BatchSession),
        (Mqtt(subscriber="paho"), Session),
    ],
)
def test_the_setting_chooses_who_reads_telemetry(settings: Mqtt, kind: type) -> None:
    address = BrokerAddress("127.0.0.1", 1)
    session = telemetry_session(settings, address, "hub-telemetry-0", ["a"], SystemClock())
    assert type(session) is kind
    session.close()


def test_certificates_reach_the_address(tmp_path: Path) -> None:
    file = Path(__file__)
    settings = Mqtt(url="mqtts://broker.example", ca_file=file, cert_file=file, key_file=file)
    found = broker.address(DataFolder(tmp_path), settings)
    assert (found.tls, found.ca_file, found.cert_file, found.key_file) == (True, *[str(file)] * 3)
