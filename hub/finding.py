"""What the doctor answers with."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a thing stands."""

    WELL = "well"
    WORTH_KNOWING = "worth knowing"
    SERIOUS = "serious"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it stands, and what to do about it."""

    subject: str
    verdict: Verdict
    says: str
    remedy: str = ""
