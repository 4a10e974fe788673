"""What the doctor asks of a hub that runs: who it is, where, and how its parts and broker are."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from core import pulse
from core.clock import machine_ticks
from core.errors import HubError
from hub import broker, parts, probe, tls
from hub.finding import Finding, Verdict
from hub.folder import DataFolder
from hub.settings import Settings
from ingest.lane import BrokerAddress
from ingest.shard_file import ShardFile

FILE = "hub.json"
SILENT_AFTER_S = 10.0
STARTS_WITHIN_S = 60.0
_LOOK = "look at the hub's log; if it stays so, stop the hub and start it again"


@dataclass(frozen=True, slots=True)
class Running:
    """A hub as it told of itself at its start."""

    pid: int
    staff: str  # the pages' addresses from this very machine
    public: str
    certificate: str  # empty without HTTPS
    parts: tuple[str, ...]
    began: float  # in the machine's ticks

    def ports(self) -> str:
        """Where it listens."""
        return f"{self.staff} and {self.public}"


def tell(folder: DataFolder, settings: Settings, pid: int) -> None:
    """Leave word of a hub that starts."""
    told = {
        "pid": pid,
        "staff": settings.local_url,
        "public": settings.public_url,
        "certificate": str(settings.web.tls_cert or ""),
        "parts": parts.expected_of(settings, folder),
        "began": machine_ticks(),
    }
    folder.write_run(FILE, told)


def read(folder: DataFolder) -> Running | None:
    """What a running hub has told; None where it is too young or too old to have done so."""
    try:
        told = json.loads((folder.run / FILE).read_bytes())
        return Running(**{**told, "parts": tuple(told["parts"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def examine(folder: DataFolder, now: datetime) -> Iterator[Finding]:
    """Every finding about the hub that holds the folder; `now` is the wall clock's."""
    hub = read(folder)
    if hub is None:
        yield Finding("hub", Verdict.WORTH_KNOWING, "runs, and is still starting", "look again")
        return
    yield Finding("hub", Verdict.WELL, f"runs as process {hub.pid} on {hub.ports()}")
    yield from _parts(folder, hub, young=_young(folder, now))
    yield from _health(hub)


def address(settings: Settings, folder: DataFolder) -> BrokerAddress | None:
    """Where the running hub's broker is."""
    try:
        return broker.address(folder, settings.mqtt)
    except (HubError, ValueError):
        return None


def door(found: BrokerAddress, whose: str, remedy: str) -> Finding:
    """Whether a broker answers as MQTT brokers do."""
    where = f"{whose}, {found.host}:{found.port}"
    if amiss := probe.ask(found):
        return Finding("broker", Verdict.SERIOUS, f"{where}: {amiss}", remedy)
    return Finding("broker", Verdict.WELL, f"{where}, answers")


def _young(folder: DataFolder, now: datetime) -> bool:
    """Whether the shards have changed so lately that a worker may be starting."""
    try:
        changed = ShardFile(folder.telemetry).path.stat().st_mtime
    except OSError:
        return False
    return abs(now.timestamp() - changed) < STARTS_WITHIN_S


def _parts(folder: DataFolder, hub: Running, *, young: bool) -> Iterator[Finding]:
    """Of the parts that run now: a shard may have come, or ended, since the hub's start."""
    heard, now = pulse.heard(folder.pulse), machine_ticks()
    amiss = False
    names = parts.as_now(hub.parts, folder)
    for name in names:
        beat = heard.get(name)
        limit = max(SILENT_AFTER_S, parts.PATIENCE_S.get(parts.role_of(name), 0) / 2)
        starting = now - hub.began < STARTS_WITHIN_S or (young and name not in hub.parts)
        if beat is None and starting:
            amiss = True
            yield Finding(f"part {name}", Verdict.WORTH_KNOWING, "is starting", "look again")
            continue
        if beat is None:
            says = "has given no sign of life since its start"
        elif beat.silent_s(now) < limit:
            continue
        elif now - beat.turned < SILENT_AFTER_S:
            says = "runs, and its work does not succeed"
        else:
            says = f"hangs: silent for {now - beat.turned:.0f} s"
        amiss = True
        yield Finding(f"part {name}", Verdict.SERIOUS, says, _LOOK)
    if not amiss:
        yield Finding("parts", Verdict.WELL, f"all {len(names)} show signs of life")


def _health(hub: Running) -> Iterator[Finding]:
    url = f"{hub.staff}/health/ready"
    try:
        told = _ask(url, tls.trust_alone(Path(hub.certificate)) if hub.certificate else None)
    except (OSError, ValueError) as error:
        yield Finding("health", Verdict.SERIOUS, f"{url} does not answer ({error})", _LOOK)
        return
    status = told.get("status", "")
    verdict = {"ok": Verdict.WELL, "degraded": Verdict.WORTH_KNOWING}.get(status, Verdict.SERIOUS)
    yield Finding("health", verdict, f"{status} by {url}", "" if status == "ok" else "see below")
    for name, check in told.get("checks", {}).items():
        if not check["ok"] and not name.startswith("part "):  # those were told above
            weight = {"noted": Verdict.WORTH_KNOWING, "vital": Verdict.SERIOUS}
            found = weight.get(check.get("weight", ""), Verdict.WORTH_KNOWING)
            yield Finding(f"health: {name}", found, check["detail"], check.get("remedy", ""))


def _ask(url: str, trusted: ssl.SSLContext | None) -> Any:  # the JSON tree of our own pages
    try:
        with urllib.request.urlopen(url, timeout=5, context=trusted) as answer:  # noqa: S310  (our own)
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)
