"""A vendor's payload to canonical messages, by a mapping: sans-I/O.

Theory of operation. Every object of a payload is given to every rule whose conditions it meets;
each rule that fits makes one canonical message, field by field. What cannot be read refuses that
message by the vendor's field name and harms neither the object's other messages nor its neighbours.
A list of active codes is compared with the list before it (`State`): what appears begins, what
disappears ends, under one event id made of who, what and when; so the same words, read again, are
the same messages. What was said before the list last changed, and comes again, changes it no more.

A sender that numbers nothing gets `boot` UNNUMBERED and as `seq` a print of what it said, by which
a repetition is known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import msgspec

from devices.protocol import codec
from devices.protocol.codec import Refusal
from devices.protocol.dialects.gathering import KEPT, Reading, as_bytes
from devices.protocol.dialects.model import Heard, Mapped, Path, Rule, State
from devices.protocol.dialects.places import Pattern, Place
from devices.protocol.topics import KINDS, Realm, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One vendor's way to say what lifts say. Build it with `dialects.parsing.parse`."""

    name: str
    version: str
    title: str
    modelled_on: str
    identity: bool = False
    encoding: str = "utf-8"
    topics: tuple[Pattern, ...] = ()
    objects: Path | None = None
    rules: tuple[Rule, ...] = ()
    dropped: frozenset[str] = frozenset()
    losses: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def place(self, topic: str) -> Place | None:
        """Who spoke on a topic of the dialect's own; None for any other topic."""
        return next((found for each in self.topics if (found := each.place(topic))), None)

    def read(
        self,
        heard: Heard,
        payload: bytes,
        state: State,
        *,
        arrived_ms: int,
        again: bool = False,
    ) -> Mapped:
        """Read a payload, `again` when the broker says so. Never raises for what can be sent."""
        if self.identity:
            return _as_it_is(heard, payload, state)
        if len(payload) > codec.MAX_PAYLOAD:
            detail = f"{len(payload)} bytes, at most {codec.MAX_PAYLOAD}"
            return _whole("too_large", "payload", detail, payload, state)
        try:
            root = msgspec.json.decode(payload.decode(self.encoding))
        except UnicodeDecodeError as error:
            reason = "bad_utf8" if self.encoding == "utf-8" else "bad_encoding"
            detail = f"not {self.encoding} at byte {error.start}"
            return _whole(reason, "payload", detail, payload, state)
        except (msgspec.DecodeError, RecursionError) as error:
            return _whole("bad_json", "payload", str(error), payload, state)
        told = root if self.objects is None else self.objects.find(root, root)
        objects = told if isinstance(told, list) else [told]
        if len(objects) > codec.MAX_OBJECTS:
            detail = f"{len(objects)} objects, at most {codec.MAX_OBJECTS}"
            return _whole("too_many", "payload", detail, payload, state)
        reading = Reading(self.rules, heard, root, state, arrived_ms, again=again)
        alone = told is not objects or self.objects is not None
        for index, each in enumerate(objects):
            kept = payload[:KEPT] if alone else as_bytes(each, payload)
            reading.take(index, each, kept, self.dropped, self.losses)
        return reading.done(len(objects))


def _as_it_is(heard: Heard, payload: bytes, state: State) -> Mapped:
    """The canonical dialect: the codec alone."""
    kind = next((each for each in KINDS[Realm.LIFT] if each == heard.word), None)
    if kind is None:
        known = ", ".join(sorted(KINDS[Realm.LIFT]))
        return _whole("no_rule", "word", f"{heard.word!r} is none of {known}", payload, state)
    read = codec.decode(Topic(Realm.LIFT, "000000", heard.device, kind), payload)
    return Mapped(
        read.messages,
        read.refusals,
        state=state,
        rules=(str(kind),) * len(read.messages),
        unknown_fields=("",) * read.unknown_fields,
        objects=read.objects,
    )


def _whole(reason: str, name: str, detail: str, payload: bytes, state: State) -> Mapped:
    refusal = Refusal(0, reason, name, detail, payload[:KEPT])
    return Mapped(refusals=(refusal,), state=state, objects=1)
