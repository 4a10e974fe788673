"""The seam between reading telemetry and judging it.

The telemetry lane owns the memory of each lift and the commit; the rules that judge are handed to
it as two pure functions, `judge` (a message arrived) and `elapse` (time passed). What the rules
remember of a lift between messages is one `LiftMemory`, which the lane keeps beside the newest
state and writes with the same commit as the findings.
"""

from datetime import datetime, timedelta
from typing import Protocol

import msgspec
from msgspec import Struct

from devices.findings import Finding, Severity
from devices.protocol.messages import Door, Event, Heartbeat, Mode, Motion, Power, Sensor, Status


class OpenCondition(Struct, frozen=True, kw_only=True):
    """A condition of one subject that was raised and has not been cleared.

    `suppressed` conditions are remembered, so that their end is understood, but were not raised.
    `renamed` is the id under which a device that never ended it began the same once more. `boot` is
    the gateway's when it began. `passed`: the lift has worked since, so a new begin is a new one.
    """

    event_id: str
    subject_kind: str
    subject: str
    code: str
    severity: Severity
    since: datetime
    suppressed: bool = False
    renamed: str = ""
    boot: str = ""
    passed: bool = False


class Candidate(Struct, frozen=True, kw_only=True):
    """What may become a condition if it lasts until `due_at`.

    `inspected`: it began while technicians were at work, who may have caused it.
    """

    event_id: str
    code: str
    severity: Severity
    since: datetime
    due_at: datetime
    device_at: datetime | None = None
    floor: int | None = None
    occupied: bool | None = None
    inferred: bool = False
    renamed: str = ""
    boot: str = ""
    inspected: bool = False


class Raised(Struct, frozen=True):
    """A code that a lift raised, and when: counted where sensors are noisy."""

    code: str
    at: datetime


class LiftMemory(Struct, frozen=True, kw_only=True):
    """What the condition rules remember of one lift; written and read with `encode`/`decode`.

    Status fields are merged over messages, since a gateway says only what it knows. `wake_at` is
    when `elapse` must look again; None while nothing is pending. `settled` promises that a status
    which tells nothing new, and a heartbeat of a gateway that lives, would change nothing.

    working_from: since when what is told has belied that somebody is trapped. ended: the newest
    event ids whose end came before any begin.
    """

    mode: Mode | None = None
    car: Motion | None = None
    door: Door | None = None
    door_zone: bool | None = None
    occupied: bool | None = None
    floor: int | None = None
    power: Power | None = None
    open: tuple[OpenCondition, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    noisy: tuple[Raised, ...] = ()
    working_from: datetime | None = None
    ended: tuple[str, ...] = ()
    wake_at: datetime | None = None
    settled: bool = False


class Limits(Struct, frozen=True, kw_only=True):
    """What is normal for a lift, from the registry and the policy. Speed in m/s."""

    min_floor: int
    max_floor: int
    rated_speed_m_per_s: float
    building: str = ""
    gateway: str = ""
    confirm_after: timedelta = timedelta(seconds=60)


class Judged(Struct, frozen=True, kw_only=True):
    """What a rule answers: what to remember from now on, and what to hand off, in order."""

    memory: LiftMemory
    findings: tuple[Finding, ...] = ()


class Judge(Protocol):
    """Called once for each admitted message, in order of arrival."""

    def __call__(
        self,
        memory: LiftMemory | None,
        message: Event | Status | Heartbeat | Sensor,
        lift_code: str,
        limits: Limits,
        received_at: datetime,
        happened_at: datetime | None = None,
    ) -> Judged:
        """Judge `message`; never raises for what a sender can send.

        happened_at: when it happened as best known by the hub's clock, at most `received_at`;
        earlier for what waited at the broker or in the gateway.
        """
        ...


class Elapse(Protocol):
    """Called when a memory's `wake_at` has come."""

    def __call__(self, memory: LiftMemory, lift_code: str, limits: Limits, now: datetime) -> Judged:
        """Take what has lasted long enough."""
        ...


_decoder = msgspec.json.Decoder(LiftMemory)


def encode(memory: LiftMemory) -> bytes:
    """A memory as bytes to keep."""
    return msgspec.json.encode(memory)


def decode(kept: bytes) -> LiftMemory:
    """Read a kept memory; raises msgspec.DecodeError on what this version did not write."""
    return _decoder.decode(kept)
