"""Which lifts the condition rules keep an eye on, and when they must look again.

The rules are pure and stand elsewhere (devices.judging names the seam). Here is what they remember
of each lift, written down only where telemetry itself could not tell it again: what is open and
what is suspected.
"""

from collections.abc import Callable
from datetime import datetime
from heapq import heappop, heappush

from core import log
from devices.directory import Directory
from devices.findings import ConditionCleared, ConditionRaised, Finding, Severity
from devices.judging import Elapse, Judge, LiftMemory, Limits
from devices.protocol.messages import CameraFinding, Event, Heartbeat, Phase, Sensor, Status
from ingest.draft import Draft
from ingest.silences import Silences
from ingest.timeseries.steps import instant, micros
from ingest.track import GatewayTrack, Track

_PROMPT_US = 2_000_000  # what took less was on the road, and waited nowhere

_AGAIN_US = 10_000_000  # until a rule that failed is asked again
_POINT = Limits(min_floor=0, max_floor=0, rated_speed_m_per_s=0)  # of no lift

_log = log.get(__name__)


class Watch:
    """Owned by the pipeline; `touched` collects the subjects whose newest state changed."""

    def __init__(
        self,
        judge: Judge,
        elapse: Elapse,
        touched: set[Track],
        gateways: dict[str, GatewayTrack],
        tracks: dict[str, Track],
        directory: Callable[[], Directory],
    ) -> None:
        self.silences = Silences(gateways, tracks, directory, self._remember)
        self._judge = judge
        self._elapse = elapse
        self._touched = touched
        self._wakes: list[tuple[int, str]] = []
        self._waiting: dict[str, Track] = {}

    def resume(self, track: Track, memory: LiftMemory) -> None:
        """Go on with what was remembered before a restart."""
        track.memory = memory
        self.silences.resume(track)
        self._wake(track)

    def judge(
        self,
        draft: Draft,
        track: Track,
        message: Event | Status | Heartbeat | Sensor,
        at_us: int,
        event_us: int,
    ) -> None:
        """Let the rules look at a message, received and happened at these instants."""
        limits = _POINT if isinstance(message, Sensor) else track.limits
        if limits is None:
            return
        at = instant(at_us)
        happened = at if at_us - event_us < _PROMPT_US else instant(event_us)
        judged = self._judge(track.memory, message, track.key, limits, at, happened)
        self._remember(draft, track, judged.memory)
        draft.findings += judged.findings

    def pass_time(
        self, draft: Draft, now: datetime, limits_of: Callable[[Track], Limits | None]
    ) -> None:
        """Let the rules look again where they asked for it.

        `limits_of` answers for a lift that has not spoken yet; None: it is registered no more.
        """
        now_us = micros(now)
        try:
            self.silences.pass_time(draft, now)
        except Exception as error:  # noqa: BLE001  (of ours; suspicions go on)
            _log.exception("silences_set_aside", error=type(error).__name__)
        while self._wakes and self._wakes[0][0] <= now_us:
            _, key = heappop(self._wakes)
            track = self._waiting[key]
            memory = track.memory
            if memory is None or memory.wake_at is None or memory.wake_at > now:
                continue
            try:
                track.limits = track.limits or limits_of(track)
                if track.limits is None:
                    self._remember(draft, track, LiftMemory(settled=True))
                    continue
                judged = self._elapse(memory, key, track.limits, now)
            except Exception as error:  # noqa: BLE001  (of ours; the other lifts go on)
                _log.exception("condition_set_aside", lift=key, error=type(error).__name__)
                heappush(self._wakes, (now_us + _AGAIN_US, key))
                continue
            self._remember(draft, track, judged.memory)
            draft.findings += judged.findings

    def _remember(self, draft: Draft, track: Track, memory: LiftMemory) -> None:
        old = track.memory
        track.memory = memory
        if old is memory:
            return
        known = (old.open, old.candidates, old.ended) if old is not None else ((), (), ())
        if (memory.open, memory.candidates, memory.ended) != known:
            draft.memories[track.key] = memory
            self._touched.add(track)
            self._wake(track)

    def _wake(self, track: Track) -> None:
        if track.memory is not None and track.memory.wake_at is not None:
            self._waiting[track.key] = track
            heappush(self._wakes, (micros(track.memory.wake_at), track.key))


def kitchen_finding(message: CameraFinding, subject: str, at_us: int, event_us: int) -> Finding:
    """What a smart camera saw, for whoever looks after kitchens."""
    event_id = f"{subject}/{message.event_id}"
    if message.phase is Phase.END:
        return ConditionCleared(
            event_id=event_id,
            subject_kind="kitchen",
            subject=subject,
            code=message.code,
            at=instant(at_us),
        )
    return ConditionRaised(
        event_id=event_id,
        subject_kind="kitchen",
        subject=subject,
        code=message.code,
        severity=Severity.MINOR,
        since=instant(at_us),
        device_at=instant(event_us),
    )
