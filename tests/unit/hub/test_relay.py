import io

import structlog

from hub.relay import relay


def test_what_a_broker_says_becomes_log_lines_but_for_what_we_know() -> None:
    said = (
        b"2026-11-23T12:00:00: Warning: Mosquitto should not be run as root/administrator.\n"
        b"2026-11-23T12:00:01: Error: Unable to open socket.\n\n"
    )
    with structlog.testing.capture_logs() as lines:
        relay(io.BytesIO(said), "mosquitto").join(5)
    assert [(line["event"], line["says"]) for line in lines] == [
        ("broker_says", "Error: Unable to open socket.")
    ]
