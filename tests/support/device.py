"""A device at a hub's broker, spoken for by mosquitto_pub and mosquitto_sub."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from tests.support.wait import wait_until

Receipt = dict[str, object]


@dataclass(frozen=True)
class Device:
    """A gateway of the registry; without a user it does not sign in."""

    area: str
    gateway: str
    port: int
    user: str = ""
    password: str = ""

    def topic(self, kind: str) -> str:
        """Where it says or hears `kind`."""
        return f"lift/v1/{self.area}/{self.gateway}/{kind}"

    def say(self, kind: str, payload: object) -> None:
        """Publish by the real client; bytes and text as they are, anything else as JSON."""
        if isinstance(payload, str):
            payload = payload.encode()
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.publish(self.topic(kind), data)

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish on any topic."""
        subprocess.run(
            ["mosquitto_pub", *self._who, "-q", "1", "-t", topic, "-s"],
            input=payload,
            check=True,
            timeout=10,
        )

    def call(self, payload: Mapping[str, object]) -> Receipt:
        """Repeat a call, as devices do, until its receipt is heard by the real client."""
        return self.answer_to(json.dumps(payload).encode(), str(payload["event_id"]))

    def answer_to(self, payload: bytes, event_id: str, *, among: int = 1) -> Receipt:
        """The receipt of `event_id`, while `payload`, which holds `among` calls, is repeated."""
        for _ in range(5):  # a repeat of an earlier call may be answered late
            with self.listening("receipt", among) as sub:

                def answered(listener: "subprocess.Popen[bytes]" = sub) -> bool:
                    self.say("call", payload)
                    return listener.poll() is not None

                wait_until(answered, what="the receipt", timeout_s=30, every_s=0.3)
                receipts = [self.heard(sub) for _ in range(among)]
                if found := [each for each in receipts if each["event_id"] == event_id]:
                    return found[0]
        raise AssertionError(f"no receipt of {event_id}")

    @contextmanager
    def listening(self, kind: str, count: int = 1) -> "Iterator[subprocess.Popen[bytes]]":
        """mosquitto_sub on `kind`; it ends by itself after `count` messages or 60 s."""
        command = ["mosquitto_sub", *self._who, "-q", "1", "-W", "60", "-C", str(count)]
        with subprocess.Popen([*command, "-t", self.topic(kind)], stdout=subprocess.PIPE) as sub:
            try:
                yield sub
            finally:
                sub.kill()

    @staticmethod
    def heard(sub: "subprocess.Popen[bytes]") -> Receipt:
        """The next message of a listener that has ended."""
        assert sub.stdout is not None
        receipt: Receipt = json.loads(sub.stdout.readline())
        return receipt

    @property
    def _who(self) -> list[str]:
        signed = ["-u", self.user, "-P", self.password] if self.user else []
        return ["-h", "127.0.0.1", "-p", str(self.port), *signed]
