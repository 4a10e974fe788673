"""Tables of the maintenance log: what is due, visits, records, photos, duties, reminders.

Timers are columns: `maintenance_plan.wake_at` is all that the ladder waits for. Records are only
ever added; their content is kept as the very bytes that the chain covers.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from core.db import Instant, Json, metadata

plan = Table(
    "maintenance_plan",
    metadata,
    Column("lift_id", Integer, ForeignKey("lift.id"), primary_key=True, autoincrement=False),
    Column("street", String(64), nullable=False, server_default=""),  # out of the lift's address
    Column("counts_from", Date, nullable=False),
    Column("resumed_on", Date),  # after it was laid up or sealed: nothing is due before
    Column("service", String(16), nullable=False, server_default="in_service"),
    Column("service_since", Instant),
    Column("service_reason", String(500), nullable=False, server_default=""),
    Column("due_on", Date),  # null: nothing is due, the lift is out of use
    Column("period", String(16), nullable=False),  # the depth that is wanted
    Column("planned_on", Date),
    Column("last_on", Date),  # the newest visit that counts
    Column("last_period", String(16), nullable=False, server_default=""),
    Column("demand", Json),  # the terms of on-demand maintenance; null: by the calendar
    Column("fell_back_on", Date),
    Column("reasons", Json, nullable=False),  # why the calendar holds, or the plan was moved
    Column("check_due_on", Date),  # inspection or test by the authority's rule
    Column("check_kind", String(16), nullable=False, server_default=""),
    Column("looked_at", Instant, nullable=False),  # marks until then are told
    Column("wake_at", Instant),
    Index("ix_maintenance_plan_due_on", "due_on"),
    Index("ix_maintenance_plan_check_due_on", "check_due_on"),
    Index("ix_maintenance_plan_wake_at", "wake_at"),
)

visit = Table(
    "maintenance_visit",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("lift_id", Integer, ForeignKey("lift.id"), nullable=False),
    Column("firm_id", Integer, ForeignKey("firm.id"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("period", String(16), nullable=False),
    Column("called_for_by", String(16), nullable=False),
    Column("due_on", Date),
    Column("planned_on", Date),
    Column("team_id", Integer, ForeignKey("firm_team.id")),
    Column("workers", Json, nullable=False),  # the firm's own numbers of them
    Column("started_at", Instant),  # by the hub's clock
    Column("began_at", Instant),  # as it was handed in, skew taken off
    Column("ended_at", Instant),
    Column("done_on", Date),  # the local day of ended_at
    Column("received_at", Instant),
    Column("record_id", String(26)),  # in force
    Column("by_code", Boolean, nullable=False, server_default="0"),  # both scanned the lift's code
    Column("remarks", Json, nullable=False),
    Column("hazards", Json, nullable=False),
    Column("submitted_by", String(64), nullable=False, server_default=""),
    Column("confirm_by", Instant),  # null unless it waits for the use unit
    Column("confirmed_at", Instant),
    Column("confirmed_by", String(64), nullable=False, server_default=""),
    Column("reason", String(500), nullable=False, server_default=""),  # of the last move
    Column("sandbox", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Index("ix_maintenance_visit_lift", "lift_id", "state", "done_on"),
    Index("ix_maintenance_visit_firm", "firm_id", "state", "planned_on"),
    Index("ix_maintenance_visit_confirm_by", "confirm_by"),
    Index("ix_maintenance_visit_done_on", "done_on", "firm_id"),
)

check_in = Table(
    "maintenance_check_in",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("lift_id", Integer, ForeignKey("lift.id"), nullable=False),
    Column("firm_id", Integer, ForeignKey("firm.id"), nullable=False),
    Column("worker", String(32), nullable=False),
    Column("at", Instant, nullable=False),  # by the phone
    Column("means", String(16), nullable=False),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("received_at", Instant, nullable=False),
    UniqueConstraint("lift_id", "firm_id", "worker", "at"),
)

record = Table(
    "maintenance_record",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("lift_code", String(6), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("content", LargeBinary, nullable=False),  # canonical JSON, as the digest covers it
    Column("recorded_at", Instant, nullable=False),
    Column("recorded_by", String(64), nullable=False),
    Column("amends", String(26)),
    Column("why", String(500), nullable=False, server_default=""),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("visit_id", String(26), ForeignKey("maintenance_visit.id"), index=True),
    Column("firm_id", Integer, ForeignKey("firm.id"), nullable=False),  # who wrote it
    UniqueConstraint("lift_code", "seq"),
)

request = Table(
    "maintenance_request",
    metadata,
    Column("firm_id", Integer, ForeignKey("firm.id"), primary_key=True),
    Column("key", String(64), primary_key=True),  # the sender's Idempotency-Key
    Column("fingerprint", String(64), nullable=False),  # of what was asked
    Column("record_id", String(26), ForeignKey("maintenance_record.id"), nullable=False),
    Column("at", Instant, nullable=False),
)

photo = Table(
    "maintenance_photo",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("lift_id", Integer, ForeignKey("lift.id"), primary_key=True),
    Column("firm_id", Integer, ForeignKey("firm.id"), nullable=False),
    Column("media_type", String(32), nullable=False),
    Column("size", Integer, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("received_from", String(64), nullable=False),
)

duty_entry = Table(
    "use_unit_entry",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("use_unit_id", Integer, ForeignKey("use_unit.id"), nullable=False),
    Column("lift_id", Integer, ForeignKey("lift.id")),  # null: of all the unit's lifts
    Column("duty", String(16), nullable=False),
    Column("span_first", Date, nullable=False),
    Column("about", Integer, nullable=False),  # lift_id, or 0: so that the key below holds
    Column("on", Date, nullable=False),
    Column("list_version", String(16), nullable=False),
    Column("answers", Json, nullable=False),  # point -> fine | not_fine
    Column("note", String(500), nullable=False, server_default=""),
    Column("by", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("use_unit_id", "duty", "about", "span_first"),
)

service_move = Table(
    "lift_service_move",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("lift_id", Integer, ForeignKey("lift.id"), nullable=False),
    Column("event", String(16), nullable=False),
    Column("state", String(16), nullable=False),  # afterwards
    Column("reason", String(500), nullable=False),
    Column("by", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_lift_service_move_lift", "lift_id", "at"),
)

reminder = Table(
    "maintenance_reminder",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("lift_id", Integer, ForeignKey("lift.id"), nullable=False),
    Column("key", String(64), nullable=False),  # duty/day/mark
    Column("duty", String(16), nullable=False),
    Column("due_on", Date, nullable=False),
    Column("mark", Integer, nullable=False),
    Column("told", String(16), nullable=False),  # up to whom: firm use_unit district city
    Column("at", Instant, nullable=False, index=True),
    UniqueConstraint("lift_id", "key"),
)

drill = Table(
    "use_unit_drill",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("use_unit_id", Integer, ForeignKey("use_unit.id"), nullable=False),
    Column("on", Date, nullable=False),
    Column("lift_code", String(6), nullable=False, server_default=""),  # where it was held
    Column("people", Integer, nullable=False),
    Column("course", String(500), nullable=False),  # what was practised
    Column("found", String(500), nullable=False, server_default=""),
    Column("by", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_use_unit_drill_unit", "use_unit_id", "on"),
)

random_check = Table(
    "random_check",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("within", String(6), nullable=False),  # a division's code; empty: the whole province
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=False),
    Column("seed", String(64), nullable=False),
    Column("among", Integer, nullable=False),  # visits that the draw was made from
    Column("by", String(64), nullable=False),
    Column("at", Instant, nullable=False, index=True),
)

checked_visit = Table(
    "random_check_visit",
    metadata,
    Column("check_id", String(26), ForeignKey("random_check.id"), primary_key=True),
    Column("visit_id", String(26), ForeignKey("maintenance_visit.id"), primary_key=True),
    Column("place", Integer, nullable=False),  # in the order of the draw, from 1
    Column("result", String(16), nullable=False, server_default=""),  # empty: not looked at yet
    Column("note", String(500), nullable=False, server_default=""),
    Column("by", String(64), nullable=False, server_default=""),
    Column("at", Instant),
)

sandbox_firm = Table(
    "maintenance_sandbox",
    metadata,
    Column("firm_id", Integer, ForeignKey("firm.id"), primary_key=True, autoincrement=False),
    Column("since", Instant, nullable=False),
)
