"""When a camera counts as dark, and when it is back: what is handed to alerts.

A camera is dark from the moment it goes offline (never for a mere stall) until its next picture,
over restarts too. One spell of darkness is one event, told once when it begins and once when it
ends; a camera that is taken out of service ends its spell too, or the alarm would never end.
"""

from dataclasses import dataclass
from datetime import datetime

from devices.findings import CameraBack, CameraDark, Finding
from video.stream import Stream, StreamState


@dataclass(frozen=True, slots=True)
class Spell:
    """The event id of the present darkness (None while there is light), and what to tell now."""

    event_id: str | None
    finding: Finding | None = None


def judge(camera_id: str, event_id: str | None, stream: Stream) -> Spell:
    """The spell after `stream` became as it is; `event_id` is the spell's before."""
    match stream.state:
        case StreamState.OFFLINE if event_id is None:
            event = f"dark-{camera_id}-{stream.since:%Y%m%dT%H%M%S%f}"
            dark = CameraDark(
                event_id=event,
                camera=camera_id,
                state=stream.state.value,
                since=stream.since,
                reason=stream.reason,
            )
            return Spell(event, dark)
        case StreamState.LIVE if event_id is not None:
            return Spell(None, CameraBack(event_id=event_id, camera=camera_id, at=stream.since))
        case _:
            return Spell(event_id)


def leave(camera_id: str, event_id: str | None, now: datetime) -> Spell:
    """The spell of a camera that is watched no longer."""
    if event_id is None:
        return Spell(None)
    return Spell(None, CameraBack(event_id=event_id, camera=camera_id, at=now))
