"""A roster as it is kept: whose it is, its people, and what the rule of devices.roster is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from devices.roster import Leave, Roster, Rota, Swap


class OwnerKind(StrEnum):
    """Who keeps a roster."""

    STATION = "station"
    FIRM = "firm"
    TEAM = "team"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose roster it is. `code` names it to people, a team's with its firm's: `F001:T1`.

    `within`: the name of the firm that a team is of. `phone`: the duty room's, where known.
    """

    kind: OwnerKind
    id: int
    code: str
    name: str
    within: str = ""
    phone: str = ""

    @property
    def ref(self) -> str:
        """Kind and code, as addresses and the journal name it: `station/S001`."""
        return f"{self.kind}/{self.code}"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on a roster, by the number that its owner gives; name and telephone are personal."""

    code: str
    name: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRoster:
    """A roster with what stands in it, by our ids; rotas name one person each.

    kept_since: the first day of its first rota ever; None where nobody has entered one yet, so
    that nobody can say whether somebody is on duty.
    """

    id: int
    needed: int
    version: int
    holidays: frozenset[date]
    people: Mapping[str, Person]
    rotas: Mapping[int, Rota]
    swaps: Mapping[int, Swap]
    leaves: Mapping[int, Leave]
    kept_since: date | None

    @property
    def rule(self) -> Roster:
        """What devices.roster asks for."""
        return Roster(
            tuple(self.rotas.values()),
            tuple(self.swaps.values()),
            tuple(self.leaves.values()),
            self.holidays,
            self.needed,
        )

    @property
    def is_kept(self) -> bool:
        """Whether it tells who is on duty: a roster without any rota tells nothing."""
        return self.kept_since is not None

    def named(self, code: str) -> str:
        """The person's name, else the number."""
        found = self.people.get(code)
        return (found.name if found else "") or code
