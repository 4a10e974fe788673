"""Where what is kept lies in the data folder."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

TELEMETRY_SOURCE = "telemetry/0"  # the hand-off of the first shard


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The one folder that holds a hub's state."""

    root: Path

    @property
    def telemetry(self) -> Path:
        """Day files of the first telemetry shard."""
        return self.root / "telemetry" / "0"

    @property
    def latest(self) -> Path:
        """The newest state of every lift."""
        return self.telemetry / "latest"

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
    def hand_offs(self) -> dict[str, Path]:
        """What the rescue process follows, by source."""
        return {
            TELEMETRY_SOURCE: self.telemetry,
            "public": self.reports,
            "video": self.video / "handoff.db",
        }

    def database_url(self, configured: str) -> str:
        """The relational database's URL."""
        return configured or f"sqlite:///{self.root / 'hub.db'}"

    def make(self) -> None:
        """Make every folder; secrets are for their owner alone."""
        for folder in (
            self.telemetry,
            self.latest,
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
