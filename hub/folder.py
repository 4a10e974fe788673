"""Where what is kept lies in the data folder."""

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ingest.shards import HOME, NAME

TELEMETRY = "telemetry"  # the folder of the shards, and what their hand-offs' names begin with


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The one folder that holds a hub's state."""

    root: Path

    @property
    def telemetry(self) -> Path:
        """The shards' folders, and the map of what is whose."""
        return self.root / TELEMETRY

    def shard(self, name: str) -> Path:
        """Day files of a telemetry shard."""
        return self.telemetry / name

    def shards(self) -> dict[str, Path]:
        """Every shard that there is, or was: an emptied one keeps its history."""
        found = {each.name: each for each in self.telemetry.glob("*") if NAME.fullmatch(each.name)}
        return {HOME: self.shard(HOME), **{name: found[name] for name in sorted(found)}}

    def latest(self) -> dict[str, Path]:
        """Where each shard keeps the newest state of its lifts."""
        return {name: latest_of(folder) for name, folder in self.shards().items()}

    @property
    def dialects(self) -> Path:
        """Mapping files of the hub's own; there need be none."""
        return self.root / "dialects"

    @property
    def reports(self) -> Path:
        """Hand-off of what people reported on the public pages."""
        return self.root / "public" / "reports.db"

    @property
    def video(self) -> Path:
        """Pictures, camera states and their hand-off."""
        return self.root / "video"

    @property
    def broker(self) -> Path:
        """Configuration and persistence of the started broker."""
        return self.root / "broker"

    @property
    def metrics(self) -> Path:
        """Counters that the processes share."""
        return self.root / "metrics"

    @property
    def run(self) -> Path:
        """What holds only while the hub runs."""
        return self.root / "run"

    @property
    def pulse(self) -> Path:
        """Each part's sign of life."""
        return self.run / "pulse"

    @property
    def imports(self) -> Path:
        """Where large imports are made ready, and wait when they were cut short."""
        return self.root / "imports"

    @property
    def demo(self) -> Path:
        """What the simulated city keeps."""
        return self.root / "demo"

    @property
    def backups(self) -> Path:
        """Where backups go unless told."""
        return self.root / "backups"

    @property
    def last_backup(self) -> Path:
        """The mark that the newest backup leaves, wherever it went."""
        return self.backups / "last"

    @property
    def hand_offs(self) -> "HandOffs":
        """What the rescue process follows, by source."""
        return HandOffs(self)

    def database_url(self, configured: str) -> str:
        """The relational database's URL."""
        return configured or f"sqlite:///{self.root / 'hub.db'}"

    def make(self) -> None:
        """Make every folder; secrets are for their owner alone."""
        for folder in (
            latest_of(self.shard(HOME)),
            self.reports.parent,
            self.video,
            self.broker,
            self.metrics,
            self.run,
            self.pulse,
            self.demo,
        ):
            folder.mkdir(parents=True, exist_ok=True)
        (self.root / "secrets").mkdir(mode=0o700, exist_ok=True)

    def secret(self, name: str) -> bytes:
        """The secret of that name, made at first use."""
        file = self.root / "secrets" / name
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return file.read_bytes()
        with os.fdopen(handle, "wb") as out:
            out.write(secrets.token_urlsafe(32).encode())
        return file.read_bytes()

    def write_run(self, name: str, content: object) -> None:
        """Replace a JSON file of `run` at once, for its owner alone."""
        file = self.run / name
        fresh = file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            json.dump(content, out)
        fresh.replace(file)


class HandOffs(Mapping[str, Path]):
    """The hand-offs of a folder as they are now: a shard may come at any time."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder

    def _found(self) -> dict[str, Path]:
        shards = self._folder.shards()
        return {
            **{source_of(name): path for name, path in shards.items()},
            "public": self._folder.reports,
            "video": self._folder.video / "handoff.db",
        }

    def __getitem__(self, source: str) -> Path:
        return self._found()[source]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found())

    def __len__(self) -> int:
        return len(self._found())


def source_of(shard: str) -> str:
    """The name of a shard's hand-off."""
    return f"{TELEMETRY}/{shard}"


def latest_of(shard: Path) -> Path:
    """Where a shard keeps the newest state of every lift."""
    return shard / "latest"
