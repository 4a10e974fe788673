"""Tables of the alerts room: incidents, assignments, the outbox, alarms.

Timers are columns: `incident.wake_at` and `notice.next_at` are all that the engine and the courier
wait for, so a restart is no special case.
"""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from core.db import Instant, Json, metadata

incident = Table(
    "incident",
    metadata,
    Column("id", String(16), primary_key=True),  # 20261123-0007
    Column("event_key", String(200), nullable=False, unique=True),  # what opened it, once
    Column("lift_id", Integer, ForeignKey("lift.id"), index=True),  # null: unregistered
    Column("lift_code", String(20), nullable=False),
    Column("area", String(6), nullable=False),
    Column("district", String(6), nullable=False),
    Column("place", String(500), nullable=False),
    Column("kind", String(16), nullable=False),  # trapped | fault
    Column("source", String(16), nullable=False),  # button intercom inferred form public
    Column("state", String(24), nullable=False),
    Column("level", Integer, nullable=False),  # 0 before dispatch, then 1 to 3
    Column("people", Integer),
    Column("injured", Boolean, nullable=False),
    Column("vulnerable", String(200), nullable=False, server_default=""),
    Column("floor", Integer),
    Column("note", Text, nullable=False, server_default=""),
    Column("opened_at", Instant, nullable=False),
    Column("located_at", Instant),
    Column("dispatched_at", Instant),
    Column("acknowledged_at", Instant),
    Column("en_route_at", Instant),
    Column("on_scene_at", Instant),
    Column("freed_at", Instant),
    Column("confirmed_at", Instant),
    Column("cause_reported_at", Instant),
    Column("closed_at", Instant),
    Column("target_missed_at", Instant),  # set once, never erased
    Column("statutory_missed_at", Instant),  # likewise
    Column("cause_code", String(8)),
    Column("cause_text", String(500), nullable=False, server_default=""),
    Column("merged_into", String(16), ForeignKey("incident.id")),
    Column("policy", Json, nullable=False),  # the snapshot it was opened under
    Column("taken_steps", Json, nullable=False),  # names of rungs already taken
    Column("wake_at", Instant),
    Column("version", Integer, nullable=False),
    Index("ix_incident_wake_at", "wake_at"),
    Index("ix_incident_state_opened_at", "state", "opened_at"),
)

report = Table(
    "report",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("incident_id", String(16), ForeignKey("incident.id"), nullable=False, index=True),
    Column("event_key", String(200), nullable=False, unique=True),
    Column("at", Instant, nullable=False),
    Column("source", String(16), nullable=False),
    Column("people", Integer),
    Column("injured", Boolean, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("reporter_name", String(64), nullable=False, server_default=""),
    Column("reporter_phone", String(32), nullable=False, server_default=""),
    Column("fingerprint", String(64), nullable=False, server_default=""),  # of what was told
)

assignment = Table(
    "assignment",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("incident_id", String(16), ForeignKey("incident.id"), nullable=False),
    Column("level", Integer, nullable=False),
    Column("target_kind", String(16), nullable=False),  # firm | station | public_rescue
    Column("target_id", Integer),  # firm.id or station.id
    Column("target_name", String(200), nullable=False),
    Column("target_phone", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("responder", String(64), nullable=False, server_default=""),
    Column("proof", String(16), nullable=False, server_default=""),  # of arrival
    Column("offered_at", Instant, nullable=False),
    Column("acknowledged_at", Instant),
    Column("en_route_at", Instant),
    Column("on_scene_at", Instant),
    Column("ended_at", Instant),
    Column("version", Integer, nullable=False),
    UniqueConstraint("incident_id", "level", "target_kind", "target_id"),
    Index("ix_assignment_target", "target_kind", "target_id", "state"),
)

notice = Table(
    "notice",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(128), nullable=False, unique=True),  # incident/step/n/sender
    Column("incident_id", String(16), ForeignKey("incident.id"), nullable=False, index=True),
    Column("sender", String(16), nullable=False),  # log | webhook
    Column("recipient", String(200), nullable=False),
    Column("destination", String(500), nullable=False),
    Column("body", Json, nullable=False),
    Column("state", String(16), nullable=False),  # pending | sent | failed
    Column("created_at", Instant, nullable=False),
    Column("next_at", Instant),
    Column("attempts", Integer, nullable=False),
    Column("sent_at", Instant),
    Column("last_error", String(500), nullable=False, server_default=""),
    Index("ix_notice_next_at", "next_at"),
)

alarm = Table(
    "alarm",
    metadata,
    Column("event_id", String(200), primary_key=True),
    # lift | building (by its first lift) | gateway | area | kitchen | camera
    # | station | firm | team (of their rosters)
    Column("subject_kind", String(16), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("code", String(64), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("detail", String(500), nullable=False, server_default=""),
    Column("since", Instant, nullable=False),
    Column("cleared_at", Instant),
    Column("acknowledged_at", Instant),
    Column("acknowledged_by", String(64), nullable=False, server_default=""),
    Column("incident_id", String(16), ForeignKey("incident.id")),
    Column("folded_into", String(200), nullable=False, server_default=""),  # alarm.event_id
    Index("ix_alarm_subject", "subject_kind", "subject", "state"),
    Index("ix_alarm_folded_into", "folded_into"),
)

hand_off_cursor = Table(
    "hand_off_cursor",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("file", String(200), primary_key=True),
    Column("row", Integer, nullable=False),
)
