"""Still pictures on disk, each with the instant it was taken. Needs no libav: any page may read.

The instant is in the file's name, so picture and time cannot part. An old picture stays when a
camera goes dark, and whoever shows it shows its age.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from video.layout import replace_file, snapshot_folder

_NAME = "%Y%m%dT%H%M%S.%fZ"
_KEPT = 3  # whoever has just been told a name can still read it


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A JPEG file and when its picture reached us."""

    path: Path
    captured_at: datetime


def latest(root: Path, camera_id: str) -> Snapshot | None:
    """The newest still of a camera; None while there is none."""
    names = sorted(snapshot_folder(root, camera_id).glob("*Z.jpg"))
    if not names:
        return None
    captured_at = datetime.strptime(names[-1].stem, _NAME).replace(tzinfo=UTC)
    return Snapshot(names[-1], captured_at)


def keep(root: Path, camera_id: str, jpeg: bytes, captured_at: datetime) -> Snapshot:
    """Write a still and drop the oldest ones."""
    folder = snapshot_folder(root, camera_id)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{captured_at.astimezone(UTC).strftime(_NAME)}.jpg"
    replace_file(path, jpeg)
    for old in sorted(folder.glob("*Z.jpg"))[:-_KEPT]:
        old.unlink(missing_ok=True)
    return Snapshot(path, captured_at)
