"""The pretend dispatcher: calls back, reports the cause, closes; frees what public rescue freed."""

from random import Random

from simulators.agenda import Step
from simulators.scenario import SeatScenario

PUBLIC_RESCUE_LEVEL = 3
_WAITING = frozenset({"new", "located", "dispatched"})
# Causes after the mix of published bulletins: (code of the fault-cause tree, weight, words).
_CAUSES = (
    ("201", 20, "示例：运行中停电"),
    ("101", 16, "示例：异物卡阻层门"),
    ("303", 14, "示例：门机故障"),
    ("502", 11, "示例：接触器故障"),
    ("104", 12, "示例：其他人为原因"),
    ("204", 10, "示例：其他外部原因"),
)


def next_step(
    state: str, level: int, plan: SeatScenario, *, speed: float, dice: Random
) -> Step | None:
    """What the seat does with an incident in that state, and when."""
    match state:
        case "freed":
            minutes, verb = plan.call_back_minutes, "confirm"
        case "confirmed":
            minutes, verb = plan.cause_minutes, "cause"
        case "cause_reported" | "self_escaped" | "false_alarm":
            minutes, verb = plan.close_minutes, "close"
        case _ if state in _WAITING and level >= PUBLIC_RESCUE_LEVEL:
            minutes, verb = plan.level3_minutes, "freed"
        case _:
            return None
    return Step(verb, dice.uniform(*minutes) * 60 / speed)


def body(verb: str, dice: Random) -> dict[str, str]:
    """What is sent with a verb."""
    match verb:
        case "cause":
            code, _, words = dice.choices(_CAUSES, weights=[w for _, w, _ in _CAUSES])[0]
            return {"code": code, "text": words}
        case "freed":
            return {"text": "示例：消防救援已救出被困人员"}
        case "confirm":
            return {"text": "示例：回访，人员平安"}
        case _:
            return {}
