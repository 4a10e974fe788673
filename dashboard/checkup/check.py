"""One thing that was looked at. Its words are message ids; whoever shows them translates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Weight(StrEnum):
    """What it means that a thing is amiss."""

    VITAL = "vital"  # rescues do not work
    WEIGHTY = "weighty"  # the hub works, and not all of it
    NOTED = "noted"  # worth knowing; the hub is well


@dataclass(frozen=True, slots=True)
class Check:
    """`name` is for programs; `title`, `says` and `remedy` are English message ids.

    `says` and `remedy` are filled from `values`.
    """

    name: str
    title: str
    ok: bool
    weight: Weight
    says: str
    values: Mapping[str, object] = field(default_factory=dict)
    remedy: str = ""

    @property
    def detail(self) -> str:
        """What it says, in English."""
        return self.says % self.values

    @property
    def advice(self) -> str:
        """What to do, in English; nothing where it is well."""
        return "" if self.ok else self.remedy % self.values


def verdict(checks: tuple[Check, ...]) -> str:
    """`ok`, `degraded` or `failing`."""
    amiss = {check.weight for check in checks if not check.ok}
    if Weight.VITAL in amiss:
        return "failing"
    return "degraded" if Weight.WEIGHTY in amiss else "ok"
