"""What every camera does now, in `state.db`, and what alerts must know, in `handoff.db`.

Theory of operation. One writer, the fleet. A change of state and the hand-off row that follows from
it are one commit over both files: SQLite commits attached files together as long as they keep a
rollback journal, so neither file uses WAL (they see a few small writes a minute). Readers of other
processes open the files read only.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core import handoff
from devices import findings
from video import darkness
from video.stream import Stream, StreamState

BELIEVED_FOR = timedelta(seconds=20)
NOT_WATCHED = "not_watched"
VIDEO_SILENT = "video_process_silent"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS stream (
    camera TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    since_us INTEGER NOT NULL,
    reason TEXT NOT NULL,
    last_picture_us INTEGER,
    dark_event TEXT
) STRICT
"""
_UPSERT = """
INSERT INTO stream (camera, state, since_us, reason, last_picture_us, dark_event)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (camera) DO UPDATE SET state = excluded.state, since_us = excluded.since_us,
    reason = excluded.reason, last_picture_us = excluded.last_picture_us,
    dark_event = excluded.dark_event
"""
_SELECT = """
SELECT camera, state, since_us, reason, last_picture_us FROM stream
WHERE :camera IS NULL OR camera = :camera
"""


@dataclass(frozen=True, slots=True)
class CameraState:
    """A camera as pages show it. `since` is None for a camera that nobody watches."""

    state: StreamState
    since: datetime | None
    reason: str
    last_picture_at: datetime | None

    def believed(self, now: datetime) -> "CameraState":
        """The state, or offline when "live" was written by a process that has fallen silent."""
        last = self.last_picture_at or self.since
        if self.state is StreamState.LIVE and last is not None and now - last > BELIEVED_FOR:
            return replace(self, state=StreamState.OFFLINE, since=last, reason=VIDEO_SILENT)
        return self


UNKNOWN = CameraState(StreamState.OFFLINE, None, NOT_WATCHED, None)


class StateWriter:
    """The fleet's pen. One thread; what a method wrote is on the disk when it returns."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        with closing(_open(root / "handoff.db")) as own:
            handoff.create(own)
        self._connection = _open(root / "state.db")
        self._connection.execute(_SCHEMA)
        self._connection.execute("ATTACH DATABASE ? AS alerts", (str(root / "handoff.db"),))
        self._connection.execute("PRAGMA alerts.synchronous = FULL")
        self._dark: dict[str, str | None] = dict(
            self._connection.execute("SELECT camera, dark_event FROM stream").fetchall()
        )

    def known(self) -> frozenset[str]:
        """The cameras that have a row, from an earlier process too."""
        return frozenset(self._dark)

    def record(self, streams: Mapping[str, Stream], now: datetime) -> None:
        """Write how these cameras stand, and in the same commit what alerts must know of it."""
        spells = {
            camera: darkness.judge(camera, self._dark.get(camera), stream)
            for camera, stream in streams.items()
        }
        with self._transaction():
            for camera, stream in streams.items():
                row = (stream.state.value, _us(stream.since), stream.reason)
                last = None if stream.last_picture_at is None else _us(stream.last_picture_at)
                self._connection.execute(_UPSERT, (camera, *row, last, spells[camera].event_id))
                self._tell(spells[camera], now)
        self._dark |= {camera: spell.event_id for camera, spell in spells.items()}

    def forget(self, camera: str, now: datetime) -> None:
        """Take a camera out; a darkness that was told is told to be over."""
        spell = darkness.leave(camera, self._dark.get(camera), now)
        with self._transaction():
            self._connection.execute("DELETE FROM stream WHERE camera = ?", (camera,))
            self._tell(spell, now)
        self._dark.pop(camera, None)

    def close(self) -> None:
        """Close both files."""
        self._connection.close()

    def _tell(self, spell: darkness.Spell, now: datetime) -> None:
        if spell.finding is not None:
            key, payload = findings.row_id(spell.finding), findings.encode(spell.finding)
            handoff.append(self._connection, event_id=key, at=now, payload=payload)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


class StateReader:
    """How cameras stand, for any process; sees every commit of the fleet."""

    def __init__(self, root: Path) -> None:
        self._file = root / "state.db"

    def camera(self, camera_id: str) -> CameraState:
        """One camera; UNKNOWN (offline, `not_watched`) when nobody watches it."""
        return self._read(camera_id).get(camera_id, UNKNOWN)

    def cameras(self) -> dict[str, CameraState]:
        """Every watched camera by id."""
        return self._read(None)

    def _read(self, camera_id: str | None) -> dict[str, CameraState]:
        if not self._file.exists():
            return {}
        uri = f"{self._file.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=5)) as connection:
            try:
                rows = connection.execute(_SELECT, {"camera": camera_id}).fetchall()
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):  # the fleet has only just made the file
                    return {}
                raise
        return {
            camera: CameraState(
                StreamState(state), _at(since), reason, None if last is None else _at(last)
            )
            for camera, state, since, reason, last in rows
        }


def _open(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        file, timeout=5, isolation_level=None, check_same_thread=False
    )  # one thread at a time: the fleet's, which need not be the one that made it
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _us(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)


def _at(us: int) -> datetime:
    return datetime.fromtimestamp(us / 1_000_000, UTC)
