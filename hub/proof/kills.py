"""What is killed when: drawn from a seed before anything runs, told afterwards. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from core.failpoint import NAMES

BROKER, TELEMETRY, INFLUX, DRAIN = "broker", "telemetry", "influxd", "history"
_FROM, _TO = 0.01, 0.97  # of all messages


@dataclass(frozen=True, slots=True)
class Kill:
    """When so many messages have been said, kill -9 `target`: a process, or one at a failpoint."""

    at_message: int
    target: str

    @property
    def named(self) -> bool:
        """Whether it is a named moment, at which the process dies by itself."""
        return self.target in NAMES


@dataclass(frozen=True, slots=True)
class Outage:
    """A broker was killed, having saved last at `saved_at`. All in seconds since 1970.

    The embedded broker orders each filter by itself: it is not `in_order`, and nothing follows from
    what else came.
    """

    saved_at: float
    killed_at: float
    there_again_at: float
    in_order: bool = True


def takes_telemetry(target: str) -> bool:
    """Whether a telemetry process dies by this kill."""
    return target.partition(".")[0] == TELEMETRY


def plan(seed: int, kills: int, messages: int, targets: Sequence[str]) -> tuple[Kill, ...]:
    """Every target as often as the others, or once less, in an order drawn from the seed."""
    chance = Random(seed)  # noqa: S311  (a story, reproducible)
    drawn = [targets[n % len(targets)] for n in range(kills)] if kills >= len(targets) else []
    drawn = drawn or chance.sample(list(targets), kills)
    chance.shuffle(drawn)
    moments = sorted(chance.randint(int(_FROM * messages), int(_TO * messages)) for _ in drawn)
    return tuple(Kill(at, target) for at, target in zip(moments, drawn, strict=True))


def targets(*, influx: bool, influx_is_ours: bool, broker: bool = True) -> tuple[str, ...]:
    """What can be killed; a broker and the worker's random moments count twice."""
    found = [TELEMETRY, TELEMETRY, *NAMES]
    if broker:
        found += [BROKER, BROKER]
    if influx:
        found.append(DRAIN)
    if influx_is_ours:
        found += [INFLUX, INFLUX]
    return tuple(found)
