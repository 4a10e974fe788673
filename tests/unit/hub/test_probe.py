import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hub.probe import ask
from ingest.lane import BrokerAddress
from tests.support.ports import free_port

ACCEPTED = b"\x20\x02\x00\x00"
UNWANTED = b"\x20\x02\x00\x05"


@contextmanager
def door(answer: bytes | None) -> Iterator[tuple[BrokerAddress, list[bytes]]]:
    """Somebody who listens, and answers a CONNECT with these bytes, or hangs."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            caller, _ = server.accept()
            with caller:
                heard.append(caller.recv(1000))
                if answer is not None:
                    caller.sendall(answer)
                caller.recv(1000)  # until they leave

        thread = threading.Thread(target=serve)
        thread.start()
        yield BrokerAddress("127.0.0.1", server.getsockname()[1], "hub", "secret"), heard
        thread.join(5)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (ACCEPTED, ""),
        (UNWANTED, "refuses our user name and password"),
        (b"HTTP/1.1 400\r\n", "does not speak MQTT 3.1.1"),
        (None, "does not answer"),
    ],
)
def test_a_broker_is_asked_by_a_real_connect(answer: bytes | None, words: str) -> None:
    with door(answer) as (address, heard):
        assert ask(address, within_s=0.5) == words
    assert heard[0] == (b"\x10\x19\x00\x04MQTT\x04\xc2\x00\x0a\x00\x00\x00\x03hub\x00\x06secret")


def test_a_port_without_anybody_is_told_apart() -> None:
    assert ask(BrokerAddress("127.0.0.1", free_port())) == "nobody listens there"
