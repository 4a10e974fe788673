"""What a journal entry's values and subjects are called by people.

The journal keeps codes and keys; a page tells words where there are some, and what stands there
where there are none: nothing is left out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from dashboard.auditing import AuditRow
from dashboard.web import words
from dashboard.web.label_audit import VALUES
from dashboard.web.labels import Labels

PLACES = frozenset({"area", "area_before", "within"})
OPERATOR = "cli"  # who works at the machine itself


@dataclass(frozen=True, slots=True)
class AuditWords:
    """The words of one language, with divisions, people and things by their names."""

    named: Labels
    place: Callable[[str], str]
    zone: ZoneInfo
    people: Mapping[str, str]
    things: Mapping[tuple[str, str], str]

    def did(self, verb: str) -> str:
        """What happened; of `lift.kept` the subject and what became of it."""
        first, _, rest = verb.rpartition(".")
        what = self.named("verb", rest)
        return f"{self.named('subject_kind', first)}: {what}" if first else what

    def who(self, row: AuditRow) -> str:
        """Who did it."""
        if row.actor_kind == "account":
            return self.people.get(row.actor, row.actor)
        if row.actor == OPERATOR:
            return self.named("actor", OPERATOR)
        return f"{self.named('actor', row.actor_kind)} {row.actor}"

    def about(self, row: AuditRow) -> str:
        """What it is about, by its name where it has one."""
        if row.kind == "registry":
            return (
                f"{self.named('subject_kind', row.kind)} {self.named('subject_kind', row.subject)}"
            )
        name = self.things.get((row.kind, row.subject), row.subject)
        return f"{self.named('subject_kind', row.kind)} {name}"

    def facts(self, row: AuditRow) -> list[tuple[str, str]]:
        """What an entry says beside who and what."""
        return [
            (self.named("fact", name), self.value(row.verb, name, value))
            for name, value in row.facts
        ]

    def value(self, verb: str, name: str, value: str) -> str:
        """One value in words, where there are some."""
        if name in PLACES:
            return self.place(value)
        if name == "severity":
            return self.named.name("severity", value)
        if name == "code" and verb.startswith("alarm"):
            return self.named.alarm(value)
        if name.endswith("_at"):
            return self._instant(value)
        return ", ".join(self._word(name, each) for each in value.split(", "))

    def _word(self, name: str, value: str) -> str:
        for group in VALUES.get(name, ()):
            if self.named.known(group, value):
                return self.named(group, value)
        return value

    def _instant(self, value: str) -> str:
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            return value
        return value if at.tzinfo is None else words.instant(at, self.zone)
