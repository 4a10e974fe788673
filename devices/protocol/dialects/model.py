"""What a mapping file says, read and checked: plain values, and the two that a reader passes on."""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum
from typing import Any

import msgspec

from devices.protocol import messages as m
from devices.protocol.codec import Refusal

CANONICAL = "canonical"
DIALECT = re.compile(r"[a-z][a-z0-9_-]{0,31}")  # the name of one
UNNUMBERED = "~"  # the boot of a sender that numbers nothing; `seq` is then a print of what it said


class Form(StrEnum):
    """How a vendor's value is read."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    FLOOR = "floor"
    MILLISECONDS = "ms"
    SECONDS = "s"
    DATE = "date"
    ANY_TIME = "any_time"


TIMES = frozenset({Form.MILLISECONDS, Form.SECONDS, Form.DATE, Form.ANY_TIME})


@dataclass(frozen=True, slots=True)
class Path:
    """Where a value stands: steps from the object, or from the whole payload."""

    steps: tuple[str, ...]
    from_root: bool = False

    def __str__(self) -> str:
        return ("^" if self.from_root else "") + ".".join(self.steps)

    def find(self, told: object, root: object) -> Any:
        """The value (of any JSON type: hence Any); None where there is none."""
        value = root if self.from_root else told
        for step in self.steps:
            match value:
                case dict():
                    value = value.get(step)
                case list() if step.isdecimal() and len(step) < 4 and int(step) < len(value):  # noqa: PLR2004  (no list is as long)
                    value = value[int(step)]
                case _:
                    return None
        return value


@dataclass(frozen=True, slots=True)
class Cell:
    """What one value of a vendor means; `value` None: nothing of ours. `loss`: what is lost."""

    value: object
    loss: str = ""


Table = Mapping[str, Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where one canonical field comes from, and how it is read."""

    name: str
    paths: tuple[Path, ...] = ()
    form: Form = Form.TEXT
    table: Table | None = None
    factor: float = 1.0
    shift: float = 0.0
    blank: frozenset[str] = frozenset()
    otherwise: Cell | None = None
    default: object = None
    zone: tzinfo | None = None
    arrival: bool = False  # a time that is not told is the time of receipt

    def __str__(self) -> str:
        return " | ".join(map(str, self.paths)) or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveCodes:
    """A list of what is wrong now: a code that appears begins, one that disappears ends."""

    source: Source
    separator: str = ","


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of canonical message, and the objects that tell it."""

    name: str
    kind: m.Kind
    struct: type[msgspec.Struct]
    sources: tuple[Source, ...]
    words: frozenset[str] = frozenset()
    has: tuple[Path, ...] = ()
    has_any: tuple[Path, ...] = ()
    lacks: tuple[Path, ...] = ()
    equals: tuple[tuple[Path, frozenset[str]], ...] = ()
    active: ActiveCodes | None = None

    def paths(self) -> list[Path]:
        """Everything of an object that the rule looks at."""
        read = [path for source in self.sources for path in source.paths]
        looked_at = [*self.has, *self.has_any, *self.lacks, *(path for path, _ in self.equals)]
        return [*read, *looked_at, *(self.active.source.paths if self.active else ())]


@dataclass(frozen=True, slots=True)
class Heard:
    """Who spoke, and the word of the topic that tells what about ("" where there is none)."""

    device: str
    word: str = ""


class Active(msgspec.Struct, frozen=True, gc=False):
    """One list: the codes that are active by their event ids, and those that ended last by theirs.

    An empty event id stands for a code that means nothing of ours, told once already. `changed_ms`
    is when the list last changed by the device's clock, `arrived_ms` by ours.
    """

    codes: Mapping[str, str] = msgspec.field(default_factory=dict)
    ended: Mapping[str, str] = msgspec.field(default_factory=dict)
    changed_ms: int = 0
    arrived_ms: int = 0


class State(msgspec.Struct, frozen=True, gc=False):
    """What must be remembered of a gateway: its lists of active codes, by rule and lift."""

    lists: Mapping[str, Active] = msgspec.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loss:
    """What an object said that our contract has no place for. `name` is the mapping's own word."""

    index: int
    name: str
    field: str
    raw: bytes = dataclasses.field(repr=False, default=b"")


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a payload told. `rules` names for each message the rule that made it.

    `losses` are messages that were taken although something in them was lost.
    """

    messages: tuple[m.Message, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    losses: tuple[Loss, ...] = ()
    state: State = dataclasses.field(default_factory=State)
    rules: tuple[str, ...] = ()
    unknown_fields: tuple[str, ...] = ()
    objects: int = 0
