"""What somebody means to do next, and when: one intention for each thing they look after.

An intention belongs to the state it was made in. When the thing is seen in another state the old
intention is dropped and a new one made, so whoever else acts on it is never overrun, and a
restart goes on from whatever state it finds.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """The verb that comes next from some state, after so many seconds."""

    verb: str
    after_s: float


@dataclass(frozen=True, slots=True)
class Intention:
    """A step that was decided on in `state` and is due at `due_s`."""

    state: str
    verb: str
    due_s: float


class Agenda:
    """Intentions by key."""

    def __init__(self) -> None:
        self._by_key: dict[str, Intention] = {}

    def observe(
        self,
        seen: Iterable[tuple[str, str]],
        decide: Callable[[str, str], Step | None],
        now_s: float,
    ) -> None:
        """Take note of the states of all open things; what is no longer there is forgotten."""
        kept: dict[str, Intention] = {}
        for key, state in seen:
            held = self._by_key.get(key)
            if held is not None and held.state == state:
                kept[key] = held
            elif step := decide(key, state):
                kept[key] = Intention(state, step.verb, now_s + step.after_s)
        self._by_key = kept

    def due(self, now_s: float) -> list[tuple[str, str]]:
        """Keys and verbs whose time has come, soonest first."""
        ready = sorted((i.due_s, key) for key, i in self._by_key.items() if i.due_s <= now_s)
        return [(key, self._by_key[key].verb) for _, key in ready]

    def drop(self, key: str) -> None:
        """The step was taken or refused: what is seen next decides anew."""
        self._by_key.pop(key, None)

    def next_due_s(self) -> float | None:
        """When the next intention is due."""
        return min((each.due_s for each in self._by_key.values()), default=None)
