"""What one payload tells, gathered object by object and rule by rule."""

from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from devices.codes import EVENT_CODES
from devices.protocol import codec
from devices.protocol import messages as m
from devices.protocol.codec import Refusal
from devices.protocol.dialects.model import (
    UNNUMBERED,
    Active,
    ActiveCodes,
    Cell,
    Heard,
    Loss,
    Mapped,
    Rule,
    Source,
    State,
)
from devices.protocol.dialects.values import convert, shown, token

MAX_LISTS = 1_000  # lists of active codes that one gateway may keep
MAX_ACTIVE = 100  # codes in one of them
RESENT_MS = 5 * 60_000  # what is older than a list's last change, so soon after it, is a repetition
KEPT = codec.MAX_CALL
_PREFIX = 20
_LIFT = m.LiftCode | None


class Wrong(Exception):  # noqa: N818  (never leaves this module)
    """A field that cannot be read."""

    def __init__(self, reason: str, name: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.name, self.detail = reason, name, detail


class Reading:
    """One payload on its way; gathers what becomes of it."""

    def __init__(
        self,
        rules: Sequence[Rule],
        heard: Heard,
        root: object,
        state: State,
        arrived_ms: int,
        *,
        again: bool,
    ) -> None:
        self._all_rules, self._heard, self._root = rules, heard, root
        self._arrived_ms, self._again = arrived_ms, again
        self._lists = dict(state.lists)
        self._before = state
        self._changed = False
        self._messages: list[m.Message] = []
        self._rules: list[str] = []
        self._refusals: list[Refusal] = []
        self._losses: dict[tuple[int, str], Loss] = {}
        self._unknown: dict[str, None] = {}
        self._index, self._raw = 0, b""

    def done(self, objects: int) -> Mapped:
        """Everything."""
        return Mapped(
            tuple(self._messages),
            tuple(self._refusals),
            tuple(self._losses.values()),
            State(self._lists) if self._changed else self._before,
            tuple(self._rules),
            tuple(self._unknown),
            objects,
        )

    def take(
        self,
        index: int,
        told: object,
        raw: bytes,
        dropped: Collection[str],
        losses: Mapping[str, str],
    ) -> None:
        """One object; fields of `dropped` tell nothing, those of `losses` what is lost by name."""
        self._index, self._raw = index, raw
        if not isinstance(told, dict):
            return self._refuse("bad_json", "payload", f"expected an object, not {shown(told)}")
        rules = [each for each in self._all_rules if self._fits(each, told)]
        if not rules:
            known = ", ".join(each.name for each in self._all_rules)
            return self._refuse("no_rule", "payload", f"fits no message of the mapping ({known})")
        for rule in rules:
            self._apply(rule, told)
        looked_at = {path.steps[0] for rule in rules for path in rule.paths() if not path.from_root}
        for name, value in told.items():
            if loss := losses.get(name):
                if value is not None:
                    self._lose(loss, name)
            elif name not in looked_at and name not in dropped:
                self._unknown[name[:KEPT]] = None
        return None

    def _fits(self, rule: Rule, told: object) -> bool:
        if rule.words and self._heard.word not in rule.words:
            return False
        there = lambda path: path.find(told, self._root) is not None  # noqa: E731
        return (
            all(map(there, rule.has))
            and not any(map(there, rule.lacks))
            and (not rule.has_any or any(map(there, rule.has_any)))
            and all(token(path.find(told, self._root)) in wanted for path, wanted in rule.equals)
        )

    def _apply(self, rule: Rule, told: object) -> None:
        values, wrong = self._values(rule, told)
        if wrong is not None:
            self._refuse(wrong.reason, wrong.name, wrong.detail)
        elif rule.struct is not m.Event:
            self._emit(rule, values)
        elif "code" in values:
            self._attempt(lambda: self._emit(rule, self._told_event(rule, values)))
        elif not self._tells_code(rule, told):
            self._refuse("missing_field", "code", "the object tells no code")
        if (active := rule.active) is not None:  # a field that is wrong hides no fault
            self._attempt(lambda: self._compare(rule, active, values, told))

    def _attempt(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Wrong as wrong:
            self._refuse(wrong.reason, wrong.name, wrong.detail)

    def _values(self, rule: Rule, told: object) -> tuple[dict[str, Any], Wrong | None]:
        """Every field that can be read, and the first that cannot."""
        values: dict[str, Any] = {}
        wrong: Wrong | None = None
        for source in rule.sources:
            try:
                value = self._value(source, told)
            except Wrong as found:
                wrong = wrong or found
            else:
                if value is not None:
                    values[source.name] = value
        return values, wrong

    def _tells_code(self, rule: Rule, told: object) -> bool:
        """Whether there is a code: it then means nothing of ours."""
        paths = [path for each in rule.sources if each.name == "code" for path in each.paths]
        return any(token(path.find(told, self._root)) for path in paths)

    def _value(self, source: Source, told: object) -> Any:
        """The field in our terms; None where nothing is told (of any type: hence Any)."""
        for path in source.paths:
            value = path.find(told, self._root)
            key = token(value)
            if key and key not in source.blank:
                break
        else:
            if source.arrival:
                return self._arrived_ms
            return source.default
        return self._mean(source, str(path), value, key)

    def _mean(self, source: Source, name: str, value: object, key: str) -> Any:
        if source.table is None:
            try:
                return convert(source, value)
            except ValueError as error:
                raise Wrong("bad_field", name, str(error)) from error
        cell = self._cell(source, key)
        if cell is None:
            reason = "unknown_code" if source.name == "code" else "bad_field"
            raise Wrong(reason, name, _unknown(source, value))
        if cell.loss:
            self._lose(cell.loss, name)
        return cell.value

    @staticmethod
    def _cell(source: Source, key: str) -> Cell | None:
        return (source.table or {}).get(key, source.otherwise)

    def _told_event(self, rule: Rule, values: dict[str, Any]) -> dict[str, Any]:
        """An event with its id: the vendor's own, else that of its begin, else one of its own."""
        code, phase = values["code"], values.setdefault("phase", m.Phase.BEGIN)
        if "event_id" in values:
            own = f"{self._heard.device[:_PREFIX]}:{values['event_id']}"
            try:
                msgspec.convert(own, m.EventId)
            except msgspec.ValidationError:
                own = self._event_id(code, str(values["event_id"]))
            return {**values, "event_id": own}
        key, ts = _list_of(rule.name, values.get("lift")), values.get("ts", 0)
        known = self._lists.get(key) or Active()
        fresh = f"{key}/{ts}"
        if code not in EVENT_CODES or not _placed(values):
            return {**values, "event_id": "-"}  # refused for the other
        if phase != m.Phase.END:
            event_id = known.codes.get(code) or self._event_id(code, fresh)
            if (
                code not in known.codes
                and not self._late(known, ts)
                and len(known.codes) < MAX_ACTIVE
            ):
                self._keep(key, known, {**known.codes, code: event_id}, ts)
        elif code in known.codes and not self._late(known, ts):
            event_id = known.codes[code]
            self._keep(key, known, {c: of for c, of in known.codes.items() if c != code}, ts)
        elif ts <= known.changed_ms and code in known.ended:
            event_id = known.ended[code]
        else:
            event_id = self._event_id(code, fresh)
            self._lose("end_without_begin", "code")
        return {**values, "event_id": event_id}

    def _compare(
        self, rule: Rule, listed: ActiveCodes, values: dict[str, Any], told: object
    ) -> None:
        """Begin what the list holds now and did not before; end what it no longer holds."""
        found = self._listed(listed, told)
        if found is None or not _placed(values):
            return
        key, ts = _list_of(rule.name, values.get("lift")), values["ts"]
        known = self._lists.get(key) or Active()
        if self._late(known, ts):
            return
        before = known.codes
        now = self._active_now(listed.source, found, before, f"{key}/{ts}")
        if now == before:
            return
        self._keep(key, known, now, ts)
        common: dict[str, Any] = {each: values[each] for each in ("ts", "lift") if each in values}
        for phase, ones, others in ((m.Phase.BEGIN, now, before), (m.Phase.END, before, now)):
            for code, event_id in ones.items():
                if event_id and code not in others:
                    told_now = {**common, "event_id": event_id, "phase": phase, "code": code}
                    self._emit(rule, told_now, m.Event)

    def _active_now(
        self,
        source: Source,
        found: list[tuple[str, object]],
        before: Mapping[str, str],
        when: str,
    ) -> dict[str, str]:
        """The codes of a list with their event ids; what is not ours is told once."""
        now: dict[str, str] = {}
        for name, value in found:
            mark = f"!{token(value)[:32]}"
            cell = self._cell(source, token(value))
            if mark in before or mark in now:
                now[mark] = ""
            elif cell is None:
                self._refuse("unknown_code", name, _unknown(source, value))
                now[mark] = ""
            elif isinstance(cell.value, str):
                if cell.loss and cell.value not in before:
                    self._lose(cell.loss, name)
                known = before.get(cell.value) or now.get(cell.value)
                now[cell.value] = known or self._event_id(cell.value, when)
            elif cell.loss:
                self._lose(cell.loss, name)
                now[mark] = ""
        return now

    def _listed(self, listed: ActiveCodes, told: object) -> list[tuple[str, object]] | None:
        """The values of the list; None where the object has none."""
        for path in listed.source.paths:
            match path.find(told, self._root):
                case None:
                    continue
                case list() as many:
                    values = many
                case str() as text:
                    values = text.split(listed.separator)
                case single:
                    values = [single]
            if len(values) > MAX_ACTIVE:
                raise Wrong("too_many", str(path), f"{len(values)} codes, at most {MAX_ACTIVE}")
            return [(str(path), each) for each in values if token(each)]
        return None

    def _late(self, known: Active, ts: int) -> bool:
        """Whether this was said before the list last changed: sent again, not a clock set back."""
        soon = self._arrived_ms - known.arrived_ms < RESENT_MS
        return ts < known.changed_ms and (self._again or soon)

    def _keep(self, key: str, known: Active, codes: Mapping[str, str], ts: int) -> None:
        if key not in self._lists and len(self._lists) >= MAX_LISTS:
            raise Wrong("too_many", "lift", f"has told codes of {MAX_LISTS} lifts already")
        ended = {code: of for code, of in known.codes.items() if of and code not in codes}
        self._lists[key] = Active(codes, ended or known.ended, ts, self._arrived_ms)
        self._changed = True

    def _event_id(self, code: str, when: str) -> str:
        device = self._heard.device
        made_of = f"{device}/{code}/{when}".encode(errors="replace")
        return f"{device[:_PREFIX]}:{code}:{blake2b(made_of, digest_size=8).hexdigest()}"

    def _emit(
        self, rule: Rule, values: dict[str, Any], struct: type[msgspec.Struct] | None = None
    ) -> None:
        if "seq" not in values or "boot" not in values:
            print_of = blake2b(as_bytes(values, b""), digest_size=6).digest()
            values = {**values, "boot": UNNUMBERED, "seq": int.from_bytes(print_of)}
        try:
            message = msgspec.convert(values, struct or rule.struct)
        except msgspec.ValidationError as error:
            self._misfit(rule, str(error))
        else:
            self._messages.append(message)  # type: ignore[arg-type]  # a rule's struct is one
            self._rules.append(rule.name)

    def _misfit(self, rule: Rule, text: str) -> None:
        detail, _, name = text.partition(" - at `$.")
        name, reason = name.rstrip("`"), "bad_field"
        if "missing required field" in detail:
            name, reason = detail.rsplit("`", 2)[-2], "missing_field"
        source = next((str(each) for each in rule.sources if each.name == name), name)
        self._refuse(reason, source, f"{name}: {detail}")

    def _lose(self, name: str, where: str) -> None:
        self._losses.setdefault((self._index, name), Loss(self._index, name, where, self._raw))

    def _refuse(self, reason: str, name: str, detail: str) -> None:
        self._refusals.append(Refusal(self._index, reason, name, detail, self._raw))


def untaken(state: State, event: m.Event, rule: str) -> State:
    """The state with an event undone that was refused further on: the next list tells it again."""
    key = _list_of(rule, event.lift)
    known = state.lists.get(key) or Active()
    if event.phase is m.Phase.END:
        codes = {**known.codes, event.code: event.event_id}
    else:
        codes = {code: of for code, of in known.codes.items() if code != event.code}
    return State({**state.lists, key: msgspec.structs.replace(known, codes=codes)})


def _placed(values: Mapping[str, Any]) -> bool:
    """Whether it is told when, and of a lift that can be; else the message itself is refused."""
    try:
        msgspec.convert(values.get("ts"), m.Millis)
        msgspec.convert(values.get("lift"), _LIFT)
    except msgspec.ValidationError:
        return False
    return True


def _list_of(rule: str, lift: str | None) -> str:
    return f"{rule}|{lift or ''}"


def _unknown(source: Source, value: object) -> str:
    return f"{shown(value)} is not in the table ({', '.join(source.table or ())})"


def as_bytes(told: object, otherwise: bytes) -> bytes:
    """At most KEPT bytes of something as JSON; `otherwise` where it cannot be written so."""
    try:
        return msgspec.json.encode(told)[:KEPT]
    except (OverflowError, RecursionError, UnicodeEncodeError):  # an integer beyond 64 bits, say
        return otherwise[:KEPT]
