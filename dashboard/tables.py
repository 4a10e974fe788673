"""Accounts, how they sign in, their sessions and their tokens.

Secrets are kept only as digests, but for a second factor's: it has to be read again and is sealed.
"""

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table

from core.db import Instant, metadata

account = Table(
    "account",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("display_name", String(64), nullable=False),
    Column("password_hash", String(200), nullable=False),  # argon2id
    Column("firm_id", Integer, ForeignKey("firm.id")),
    Column("station_id", Integer, ForeignKey("station.id")),
    Column("area", String(6), nullable=False, server_default=""),  # empty: the whole province
    Column("locale", String(8), nullable=False, server_default=""),
    Column("demo", Boolean, nullable=False),
    Column("must_change_password", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    Column("role", String(32), nullable=False, server_default=""),  # of dashboard.access.Role
    Column("use_unit_id", Integer, ForeignKey("use_unit.id")),
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
    Column("address", String(64), nullable=False, server_default=""),  # where it was begun
    Column("browser", String(200), nullable=False, server_default=""),
    Column("by", String(16), nullable=False, server_default=""),  # password | sign-on
)

api_token = Table(
    "api_token",
    metadata,
    Column("token_digest", String(64), primary_key=True),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False, index=True),
    Column("name", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("only_for", String(32), nullable=False, server_default=""),  # empty: all that it may
    Column("last_used_at", Instant),
    Column("expires_at", Instant),
)

sign_in_try = Table(
    "sign_in_try",
    metadata,
    Column("key", String(64), primary_key=True),  # a digest of who tried whose password
    Column("failed", Integer, nullable=False),
    Column("until", Instant, nullable=False, index=True),
)

second_factor = Table(
    "second_factor",
    metadata,
    Column("account_id", Integer, ForeignKey("account.id"), primary_key=True),
    Column("sealed", String(300), nullable=False),
    Column("began_at", Instant, nullable=False),
    Column("confirmed_at", Instant),  # before it is, it opens and demands nothing
    Column("last_step", Integer, nullable=False),  # of the newest code that was taken
)

recovery_code = Table(
    "recovery_code",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("account_id", Integer, ForeignKey("account.id"), nullable=False, index=True),
    Column("used_at", Instant),
)
