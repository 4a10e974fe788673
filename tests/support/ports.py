"""Free loopback ports for servers that tests start."""

from hub.proof.ports import unused_port


def free_port() -> int:
    """A TCP port that was free a moment ago."""
    return unused_port()
