"""The words of notices. They go to Chinese rescue crews, so they are written in Chinese.

A notice of an incident never holds a reporter's name or telephone number.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from alerts.ladder import Audience, Kind, Rung
from alerts.model import Incident

LEVELS = {1: "一级响应", 2: "二级响应", 3: "三级响应"}


def offer(incident: Incident, level: int, answer_by: datetime, zone: ZoneInfo) -> str:
    """An order to a firm, a station or public rescue."""
    by = f"{answer_by.astimezone(zone):%H:%M:%S}"
    return f"【救援派单·{LEVELS[level]}】{_what(incident)}请于 {by} 前应答。事件号 {incident.id}。"


def stand_down(incident: Incident) -> str:
    """To a crew that is no longer needed."""
    return f"【解除派单】{incident.place} 的救援已不再需要贵方到场,谢谢。事件号 {incident.id}。"


def rung(incident: Incident, taken: Rung, audience: Audience) -> str:
    """What a rung of the ladder tells its audience."""
    if taken is Rung.ANSWER and audience is Audience.TARGET:
        return f"【催答】{_what(incident)}尚未收到贵方应答,请立即应答。事件号 {incident.id}。"
    title, rest = _RUNGS[taken]
    return f"【{title}】{incident.place}:{rest}。事件号 {incident.id}。"


_RUNGS = {
    Rung.ANSWER: ("未应答", "派单尚无应答,请电话催促"),
    Rung.DISPATCH: ("无维保单位", "登记中没有维保单位,请人工处理"),
    Rung.TARGET_ARRIVAL: ("到达超目标", "救援人员未在目标时间内到达"),
    Rung.STATUTORY_ARRIVAL: ("到达超时", "救援人员未在规定时限内到达"),
    Rung.LEVEL2: ("升级", "响应已升级为二级"),
    Rung.LEVEL3: ("升级", "响应已升级为三级"),
    Rung.LEVEL3_URGED: ("建议三级响应", "被困人员长时间未脱困"),
    Rung.NOT_FREED: ("长时间被困", "被困人员仍未脱困,可能构成事故"),
    Rung.CALLBACK: ("待回访", "救援已完成,尚未电话回访确认"),
    Rung.CAUSE: ("待反馈原因", "请反馈故障原因"),
}


def _what(incident: Incident) -> str:
    people = "" if incident.people is None else f"{incident.people} 人"
    hurt = ",有人受伤" if incident.injured else ""
    floor = "" if incident.floor is None else f",楼层 {incident.floor}"
    match incident.kind:
        case Kind.TRAPPED:
            return f"{incident.place} 电梯困人{people}{hurt}{floor}。"
        case Kind.FAULT:
            return f"{incident.place} 电梯故障{hurt}{floor}。"
