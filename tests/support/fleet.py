"""Many gateways at one broker, and the registry that knows them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.clock import SystemClock
from core.db import Database
from hub.proof.registry import enrol
from simulators.crowd import Crowd
from tests.support.small_city import AREA, NOW, TEST, found_city
from tests.support.wait import wait_until


def found_fleet(data: Path, size: int, areas: Sequence[str] = (AREA,)) -> str:
    """The small city and `size` lifts more, each with its gateway, in `areas` by turns; a token."""
    token = found_city(data)
    with Database(f"sqlite:///{data / 'hub.db'}") as database:
        database.write(lambda c: enrol(c, range(size), areas, NOW, TEST))
    return token


def receipts(crowd: Crowd) -> None:
    """Until every call has its receipt."""
    wait_until(lambda: not crowd.chase(), what="every receipt", timeout_s=180, every_s=0.1)


@contextmanager
def fleet(port: int, size: int, areas: Sequence[str] = (AREA,)) -> Iterator[Crowd]:
    """A crowd that leaves at the end."""
    crowd = Crowd("127.0.0.1", port, size, clock=SystemClock(), areas=areas)
    try:
        wait_until(crowd.up.is_set, what="the fleet to connect", timeout_s=30)
        yield crowd
    finally:
        crowd.close()
