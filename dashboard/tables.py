"""Accounts, their sessions and their tokens. Secrets are kept only as digests."""

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table

from core.db import Instant, metadata

account = Table(
    "account",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("display_name", String(64), nullable=False),
    Column("password_hash", String(200), nullable=False),  # argon2id
    Column("role", String(16), nullable=False),
    Column("firm_id", Integer, ForeignKey("firm.id")),
    Column("station_id", Integer, ForeignKey("station.id")),
    Column("area", String(6), nullable=False, server_default=""),  # empty: the whole province
    Column("locale", String(8), nullable=False, server_default=""),
    Column("demo", Boolean, nullable=False),
    Column("must_change_password", Boolean, nullable=False),
    Column("failed_sign_ins", Integer, nullable=False, server_default="0"),
    Column("locked_until", Instant),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
)

session = Table(
    "session",
    metadata,
    Column("token_digest", String(64), primary_key=True),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

api_token = Table(
    "api_token",
    metadata,
    Column("token_digest", String(64), primary_key=True),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False, index=True),
    Column("name", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("only_for", String(32), nullable=False, server_default=""),  # empty: all that it may
)
