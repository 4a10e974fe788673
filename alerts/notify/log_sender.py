"""Sends a notice into the structured log: always there, on every machine."""

from datetime import timedelta

from alerts.notify.port import FailedSend, Outgoing, Sent
from core import log


class LogSender:
    """Writes key, recipient and text; never the destination, which may be a telephone number."""

    longest = timedelta(seconds=1)

    def __init__(self) -> None:
        self._log = log.get("alerts.notify")

    def send(self, notice: Outgoing) -> Sent | FailedSend:
        """Write one line."""
        self._log.info(
            "notice", key=notice.key, recipient=notice.recipient, text=notice.body.get("text", "")
        )
        return Sent()
