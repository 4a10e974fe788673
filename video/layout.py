"""Where the video room keeps its files, below one root folder."""

import re
from pathlib import Path

from core.errors import NotFound

PLAYLIST = "index.m3u8"
_CAMERA_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SEGMENT = re.compile(r"s\d{8,12}\.m4s|init-\d{1,6}\.mp4")


def checked(camera_id: str) -> str:
    """The id when it may be a folder's name; raises NotFound on anything that could climb out."""
    if not _CAMERA_ID.fullmatch(camera_id):
        raise NotFound("camera", camera_id)
    return camera_id


def hls_folder(root: Path, camera_id: str) -> Path:
    """Playlist and segments of a camera."""
    return root / "hls" / checked(camera_id)


def snapshot_folder(root: Path, camera_id: str) -> Path:
    """Still pictures of a camera."""
    return root / "snapshots" / checked(camera_id)


def media_file(root: Path, camera_id: str, name: str) -> Path:
    """The playlist, an init or a media segment by its name; NotFound on any other name."""
    if name != PLAYLIST and not _SEGMENT.fullmatch(name):
        raise NotFound("media file", name)
    return hls_folder(root, camera_id) / name


def replace_file(path: Path, content: bytes) -> None:
    """Write so that a reader sees the old content or the new, never a part."""
    draft = path.with_name(f".{path.name}.new")
    draft.write_bytes(content)
    draft.replace(path)
