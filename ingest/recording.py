"""What is kept of a message that was admitted: the newest state, a point of history, a judgement.

Theory of operation. What repeats itself within its dead-bands moves the newest state alone; what
came late is history alone; an event is a row, once. Everything goes into the caller's draft.

A last will was composed when the gateway connected: neither its number nor its time says anything
of when the connection broke. It happens when it is received, has no part in the numbering, and is
the same will again only while its gateway has said nothing since.
"""

from datetime import timedelta

import msgspec

from devices.protocol import messages as m
from ingest import admission
from ingest.admission import Refused
from ingest.deadband import DeadBands, Shared, columns, merged
from ingest.device_clock import STALE
from ingest.draft import Draft
from ingest.subjects import Subjects
from ingest.timeseries.port import ACK, WILL, Point, Value
from ingest.timeseries.steps import instant, micros
from ingest.track import Said, Track, event_mark, fact_mark, remember_fact
from ingest.watch import Watch, kitchen_finding

SHOWN = timedelta(seconds=10)  # how exact the age of a lift that says nothing new is
_PLAIN_FIELDS = frozenset({"ts", "seq", "boot", "lift"})
_STALE_US = STALE // timedelta(microseconds=1)
_SHOWN_US = SHOWN // timedelta(microseconds=1)


class Recorder:
    """Owned by the pipeline. `touched` and `heard` collect what the newest states must show."""

    def __init__(
        self, bands: DeadBands, subjects: Subjects, watch: Watch, touched: set[Track]
    ) -> None:
        self._columns = columns(bands)
        self._shared = Shared()
        self._heartbeat_us = bands.heartbeat // timedelta(microseconds=1)
        self._subjects = subjects
        self._watch = watch
        self._touched = touched  # newest words changed since the last flush
        self.heard: set[Track] = set()  # nothing new but that they were heard

    def record(self, draft: Draft, said: Said) -> str:
        """What became of it: stored, unchanged or duplicate."""
        shape = self._columns.get(type(said.message))
        track, at_us = said.track, said.at_us
        track.gateway = said.gateway.id
        track.received_us = said.gateway.heard_us = at_us
        if shape is None:
            return self._record_fact(draft, said)
        told = shape.values(said.message)
        line = track.line(shape)
        if said.event_us < track.event_us <= micros(draft.at):  # late: history alone
            self._store(draft, said, shape.fields(told))
            return "stored"  # (what is known of the future, our own clock said before it was set)
        track.event_us = said.event_us
        recent = at_us - line.stored_us < self._heartbeat_us
        if told == line.told and recent:
            if at_us - track.shown_us > _SHOWN_US:
                self.heard.add(track)
            if track.memory is None or not track.memory.settled:
                self._judge_told(draft, said)
            return "unchanged"
        line.told = merged(line.told, told)
        if shape.kind is m.Heartbeat:
            line.told = self._shared.values(line.told)
        self._touched.add(track)
        self._judge_told(draft, said)
        if recent and shape.same(line.stored, told):
            return "unchanged"
        line.stored, line.stored_us = line.told, at_us
        self._store(draft, said, shape.fields(told))
        return "stored"

    def _record_fact(self, draft: Draft, said: Said) -> str:
        """An event, or what a smart camera found: each is a row, once."""
        message, gateway, track = said.message, said.gateway, said.track
        if isinstance(message, m.Event | m.CameraFinding):
            mark = fact_mark(message.event_id, message.phase, message.boot, message.seq)
            if mark in gateway.events:
                return "duplicate"
            remember_fact(gateway, mark, message.boot)
        self.keep(draft, said)
        track.event_us = max(track.event_us, said.event_us)
        self.heard.add(track)
        if isinstance(message, m.Event):
            self._watch.judge(draft, track, message, said.at_us, said.event_us)
        elif isinstance(message, m.CameraFinding):
            draft.findings.append(kitchen_finding(message, track.key, said.at_us, said.event_us))
        return "stored"

    def record_will(self, draft: Draft, said: Said, will: m.Heartbeat) -> str:
        """A last will, happening at its receipt: stored or duplicate."""
        gateway, track = said.gateway, said.track
        newest = gateway.seen.now if gateway.seen is not None else None
        spoken = f"{newest.boot}/{newest.highest}" if newest is not None else ""
        mark = event_mark(f"{will.boot}/{will.ts}/{will.seq}/{spoken}", WILL)
        if mark in gateway.events:
            return "duplicate"
        # After a kill history tells of it, but not what had been said before.
        again = event_mark(f"{will.boot}/{will.seq}", WILL)
        if not gateway.heard_us and again in gateway.events:
            return "duplicate"
        remember_fact(gateway, mark, will.boot)
        self.keep(draft, said)
        if admission.outlived(gateway.seen, will.boot):  # of a connection before its restart
            return "stored"
        shape = self._columns[m.Heartbeat]
        line = track.line(shape)
        line.told = line.stored = merged(line.told, shape.values(will))
        line.stored_us = track.received_us = said.at_us
        track.event_us = max(track.event_us, said.at_us)
        track.gateway = gateway.id
        self._touched.add(track)
        self._watch.silences.farewell(draft, gateway, said.at_us)
        return "stored"

    def record_untimed(self, draft: Draft, said: Said, *, late: bool) -> str:
        """What has no number and no time of its own: an answer to a command is a row, once."""
        message, gateway = said.message, said.gateway
        if isinstance(message, m.CommandAck):
            mark = fact_mark(message.cmd_id, ACK, None, 0)
            if mark in gateway.events:
                return "duplicate"
            if not late:
                remember_fact(gateway, mark, None)
        self.keep(draft, said)
        return "stored"

    def record_late(self, draft: Draft, said: Said) -> str | Refused:
        """What comes out of quarantine is history alone."""
        message, gateway = said.message, said.gateway
        if micros(draft.at) - said.event_us > _STALE_US:  # no window of history would find it
            return Refused(admission.Reason.STALE, "ts", "happened more than 7 days ago")
        if isinstance(message, m.Event | m.CameraFinding) and (
            fact_mark(message.event_id, message.phase, message.boot, message.seq) in gateway.events
        ):
            return "duplicate"
        if message.boot is not None:  # type: ignore[union-attr]
            gateway.seen = admission.filled(gateway.seen, message.boot, message.seq)  # type: ignore[union-attr]
        self.keep(draft, said)
        return "stored"

    def keep(self, draft: Draft, said: Said) -> None:
        """A row of history, whatever it tells."""
        message = said.message
        shape = self._columns.get(type(message))
        if shape is not None:
            self._store(draft, said, shape.fields(shape.values(message)))
            return
        told = msgspec.structs.asdict(message)
        fields = {
            name: value
            for name, value in told.items()
            if name not in _PLAIN_FIELDS and isinstance(value, float | int | str | bool)
        }
        self._store(draft, said, fields)

    @staticmethod
    def _store(draft: Draft, said: Said, fields: dict[str, Value]) -> None:
        message, gateway = said.message, said.gateway
        if gateway.clock.offset:
            fields["device_clock_ms"] = message.ts  # type: ignore[union-attr]
        at = instant(said.at_us)
        draft.points.append(
            Point(
                said.track.key,
                at,
                at if said.event_us == said.at_us else instant(said.event_us),
                fields,
                said.way.kind.value,
                gateway.id,
                getattr(message, "seq", None),
                getattr(message, "boot", None) or "",
            )
        )

    def _judge_told(self, draft: Draft, said: Said) -> None:
        message = said.message
        if isinstance(message, m.Status | m.Sensor):
            self._watch.judge(draft, said.track, message, said.at_us, said.event_us)
        elif isinstance(message, m.Heartbeat):
            for track in self._subjects.spoken_for(said.gateway):
                if track.memory is not None and not track.memory.settled:
                    self._watch.judge(draft, track, message, said.at_us, said.event_us)
