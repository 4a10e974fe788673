"""The second factor: a code that changes every thirty seconds (RFC 6238), and recovery codes.

Theory of operation. Who enrols is shown a secret once, as a QR code, and proves with a code that
the phone has it; only then is it demanded. A code is good for its own half minute and the one
before and behind, for clocks drift; and once: the step of the newest code taken is kept, and
nothing as old passes again. Recovery codes stand in for a lost phone, each once; the database has
their digests. The secret has to be read again, so it lies sealed by a key from the data folder.
Each taking is one write, so two processes cannot take one code twice.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Connection, delete, insert, select, update

from core import journal
from core.db import put
from core.journal import Actor, Entry, Subject
from dashboard import tables

STEP = timedelta(seconds=30)
DRIFT = (0, -1, 1)  # steps
RECOVERY_CODES = 10
ISSUER = "Supervision hub"
_PURPOSE = b"second factor"
_F, _R = tables.second_factor.c, tables.recovery_code.c
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that is read as something else


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a phone has to be told: the secret, and the address that a QR code holds."""

    secret: str
    address: str


class Seal:
    """Seals secrets for the database."""

    def __init__(self, secret: bytes) -> None:
        key = hmac.digest(secret, _PURPOSE, "sha256")
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def close(self, secret: str) -> str:
        """The sealed secret."""
        return self._fernet.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """The secret; None where another key sealed it."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None


def enrolled(connection: Connection, account_id: int) -> bool:
    """Whether a second factor is demanded of the account."""
    query = select(_F.account_id).where(_F.account_id == account_id, _F.confirmed_at.is_not(None))
    return connection.execute(query).first() is not None


def begin(
    connection: Connection, seal: Seal, *, account_id: int, name: str, now: datetime
) -> Enrolment:
    """A fresh secret, not demanded before `confirm`; one that is demanded stays as it is."""
    secret = pyotp.random_base32()
    values = {"sealed": seal.close(secret), "began_at": now, "last_step": 0}
    if not enrolled(connection, account_id):
        put(connection, tables.second_factor, {"account_id": account_id}, **values)
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER))


def confirm(
    connection: Connection,
    seal: Seal,
    *,
    account_id: int,
    name: str,
    code: str,
    now: datetime,
    actor: Actor,
) -> list[str] | None:
    """Demand it from now on; answers the recovery codes, once. None where the code is wrong."""
    if enrolled(connection, account_id) or not _take(connection, seal, account_id, code, now):
        return None
    connection.execute(
        update(tables.second_factor).where(_F.account_id == account_id).values(confirmed_at=now)
    )
    connection.execute(delete(tables.recovery_code).where(_R.account_id == account_id))
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    connection.execute(
        insert(tables.recovery_code),
        [{"digest": _digest(account_id, each), "account_id": account_id} for each in codes],
    )
    journal.append(connection, Entry(Subject("account", name), "second_factor_set", actor, now))
    return codes


def check(
    connection: Connection, seal: Seal, *, account_id: int, name: str, code: str, now: datetime
) -> bool:
    """Take a code or a recovery code; the same one is not taken again."""
    if _take(connection, seal, account_id, code, now):
        return True
    used = connection.execute(
        update(tables.recovery_code)
        .where(
            _R.digest == _digest(account_id, _plain(code)),
            _R.account_id == account_id,
            _R.used_at.is_(None),
        )
        .values(used_at=now)
    )
    if not used.rowcount:
        return False
    left = len(recovery_left(connection, account_id))
    journal.append(
        connection,
        Entry(
            Subject("account", name),
            "recovery_code_used",
            Actor("account", name),
            now,
            {"left": left},
        ),
    )
    return True


def recovery_left(connection: Connection, account_id: int) -> list[str]:
    """The digests of recovery codes not yet used."""
    query = select(_R.digest).where(_R.account_id == account_id, _R.used_at.is_(None))
    return list(connection.execute(query).scalars())


def remove(
    connection: Connection, *, account_id: int, name: str, now: datetime, actor: Actor, reason: str
) -> bool:
    """Demand none any more; its recovery codes go as well. False where there was none."""
    gone = connection.execute(
        delete(tables.second_factor).where(_F.account_id == account_id)
    ).rowcount
    connection.execute(delete(tables.recovery_code).where(_R.account_id == account_id))
    if gone:
        subject = Subject("account", name)
        journal.append(
            connection, Entry(subject, "second_factor_removed", actor, now, reason=reason)
        )
    return bool(gone)


def _take(connection: Connection, seal: Seal, account_id: int, code: str, now: datetime) -> bool:
    row = connection.execute(
        select(_F.sealed, _F.last_step).where(_F.account_id == account_id)
    ).one_or_none()
    secret = None if row is None else seal.open(row.sealed)
    if row is None or secret is None:
        return False
    offered, totp = _plain(code).encode(), pyotp.TOTP(secret)
    present = int(now.timestamp()) // int(STEP.total_seconds())
    for step in (present + each for each in DRIFT):
        if step > row.last_step and hmac.compare_digest(totp.generate_otp(step).encode(), offered):
            connection.execute(
                update(tables.second_factor)
                .where(_F.account_id == account_id)
                .values(last_step=step)
            )
            return True
    return False


def _plain(code: str) -> str:
    return "".join(code.split()).replace("-", "").lower()[:64]


def _digest(account_id: int, code: str) -> str:
    return hashlib.sha256(f"{account_id}/{code}".encode()).hexdigest()
