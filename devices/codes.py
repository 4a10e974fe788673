"""Code tables: canonical events, fault causes, and names in English and Chinese.

The canonical event keys are the hub's own; dialects map vendors' codes onto them. The cause tree
is modelled on the lists that city rescue centres publish in their bulletins (the annex titled
电梯故障原因分类 of CPASE M 001-2015 was not seen itself). Tables are data: change `VERSION` with
them, so that a record tells which table it was written with.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from devices.findings import Severity
from devices.model import KitchenKind, LiftKind, LiftStatus, PlaceType
from devices.register_model import InspectionKind, InspectionResult

VERSION = "1"

EventKind = Literal["fault", "event", "alarm"]


@dataclass(frozen=True, slots=True)
class EventCode:
    """A canonical event of the wire contract.

    kind: `fault`, the lift is at fault; `alarm`, somebody asks for attention; `event`, the lift or
    its gateway tells what it does. suppressed_in_inspection: technicians at work cause it, so it
    raises nothing in that mode.
    """

    key: str
    severity: Severity
    kind: EventKind
    suppressed_in_inspection: bool
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class FaultCause:
    """A cause of a stop, reported after the rescue; `category` is the first digit of the code."""

    code: str
    category: str
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Name:
    """What people call a coded value."""

    en: str
    zh: str


def _fault(key: str, severity: Severity, en: str, zh: str) -> EventCode:
    return EventCode(key, severity, "fault", suppressed_in_inspection=True, en=en, zh=zh)


def _event(key: str, severity: Severity, en: str, zh: str) -> EventCode:
    return EventCode(key, severity, "event", suppressed_in_inspection=False, en=en, zh=zh)


def _alarm(key: str, severity: Severity, en: str, zh: str) -> EventCode:
    return EventCode(key, severity, "alarm", suppressed_in_inspection=False, en=en, zh=zh)


_CRITICAL, _MAJOR, _MINOR, _INFO = Severity.CRITICAL, Severity.MAJOR, Severity.MINOR, Severity.INFO

EVENT_CODES: Mapping[str, EventCode] = {
    code.key: code
    for code in (
        _fault("trapped.level", _CRITICAL, "Passenger trapped at a floor", "平层困人"),
        _fault("trapped.between", _CRITICAL, "Passenger trapped between floors", "非平层困人"),
        _alarm("alarm.button", _CRITICAL, "Alarm button pressed in the car", "轿厢报警按钮动作"),
        _fault("overtravel.top", _CRITICAL, "Car ran past the top floor", "冲顶"),
        _fault("crash.pit", _CRITICAL, "Car ran into the pit", "蹲底"),
        _fault("ucm", _CRITICAL, "Unintended car movement", "轿厢意外移动"),
        _fault("door.open_running", _CRITICAL, "Running with an open door", "开门运行"),
        _fault("overspeed", _CRITICAL, "Overspeed", "超速"),
        _fault("stop.outside_zone", _MAJOR, "Stopped outside the door zone", "开锁区域外停梯"),
        _fault("safety_chain", _MAJOR, "Safety chain open", "安全回路断路"),
        _fault("doorlock_chain", _MAJOR, "Door-lock chain open", "门锁回路断路"),
        _fault("door.close", _MINOR, "Door does not close", "关门故障"),
        _fault("door.open", _MINOR, "Door does not open", "开门故障"),
        _fault("power.off", _MAJOR, "Power cut", "停电"),
        _fault("motor.timeout", _MAJOR, "Motor run-time limiter acted", "电动机运转时间限制器动作"),
        _fault("floor.lost", _MAJOR, "Floor position lost", "楼层位置丢失"),
        _fault("restart.block", _MAJOR, "Restart prevented", "防止再运行故障"),
        _event("mode.normal", _INFO, "Normal service", "正常运行"),
        _event("mode.stop", _INFO, "Out of service", "停止服务"),
        _event("mode.inspection", _INFO, "Inspection mode", "检修运行"),
        _event("mode.fire", _INFO, "Fire return", "消防返回"),
        _event("mode.firefighter", _INFO, "Firefighters' service", "消防员运行"),
        _event("mode.eps", _INFO, "Emergency power", "应急电源运行"),
        _event("mode.quake", _INFO, "Earthquake mode", "地震模式"),
        _alarm("ebike", _MINOR, "Electric bicycle in the car", "电动自行车进入轿厢"),
        _event("device.offline", _MINOR, "Gateway offline", "设备离线"),
        _event("idle.long", _INFO, "Not used for a long time", "长时间未运行"),
    )
}

CAUSE_CATEGORIES: Mapping[str, Name] = {
    "1": Name("Human", "人为原因"),
    "2": Name("External", "外部原因"),
    "3": Name("Door system", "门系统"),
    "4": Name("Traction system", "曳引系统"),
    "5": Name("Control system", "控制系统"),
    "6": Name("Safety devices", "安全保护装置"),
    "7": Name("Other", "其他"),
}

FAULT_CAUSES: Mapping[str, FaultCause] = {
    code: FaultCause(code, code[0], en, zh)
    for code, en, zh in (
        ("101", "Foreign body or household rubbish blocks the door", "异物或生活垃圾卡阻"),
        (
            "102",
            "Decoration rubbish, or the door deformed by moving goods",
            "装修垃圾或搬运撞击变形",
        ),
        ("103", "Door held open too long", "人为长时间挡门"),
        ("104", "Other human cause", "其他人为原因"),
        ("201", "Power cut while running", "运行中停电"),
        ("202", "Water in electrical parts", "电气部件进水短路"),
        ("203", "Machine room too hot", "机房温度过高"),
        ("204", "Other external cause", "其他外部原因"),
        ("301", "Car-door lock", "轿门锁故障"),
        ("302", "Landing-door lock", "层门锁故障"),
        ("303", "Door operator", "门机故障"),
        ("304", "Gap between vane and roller", "门刀与门球间隙不当"),
        ("305", "Light curtain or safety edge", "光幕或安全触板故障"),
        ("306", "Door hanger roller", "门挂轮故障"),
        ("307", "Door guide", "门导轨或地坎滑块故障"),
        ("308", "Other door fault", "其他门系统故障"),
        ("401", "Balance factor out of range", "平衡系数不符合要求"),
        ("402", "Sheave or shaft worn", "曳引轮或轴磨损"),
        ("403", "Rope jammed or jumped", "钢丝绳卡阻或跳槽"),
        ("404", "Gearbox", "减速箱故障"),
        ("405", "Brake", "制动器故障"),
        ("406", "Other traction fault", "其他曳引系统故障"),
        ("501", "Main board", "主板故障"),
        ("502", "Contactor, relay or other electrical component", "接触器、继电器等电气元件故障"),
        ("503", "Levelling sensor", "平层感应器故障"),
        ("504", "Limit, stop or inspection switch", "限位、急停或检修开关故障"),
        ("505", "Bad electrical connection", "电气线路接触不良"),
        ("506", "Encoder", "编码器故障"),
        ("507", "Frequency inverter", "变频器故障"),
        ("508", "Landing call", "层站召唤故障"),
        ("509", "Other control fault", "其他控制系统故障"),
        ("601", "Safety chain open", "安全回路断开"),
        ("602", "Governor switch acted", "限速器开关动作"),
        ("603", "Safety-gear switch acted", "安全钳开关动作"),
        ("604", "Buffer switch acted", "缓冲器开关动作"),
        ("605", "Tension-sheave switch acted", "张紧轮开关动作"),
        ("606", "Ascending-overspeed protection acted", "上行超速保护动作"),
        ("607", "Unintended-movement protection acted", "轿厢意外移动保护动作"),
        ("608", "Other safety device", "其他安全保护装置动作"),
        ("609", "Overload stop", "超载保护动作"),
        ("610", "Alarm device failed", "报警装置失效"),
        ("700", "Other", "其他原因"),
    )
}

LIFT_KIND_NAMES: Mapping[LiftKind, Name] = {
    LiftKind.TRACTION_PASSENGER: Name("Traction passenger lift", "曳引式客梯"),
    LiftKind.TRACTION_GOODS: Name("Traction goods lift", "曳引式货梯"),
    LiftKind.OBSERVATION: Name("Observation lift", "观光电梯"),
    LiftKind.POSITIVE_DRIVE_GOODS: Name("Positive-drive goods lift", "强制式货梯"),
    LiftKind.HYDRAULIC_PASSENGER: Name("Hydraulic passenger lift", "液压客梯"),
    LiftKind.HYDRAULIC_GOODS: Name("Hydraulic goods lift", "液压货梯"),
    LiftKind.ESCALATOR: Name("Escalator", "自动扶梯"),
    LiftKind.MOVING_WALK: Name("Moving walk", "自动人行道"),
    LiftKind.EXPLOSION_PROOF: Name("Explosion-proof lift", "防爆电梯"),
    LiftKind.FIREFIGHTERS: Name("Firefighters' lift", "消防员电梯"),
    LiftKind.SERVICE: Name("Service lift", "杂物电梯"),
}

PLACE_TYPE_NAMES: Mapping[PlaceType, Name] = {
    PlaceType.RESIDENTIAL: Name("Residential", "住宅"),
    PlaceType.OFFICE: Name("Office", "办公楼宇"),
    PlaceType.MALL: Name("Mall", "商场超市"),
    PlaceType.HOTEL: Name("Hotel", "宾馆饭店"),
    PlaceType.TRANSPORT: Name("Transport", "交通场所"),
    PlaceType.HOSPITAL: Name("Hospital", "医院"),
    PlaceType.SCHOOL: Name("School", "学校"),
    PlaceType.CULTURE_SPORT: Name("Culture and sport", "文体娱场馆"),
    PlaceType.OTHER: Name("Other", "其他"),
}

KITCHEN_KIND_NAMES: Mapping[KitchenKind, Name] = {
    KitchenKind.SCHOOL_CANTEEN: Name("School canteen", "学校食堂"),
    KitchenKind.WORKS_CANTEEN: Name("Works canteen", "单位食堂"),
    KitchenKind.RESTAURANT: Name("Restaurant", "餐馆"),
    KitchenKind.CENTRAL_KITCHEN: Name("Central kitchen", "中央厨房"),
}

SEVERITY_NAMES: Mapping[Severity, Name] = {
    Severity.CRITICAL: Name("Critical", "紧急"),
    Severity.MAJOR: Name("Major", "重要"),
    Severity.MINOR: Name("Minor", "一般"),
    Severity.INFO: Name("For information", "提示"),
}

LIFT_STATUS_NAMES: Mapping[LiftStatus, Name] = {
    LiftStatus.IN_USE: Name("In use", "在用"),
    LiftStatus.STOPPED: Name("Stopped", "停用"),
    LiftStatus.SCRAPPED: Name("Scrapped", "报废"),
}

INSPECTION_KIND_NAMES: Mapping[InspectionKind, Name] = {
    InspectionKind.SUPERVISION: Name("Supervision inspection", "监督检验"),
    InspectionKind.PERIODIC: Name("Periodic inspection", "定期检验"),
    InspectionKind.SELF_TEST: Name("Self-test", "自行检测"),
}

INSPECTION_RESULT_NAMES: Mapping[InspectionResult, Name] = {
    InspectionResult.PASSED: Name("Passed", "合格"),
    InspectionResult.PASSED_AFTER_REPAIR: Name("Passed after repair", "复检合格"),
    InspectionResult.FAILED: Name("Failed", "不合格"),
}
