"""Both subscribers behind TLS: an authority of one's own, a client certificate, a password."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import SystemClock
from ingest.lane import BrokerAddress
from tests.support import mosquitto
from tests.support.certificates import Authority, Pair
from tests.support.ports import free_port
from tests.support.subscribers import KINDS, make, opened, publish_lines, taken

pytestmark = pytest.mark.broker
COUNT = 1000


@dataclass
class Guarded(mosquitto.Broker):
    """Speaks TLS alone, and asks for a certificate and a password."""

    authority: str = ""
    pair: Pair | None = None

    def _doors(self) -> str:
        assert self.pair is not None
        return (
            f"{super()._doors()}\ncafile {self.authority}\ncertfile {self.pair.certificate}\n"
            f"keyfile {self.pair.key}\nrequire_certificate true"
        )


@contextmanager
def guarded(folder: Path, authority: Authority) -> Iterator[Guarded]:
    folder.mkdir()
    broker = Guarded(
        folder,
        free_port(),
        users={"hub": "sample-password"},
        authority=authority.file,
        pair=authority.server(),
    )
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


@pytest.mark.parametrize("kind", KINDS)
def test_a_guarded_broker_lets_in_who_shows_both_and_nobody_else(tmp_path: Path, kind: str) -> None:
    authority = Authority(tmp_path, SystemClock().now())
    stranger = Authority(tmp_path, SystemClock().now(), "stranger")
    own = authority.client()
    with guarded(tmp_path / "broker", authority) as broker:
        right = BrokerAddress(
            broker.host,
            broker.port,
            "hub",
            "sample-password",
            tls=True,
            ca_file=authority.file,
            cert_file=own.certificate,
            key_file=own.key,
        )
        wrongs = [replace(right, password="guessed")]
        if kind != "paho":  # it keeps out too, but forgets to close its socket
            wrongs += [
                replace(right, ca_file=stranger.file),
                replace(right, cert_file="", key_file=""),
            ]
        for wrong in wrongs:
            kept_out = make(kind, wrong)
            kept_out.start()
            assert kept_out.take(1, timedelta(milliseconds=700)) == []
            assert not kept_out.connected
            kept_out.close()
        with opened(make(kind, right, keep_alive=timedelta(seconds=2))) as subscriber:
            sent = [str(n) * (1 + n % 100) for n in range(1, COUNT)]
            who = ["--cafile", authority.file, "--cert", own.certificate, "--key", own.key]
            publish_lines(broker.port, sent, options=[*who, "-u", "hub", "-P", "sample-password"])
            found = taken(subscriber, len(sent))
            assert [each.payload.decode() for each in found] == sent


def test_a_certificate_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    address = BrokerAddress("127.0.0.1", 1, tls=True, ca_file=str(tmp_path / "nowhere.pem"))
    for kind in KINDS:
        with pytest.raises(OSError, match=r"nowhere\.pem|No such file"):
            make(kind, address)
