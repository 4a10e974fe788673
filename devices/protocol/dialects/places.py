"""The topics on which a dialect is spoken: patterns, built and matched here.

A pattern has literal levels, `{device}` (the gateway's id, required), `{area}` (its division code),
`{word}` (what the message is about) and `+` (a level that tells nothing).
"""

import re
from dataclasses import dataclass

from core.errors import InvalidMessage
from devices.protocol.topics import AREA, DEVICE, Realm

_LITERAL = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_NAMED = ("{area}", "{device}", "{word}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was said, by a topic; `area` "" where the topic does not tell."""

    device: str
    area: str = ""
    word: str = ""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern of a mapping file."""

    text: str

    @property
    def filter(self) -> str:
        """The MQTT filter that subscribes to it."""
        return "/".join("+" if each in _NAMED else each for each in self.text.split("/"))

    def filter_of(self, device: str) -> str:
        """The MQTT filter of what one gateway says on it."""
        levels = (device if each == "{device}" else each for each in self.text.split("/"))
        return "/".join("+" if each in _NAMED else each for each in levels)

    def place(self, topic: str) -> Place | None:
        """Who spoke there; None for a topic that does not fit."""
        levels, wanted = topic.split("/"), self.text.split("/")
        if len(levels) != len(wanted):
            return None
        told: dict[str, str] = {}
        for want, level in zip(wanted, levels, strict=True):
            if want in _NAMED:
                told[want[1:-1]] = level
            elif want not in ("+", level):
                return None
        area = told.get("area", "")
        if not DEVICE.fullmatch(told["device"]) or (area and not AREA.fullmatch(area)):
            return None
        return Place(told["device"], area, told.get("word", ""))


def pattern(text: str, where: str) -> Pattern:
    """Read a pattern; raises InvalidMessage naming what is wrong with it."""
    levels = text.split("/")
    for level in levels:
        if level not in (*_NAMED, "+") and not _LITERAL.fullmatch(level):
            known = ", ".join(_NAMED)
            raise InvalidMessage(
                "bad_topic",
                f"level {level[:40]!r} is none of {known}, + or plain text",
                field=where,
            )
    if levels.count("{device}") != 1 or any(levels.count(each) > 1 for each in _NAMED):
        raise InvalidMessage(
            "bad_topic", "names {device} once, the others at most once", field=where
        )
    if levels[0] in (*Realm, *_NAMED, "+"):
        raise InvalidMessage(
            "bad_topic", f"begins with a word of its own, not with {levels[0]!r}", field=where
        )
    return Pattern(text)
