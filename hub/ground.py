"""What every process is given, and the policies by which it works."""

from dataclasses import dataclass

from alerts.policy import PolicyBook
from core.clock import Clock
from core.pulse import Pulse
from hub import demo, soundness
from hub.folder import DataFolder
from hub.settings import Settings
from ingest.shards import HOME


@dataclass(frozen=True, slots=True)
class Ground:
    """What every process is given."""

    settings: Settings
    folder: DataFolder
    clock: Clock
    share: int  # of the folder's lock
    metrics_folder: str | None
    supervised: bool  # standard input is the parent's pipe
    shard: str = HOME  # of a telemetry worker

    @property
    def database_url(self) -> str:
        """The relational database's URL."""
        return self.folder.database_url(self.settings.database.url)

    def pulse(self, part: str) -> Pulse:
        """The sign of life of `<role>.<part>`."""
        return Pulse(self.folder.pulse / part)


def policies_of(ground: Ground) -> PolicyBook:
    """The policy file, in the hub's zone, as fast as the simulated city lives."""
    book = soundness.read_policies(ground.settings)
    book = PolicyBook(book.default, book.by_area, ground.settings.tz)
    if ground.settings.demo.scenario:
        return book.scaled(demo.scenario(ground.settings.demo.scenario).speed)
    return book
