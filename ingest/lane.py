"""What stands between a lane and its broker: the delivery, the address, and the seam.

Two implementations of `Subscriber` exist and pass one contract suite: ingest.mqtt.Session (paho)
and ingest.subscriber.session.BatchSession (our own codec, many messages a read).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import msgspec


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is, and who we are there.

    `tls` checks its certificate against `ca_file`, or the system's authorities without one;
    `cert_file` and `key_file` are our own certificate, for brokers that ask for one.
    """

    host: str
    port: int
    username: str = ""
    password: str = ""
    tls: bool = False
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""


# A struct and not a dataclass: one is made for every message, at a fifth of the price.
class Delivery(msgspec.Struct, frozen=True, gc=False):
    """One PUBLISH packet; `mid` means something only on the connection that delivered it.

    A topic that is not UTF-8 is "": no grammar of ours accepts it, so it is refused by name.
    """

    topic: str
    payload: bytes
    received_at: datetime
    mid: int
    qos: int
    connection: int
    dup: bool = False
    retain: bool = False


class Subscriber(Protocol):
    """A lane's persistent session: at least once, in order, nothing dropped.

    `take` and `acknowledge` are for one consumer thread. What is not acknowledged is delivered
    again, on a later connection; a consumer that stalls stalls the broker, and keeps its session.
    """

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted the connection that stands now."""
        ...

    @property
    def queued(self) -> int:
        """How many deliveries wait in memory for the lane."""
        ...

    def start(self) -> None:
        """Connect, and keep connecting until `close`."""
        ...

    def close(self) -> None:
        """Leave the broker; what is not acknowledged stays there for the next start."""
        ...

    def follow(self, filters: Sequence[str]) -> None:
        """Subscribe to these too, on the connection that stands and on every later one."""
        ...

    def take(self, limit: int, timeout: timedelta) -> list[Delivery]:
        """Whatever is there, oldest first, at most `limit`; waits `timeout` for the first."""
        ...

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Tell the broker that these are safe, in the order given.

        QoS 0 needs none; what an earlier connection delivered is passed over.
        """
        ...
