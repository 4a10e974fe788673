"""What a gateway signs in with, and what of it is kept: pure.

Theory of operation. A gateway's name is its id, and its password 130 random bits, drawn once and
shown once. What is kept is what mosquitto keeps of it, PBKDF2 with SHA-512, so that the same text
is a line of its password file and can be asked by whoever else answers for a broker. A password of
so many random bits is not found by trying, so a broker to which a whole city comes back at once
need not count to hundreds of thousands for each: the rounds are mosquitto's own number.
"""

import base64
import binascii
import hashlib
import hmac

HUB = "hub"
"""The name under which the hub itself signs in: no gateway gets a password for it."""
SALT = 12  # bytes; mosquitto takes no other length
ROUNDS = 101
_FORM = "7"  # mosquitto's number of PBKDF2 with SHA-512


def verifier(password: str, salt: bytes) -> str:
    """What is kept of a password: `$7$rounds$salt$digest`."""
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS)
    return f"${_FORM}${ROUNDS}${_b64(salt)}${_b64(digest)}"


def fits(password: str, kept: str) -> bool:
    """Whether a password is the one of which `kept` was made; nothing fits an empty one."""
    try:
        _, form, rounds, salt, digest = kept.split("$")
        known = base64.b64decode(digest, validate=True)
        offered = hashlib.pbkdf2_hmac(
            "sha512", password.encode(), base64.b64decode(salt, validate=True), int(rounds)
        )
    except (ValueError, binascii.Error):
        return False
    return form == _FORM and hmac.compare_digest(offered, known)


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()
