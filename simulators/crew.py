"""Crews of firms and stations: they take orders, set out, arrive and free people.

Theory of operation. A crew acts only on what the hub tells it now: it reads its open assignments
when a webhook nudges it and every few seconds anyway, so a lost webhook or a restart loses
nothing. Each state has one next step after a plausible delay, divided by the scenario's speed.
"""

from collections.abc import Iterable
from enum import StrEnum
from random import Random

from simulators.agenda import Step
from simulators.scenario import CrewScenario

_NEXT = {  # state of an assignment: the verb that comes next, and what its delay is for
    "offered": ("accept", "answer"),
    "unanswered": ("accept", "answer"),
    "acknowledged": ("en-route", "set_out"),
    "en_route": ("arrive", "travel"),
    "on_scene": ("freed", "free"),
}


class Character(StrEnum):
    """How a firm is with orders."""

    ANSWERS = "answers"
    SILENT = "silent"
    REFUSES = "refuses"


def characters(firms: Iterable[str], plan: CrewScenario, dice: Random) -> dict[str, Character]:
    """Deal characters to firms by the scenario's shares; the first firm always answers.

    The first is the one whose demo account people sign in with.
    """
    codes = list(firms)
    silent = round(plan.silent_share * len(codes))
    refusing = round(plan.refusing_share * len(codes))
    others = codes[1:]
    dice.shuffle(others)
    dealt = dict.fromkeys(codes, Character.ANSWERS)
    dealt.update(dict.fromkeys(others[:silent], Character.SILENT))
    dealt.update(dict.fromkeys(others[silent : silent + refusing], Character.REFUSES))
    return dealt


def next_step(
    state: str, character: Character, plan: CrewScenario, *, speed: float, dice: Random
) -> Step | None:
    """What a crew of that character does with an assignment in that state, and when."""
    verb, minutes = _NEXT.get(state, ("", "answer"))
    if verb == "accept" and character is not Character.ANSWERS:
        verb = "refuse" if character is Character.REFUSES else ""
    if not verb:
        return None
    least, most = {
        "answer": plan.answer_minutes,
        "set_out": plan.set_out_minutes,
        "travel": plan.travel_minutes,
        "free": plan.free_minutes,
    }[minutes]
    return Step(verb, dice.uniform(least, most) * 60 / speed)


def body(verb: str, responder: str) -> dict[str, str]:
    """What is sent with a verb."""
    match verb:
        case "refuse":
            return {"responder": responder, "reason": "示例：人员均在外作业"}
        case "arrive":
            return {"responder": responder, "proof": "qr"}
        case _:
            return {"responder": responder}
