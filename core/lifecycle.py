"""One interpreter for every life cycle: a life cycle is a table, and nothing else moves a state.

Theory of operation. A table has one row for each state and, in the row, the event that leads to
each next state. An event that the row does not name is refused with `Conflict("wrong_state")`,
and the refused move has changed nothing because nothing here keeps anything. A state whose row
is empty is final. Diagrams in docs/design/life-cycles.md are drawn from the same tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from core.errors import Conflict

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class LifeCycle(Generic[S, E]):
    """A named table of states, the first of which is `initial`."""

    name: str
    initial: S
    table: Mapping[S, Mapping[E, S]]

    def next_state(self, state: S, event: E) -> S:
        """The state that `event` leads to; raises Conflict("wrong_state") where it is refused."""
        try:
            return self.table[state][event]
        except KeyError:
            possible = ", ".join(self.table[state]) or "nothing more"
            raise Conflict(
                "wrong_state", f"{self.name} is {state}: {event} is refused, possible: {possible}"
            ) from None

    def allowed(self, state: S) -> tuple[E, ...]:
        """The events that `state` takes, in the order of the table."""
        return tuple(self.table[state])

    def is_final(self, state: S) -> bool:
        """Whether nothing follows `state`."""
        return not self.table[state]

    def mermaid(self) -> str:
        """The table as a mermaid state diagram."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.initial}"]
        for state, row in self.table.items():
            lines += [f"    {state} --> {then}: {event}" for event, then in row.items()]
            if not row:
                lines.append(f"    {state} --> [*]")
        return "\n".join(lines)
