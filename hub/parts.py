"""What runs in each process, and how a part that hangs is told from one that works.

A part's name is `<role>.<part>`; its sign of life is a file of that name (core.pulse).
"""

import importlib.util
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from core import pulse
from core.errors import InvalidMessage
from hub.folder import DataFolder
from hub.settings import Settings
from ingest.shard_file import ShardFile
from ingest.shards import HOME

PARTS: Mapping[str, tuple[str, ...]] = {
    "broker": ("door",),
    "rescue": ("lane", "engine", "follower", "courier"),
    "web": ("pages", "maintenance", "rosters", "contracts", "imports"),
    "telemetry": ("lane",),
    "history": ("keeper", "drain"),
    "public": ("pages",),
    "video": ("fleet",),
    "simulator": ("city",),
}
SILENT_AFTER_S = 30.0  # a process is then killed and started again
PATIENCE_S: Mapping[str, float] = {"history": 180.0}  # one write there may take a minute
_TURN_AT_MOST_S = 1.0


def of_shard(part: str, shard: str) -> str:
    """The part, or the role, of that name that looks after a shard."""
    role, dot, rest = part.partition(".")
    if shard == HOME:
        return part
    return f"{role}-{shard}{dot}{rest}" if role == "telemetry" else f"{part}-{shard}"


def wanted(settings: Settings, shards: Sequence[str] = (HOME,)) -> tuple[str, ...]:
    """The roles that a hub with these settings runs, in the order of starting.

    `shards` are those that need a worker.
    """
    left_out = {
        "broker": bool(settings.mqtt.url),
        "simulator": not settings.demo.scenario,
    }
    return tuple(
        of_shard(role, shard)
        for role in PARTS
        if not left_out.get(role)
        for shard in (shards if role == "telemetry" else (HOME,))
    )


def expected(
    settings: Settings, working: Sequence[str] = (HOME,), kept: Sequence[str] = (HOME,)
) -> tuple[str, ...]:
    """The parts that must show signs of life; no cameras play without the video extra.

    `working` are the shards that need a worker, `kept` those that have files.
    """
    films = all(importlib.util.find_spec(module) for module in ("av", "cv2"))
    by_shard = {"telemetry": working, "history": kept}
    return tuple(
        of_shard(f"{role}.{part}", shard)
        for role in wanted(settings)
        if films or role != "video"
        for part in PARTS[role]
        if settings.history.url or part != "drain"
        for shard in by_shard.get(role, (HOME,))
    )


def expected_of(settings: Settings, folder: DataFolder) -> tuple[str, ...]:
    """The same of a data folder as it is now; of a spoiled shard map as far as it is known."""
    kept = tuple(folder.shards())
    try:
        working = ShardFile(folder.telemetry).read().running()
    except InvalidMessage:
        working = kept
    return expected(settings, working, kept)


def as_now(told: Sequence[str], folder: DataFolder) -> tuple[str, ...]:
    """Parts that a hub told of at its start, for the shards that there are by now."""
    kept = tuple(folder.shards())
    try:
        working = ShardFile(folder.telemetry).read().running()
    except InvalidMessage:  # as it started
        return tuple(told)
    by_shard = {"telemetry": working, "history": kept}
    return tuple(
        of_shard(part, shard)
        for part in told
        if "-" not in part  # of a shard beside the first, which may have ended
        for shard in by_shard.get(role_of(part), (HOME,))
    )


def role_of(part: str) -> str:
    """The role in PARTS that a part, or a role, is of, whichever its shard."""
    return part.partition(".")[0].partition("-")[0]


class Listener:
    """For how long each part has not gone round, as the supervisor has seen it.

    It counts only time in which it looked itself: a machine that slept, or was too busy for all of
    us, is no reason to kill anybody. A part that has not spoken yet is starting, or migrating.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last: dict[str, tuple[float, float]] = {}  # what it said, and for how long since
        self._looked_at: float | None = None

    def look(self, now: float) -> None:
        """Listen to every part."""
        passed = 0.0 if self._looked_at is None else min(now - self._looked_at, _TURN_AT_MOST_S)
        self._looked_at = now
        last = self._last
        self._last = {}
        for part, beat in pulse.heard(self._folder).items():
            said, silent = last.get(part, (None, 0.0))
            self._last[part] = (beat.turned, silent + passed if said == beat.turned else 0.0)

    def hanging(self, role: str) -> tuple[str, timedelta] | None:
        """The part of `role` that has been silent for too long, and for how long."""
        limit = PATIENCE_S.get(role, SILENT_AFTER_S)
        for part, (_, silent) in self._last.items():
            if part.startswith(f"{role}.") and silent > limit:
                return part, timedelta(seconds=silent)
        return None

    def forget(self, role: str) -> None:
        """Its process has ended, or starts."""
        pulse.forget(self._folder, role)
        self._last = {p: s for p, s in self._last.items() if not p.startswith(f"{role}.")}
