"""What every sender of notices keeps: try once, tell how it went, never raise for a bad target."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A notice on its way. `key` is the same at every attempt; `destination` is the sender's."""

    key: str
    recipient: str
    destination: str
    body: dict[str, object]


@dataclass(frozen=True, slots=True)
class Sent:
    """The other side has taken it."""


@dataclass(frozen=True, slots=True)
class FailedSend:
    """It was not taken; `retry` says whether another attempt may help."""

    reason: str
    retry: bool


class Sender(Protocol):
    """One way to reach people. `send` comes back within `longest`, whatever the other side does."""

    longest: timedelta

    def send(self, notice: Outgoing) -> Sent | FailedSend:
        """Try once."""
        ...
