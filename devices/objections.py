"""What is wrong with something that was handed in, told all at once."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Objection:
    """One objection: where it stands, a stable word for it, and what the sender can do.

    `field` is a path such as `answers[A-1-29].photos`; `remedy` is an English sentence, and the
    msgid of its translation is `reason`.
    """

    field: str
    reason: str
    remedy: str
