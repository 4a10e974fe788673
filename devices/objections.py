"""What is wrong with something that was handed in, told all at once."""

from dataclasses import dataclass

from core.errors import InvalidMessage


@dataclass(frozen=True, slots=True)
class Objection:
    """One objection: where it stands, a stable word for it, and what the sender can do.

    `field` is a path such as `answers[A-1-29].photos` or `check_ins[0]`: places in what machines
    send count from 0, rows of files that people write from 1. `remedy` is an English
    sentence; what a page shows in the reader's language is found by `reason`.
    """

    field: str
    reason: str
    remedy: str


class NotTaken(InvalidMessage):
    """What was handed in is refused, with everything that speaks against it."""

    def __init__(self, objections: tuple[Objection, ...]) -> None:
        first = objections[0]
        more = f" (and {len(objections) - 1} more)" if len(objections) > 1 else ""
        super().__init__(first.reason, f"{first.remedy}{more}", field=first.field)
        self.objections = objections
