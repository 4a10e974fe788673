"""Ports for servers of one's own."""

import socket

from hub.broker import is_free


def unused_port(span: int = 1) -> int:
    """A TCP port of loopback that was free a moment ago, and `span - 1` behind it."""
    while True:
        with socket.socket() as asked:
            asked.bind(("127.0.0.1", 0))
            port: int = asked.getsockname()[1]
        if port + span <= 65536 and all(is_free(port + n) for n in range(span)):  # noqa: PLR2004
            return port
