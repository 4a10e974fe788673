"""What codes and states are called, in either language. Pure data."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from devices import codes

_WORDS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "state": {
        "new": ("New", "新警情"),
        "located": ("Located", "已定位"),
        "dispatched": ("Dispatched", "已派单"),
        "acknowledged": ("Acknowledged", "已接单"),
        "en_route": ("En route", "前往途中"),
        "on_scene": ("On scene", "已到达"),
        "freed": ("Freed", "已解困"),
        "confirmed": ("Confirmed by call-back", "已回访"),
        "cause_reported": ("Cause reported", "已报原因"),
        "closed": ("Closed", "已结案"),
        "self_escaped": ("Self-escaped", "自行脱困"),
        "false_alarm": ("False alarm", "误报"),
    },
    "assignment": {
        "offered": ("Offered", "待应答"),
        "unanswered": ("No answer", "未应答"),
        "refused": ("Refused", "已拒单"),
        "acknowledged": ("Accepted", "已接单"),
        "en_route": ("En route", "前往途中"),
        "on_scene": ("On scene", "已到达"),
        "done": ("Done", "已完成"),
        "stood_down": ("Stood down", "已撤回"),
    },
    "action": {
        "located": ("Lift located", "已定位"),
        "freed": ("Freed", "解困"),
        "confirm": ("Confirm by call-back", "回访确认"),
        "cause": ("Report the cause", "报告原因"),
        "close": ("Close", "结案"),
        "false_alarm": ("False alarm", "误报"),
        "self_escaped": ("Self-escaped", "自行脱困"),
        "note": ("Add a note", "添加备注"),
        "comfort": ("Comfort call made", "已电话安抚"),
    },
    "crew_action": {
        "accept": ("Accept", "接单"),
        "refuse": ("Refuse", "拒单"),
        "en_route": ("On the way", "出发"),
        "arrive": ("Arrived", "到达"),
        "finish": ("Freed", "解困"),
        "stand_down": ("Stand down", "撤回"),
    },
    "target": {
        "firm": ("Maintenance firm", "签约维保单位"),
        "station": ("Rescue station", "二级救援站"),
        "public_rescue": ("Public rescue", "社会救援"),
    },
    "rung": {
        "answer": ("answer due", "应答时限"),
        "level2": ("level 2", "二级响应"),
        "target_arrival": ("arrival target", "到达目标"),
        "statutory_arrival": ("statutory arrival", "法定到达时限"),
        "level3": ("level 3", "三级响应"),
        "level3_urged": ("level 3 urged", "建议三级响应"),
        "not_freed": ("still not freed", "仍未解困"),
        "callback": ("call-back due", "回访时限"),
        "cause": ("cause due", "原因反馈时限"),
        "dispatch": ("dispatch due", "派单时限"),
    },
    "level": {
        "1": ("Level 1", "一级"),
        "2": ("Level 2", "二级"),
        "3": ("Level 3", "三级"),
    },
    "recipient": {
        "seat": ("Dispatcher's seat", "调度席"),
        "supervisor": ("Supervisor on duty", "值班监管人员"),
    },
    "sender": {
        "log": ("Hub's log", "系统记录"),
        "webhook": ("Message to their system", "接口推送"),
    },
    "subject": {
        "offer": ("Order", "派单"),
        "stand_down": ("Stand down", "撤回"),
    },
    "check": {
        "database": ("Database", "数据库"),
        "disk": ("Disk", "磁盘"),
        "lane emergency": ("Emergency lane", "紧急呼叫通道"),
        "lane telemetry": ("Telemetry lane", "遥测通道"),
    },
    "reason": {
        "stale_version": (
            "Somebody else has changed it since this page was drawn. Go back and look again.",
            "页面打开后内容已被他人更新，请返回查看最新情况。",
        ),
        "wrong_state": (
            "The incident has moved on, so this step is no longer open. Go back and look again.",
            "警情已进入下一步，此操作不再适用，请返回查看最新情况。",
        ),
        "exhausted": (
            "Everybody at this level has been asked already.",
            "本级可派的救援力量已全部派出。",
        ),
        "lift_unknown": (
            "No lift has this code. Check it with the caller, or tell the place.",
            "没有此识别码的电梯，请与来电人核对，或填写地点。",
        ),
        "missing_field": ("Something that is needed is missing.", "缺少必填内容。"),
        "bad_field": ("One field holds what it may not hold.", "有一项内容填写不正确。"),
        "forbidden": (
            "Your account may not do this. Ask an administrator if it should.",
            "您的账号没有此权限，如需开通请联系管理员。",
        ),
        "unavailable": (
            "The hub is busy or one of its parts is down. Try again in a moment.",
            "系统繁忙或部分功能暂不可用，请稍后重试。",
        ),
        "internal": (
            "Something broke on our side; it is in the log. Try again, and tell the administrator.",
            "系统出现故障，已记入日志。请重试，并告知管理员。",
        ),
        "too_many_requests": (
            "Too many in a short time. Wait a moment and try again.",
            "操作过于频繁，请稍候再试。",
        ),
        "request_entity_too_large": (
            "What was sent is too large.",
            "提交的内容过大。",
        ),
        "not_watched": ("nobody watches it", "未接入"),
        "video_process_silent": ("the video process is silent", "视频服务无响应"),
        "no_pictures": ("it sends no pictures", "无画面"),
        "unauthorized": ("it refuses our password", "摄像机拒绝登录"),
        "not_found": ("nothing at its address", "地址无效"),
        "refused_by_camera": ("it refuses", "摄像机拒绝"),
        "timeout": ("it does not answer", "无应答"),
        "connection_refused": ("it takes no connection", "拒绝连接"),
        "connection_lost": ("the connection broke", "连接中断"),
        "not_readable": ("its file cannot be read", "文件无法读取"),
        "unreadable": ("its pictures cannot be read", "画面无法解析"),
        "ended": ("it has ended", "已结束"),
        "unreachable": ("it cannot be reached", "无法连接"),
        "failed": ("it failed", "失败"),
    },
    "kind": {"trapped": ("Trapped", "困人"), "fault": ("Fault", "故障")},
    "source": {
        "button": ("Button in the car", "轿厢按钮"),
        "intercom": ("Intercom", "对讲"),
        "inferred": ("Inferred from telemetry", "物联推断"),
        "form": ("Telephone", "电话登记"),
        "public": ("QR page", "扫码上报"),
    },
    "refusal": {
        "bad_topic": ("Unknown topic", "主题不符合约定"),
        "bad_json": ("Message is no JSON", "消息不是 JSON"),
        "bad_utf8": ("Message is not UTF-8", "消息不是 UTF-8 编码"),
        "too_large": ("Message is too large", "消息过大"),
        "too_many": ("Too many calls in one message", "单条消息中的呼叫过多"),
        "missing_field": ("A field is missing", "缺少字段"),
        "bad_field": ("A field is wrong", "字段有误"),
        "device_not_enrolled": ("Gateway is not enrolled", "网关未登记"),
        "area_mismatch": ("Gateway is enrolled in another city", "网关登记在其他城市"),
        "lift_unknown": ("No lift has this code", "识别码未登记"),
        "not_its_lift": ("Not a lift of this gateway", "该电梯不属于此网关"),
        "lift_missing": ("The call does not say which lift", "呼叫未说明是哪台电梯"),
        "internal_error": ("The hub failed to take it", "平台处理失败"),
    },
    "refusal_remedy": {
        "device_not_enrolled": (
            "Find the site by the gateway's number; then enrol the gateway for its lift.",
            "按网关编号查找现场；之后为电梯登记该网关。",
        ),
        "area_mismatch": (
            "Ask the other city's seat; then correct the gateway's area.",
            "联系登记城市的坐席；之后更正网关的区划。",
        ),
        "lift_unknown": (
            "Telephone the site of the gateway; then register the lift.",
            "致电网关所在现场核实；之后登记该电梯。",
        ),
        "not_its_lift": (
            "Telephone the lift's site; then enrol the gateway for the lift.",
            "致电该电梯现场核实；之后把网关登记到该电梯。",
        ),
        "lift_missing": (
            "Telephone the lifts of the gateway; the device has to name its lift.",
            "逐台致电该网关的电梯核实；设备应上报电梯识别码。",
        ),
        "internal_error": (
            "Telephone the site and take the call by the form; then look at the health page.",
            "致电现场并手工登记警情；之后查看运行状况页。",
        ),
        "bad_topic": (
            "Have the device's maker correct its topic.",
            "请设备厂家更正上报主题。",
        ),
    },
    "proof": {
        "phone": ("by telephone", "电话确认"),
        "qr": ("QR code at the lift", "扫码"),
        "geofence": ("position", "定位"),
        "inspection_mode": ("inspection mode", "检修状态"),
    },
    "notice": {
        "pending": ("Waiting to be sent", "待发送"),
        "sent": ("Sent", "已送达"),
        "failed": ("Failed", "发送失败"),
    },
    "presence": {
        "online": ("Online", "在线"),
        "late": ("Late", "延迟"),
        "offline": ("Offline", "离线"),
        "never": ("Never heard", "从未上线"),
    },
    "camera": {
        "connecting": ("Connecting", "连接中"),
        "live": ("Live", "正常"),
        "stalled": ("Stalled", "卡顿"),
        "offline": ("Offline", "离线"),
    },
    "role": {
        "administrator": ("Administrator", "管理员"),
        "dispatcher": ("Dispatcher", "调度员"),
        "supervisor": ("Supervisor", "监管人员"),
        "firm": ("Maintenance firm", "维保单位"),
        "station": ("Rescue station", "救援站"),
    },
    "verb": {
        "opened": ("Opened", "接警"),
        "merged": ("Another report", "并入上报"),
        "located": ("Located", "定位"),
        "rung": ("Deadline passed", "时限到"),
        "offered": ("Order sent", "派单"),
        "unanswered": ("No answer", "未应答"),
        "accepted": ("Accepted", "接单"),
        "refused": ("Refused", "拒单"),
        "en_route": ("On the way", "出发"),
        "arrived": ("Arrived", "到达现场"),
        "finished": ("Rescue done", "救援完成"),
        "stood_down": ("Stood down", "撤回"),
        "level_raised": ("Level raised", "升级响应"),
        "freed": ("Freed", "解困"),
        "confirmed": ("Confirmed by call-back", "回访确认"),
        "cause_reported": ("Cause reported", "原因反馈"),
        "closed": ("Closed", "结案"),
        "self_escaped": ("Self-escaped", "自行脱困"),
        "false_alarm": ("False alarm", "误报"),
        "note": ("Note", "备注"),
        "comfort_call": ("Comfort call", "安抚电话"),
        "call_ended": ("Call ended", "呼叫结束"),
        "condition_cleared": ("Condition cleared", "状态恢复"),
        "notice_failed": ("Notice not delivered", "通知未送达"),
    },
    "actor": {
        "account": ("staff", "人员"),
        "device": ("gateway", "网关"),
        "engine": ("the hub", "系统"),
        "public": ("public", "公众"),
        "system": ("the hub", "系统"),
    },
    "field": {
        "mode": ("Mode", "运行模式"),
        "car": ("Car", "轿厢"),
        "direction": ("Direction", "方向"),
        "floor": ("Floor", "楼层"),
        "door_zone": ("In door zone", "在门区"),
        "door": ("Door", "轿门"),
        "occupied": ("Occupied", "有人"),
        "speed_m_s": ("Speed, m/s", "速度（米/秒）"),
        "load_kg": ("Load, kg", "载荷（千克）"),
        "car_temp_c": ("Car temperature, °C", "轿厢温度（℃）"),
        "power": ("Power", "供电"),
        "operation": ("Operation", "运行"),
    },
    "value": {
        "stopped": ("stopped", "停止"),
        "running": ("running", "运行"),
        "normal": ("normal", "正常"),
        "inspection": ("inspection", "检修"),
        "fire_return": ("fire return", "火灾返回"),
        "firefighters": ("firefighters'", "消防"),
        "emergency_power": ("emergency power", "应急电源"),
        "earthquake": ("earthquake", "地震"),
        "unknown": ("unknown", "未知"),
        "none": ("none", "无"),
        "up": ("up", "上行"),
        "down": ("down", "下行"),
        "closed": ("closed", "关闭"),
        "open": ("open", "打开"),
        "opening": ("opening", "开门中"),
        "closing": ("closing", "关门中"),
        "mains": ("mains", "市电"),
        "battery": ("battery", "电池"),
        "True": ("yes", "是"),
        "False": ("no", "否"),
    },
}

TONES: Mapping[str, str] = {
    "new": "danger",
    "located": "danger",
    "dispatched": "danger",
    "acknowledged": "warn",
    "en_route": "warn",
    "on_scene": "warn",
    "freed": "ok",
    "confirmed": "ok",
    "cause_reported": "ok",
    "closed": "unknown",
    "self_escaped": "unknown",
    "false_alarm": "unknown",
    "offered": "warn",
    "unanswered": "danger",
    "refused": "danger",
    "done": "ok",
    "stood_down": "unknown",
    "pending": "warn",
    "sent": "ok",
    "failed": "danger",
    "online": "ok",
    "late": "warn",
    "offline": "unknown",
    "never": "unknown",
    "live": "ok",
    "connecting": "accent",
    "stalled": "warn",
    "critical": "danger",
    "major": "warn",
    "minor": "accent",
    "info": "unknown",
    "active": "danger",
    "cleared": "ok",
}


@dataclass(frozen=True, slots=True)
class Labels:
    """The words of one language."""

    column: int

    def __call__(self, group: str, key: object) -> str:
        """What `key` of `group` is called; the key itself where nobody named it."""
        pair = _WORDS.get(group, {}).get(str(key))
        return str(key) if pair is None else pair[self.column]

    def remedy(self, reason: str) -> str:
        """What a seat does about a call that was refused for `reason`."""
        other = (
            "Telephone the site; then have the device's software mended.",
            "致电现场核实；之后请厂家修正设备程序。",
        )
        return _WORDS["refusal_remedy"].get(reason, other)[self.column]

    def known(self, group: str, key: object) -> bool:
        """Whether `key` of `group` has a name."""
        return str(key) in _WORDS.get(group, {})

    def event(self, key: str) -> str:
        """What a canonical event code means."""
        found = codes.EVENT_CODES.get(key)
        return key if found is None else (found.en, found.zh)[self.column]

    def cause(self, key: str | None) -> str:
        """What a fault-cause code means."""
        found = codes.FAULT_CAUSES.get(key or "")
        return (key or "—") if found is None else (found.en, found.zh)[self.column]

    def causes(self) -> list[tuple[str, str]]:
        """Every fault cause, code and words."""
        return [(c, f"{c} {(f.en, f.zh)[self.column]}") for c, f in codes.FAULT_CAUSES.items()]

    def name(self, table: str, key: object) -> str:
        """What a lift kind, place type, kitchen kind or severity is called."""
        found = _TABLES[table].get(str(key))
        return str(key) if found is None else (found.en, found.zh)[self.column]

    def names(self, table: str) -> list[tuple[str, str]]:
        """Every key of a table with what it is called."""
        return [(key, (found.en, found.zh)[self.column]) for key, found in _TABLES[table].items()]

    def tone(self, key: object) -> str:
        """The chip's tone: danger, warn, ok, accent or unknown."""
        return TONES.get(str(key), "unknown")


_TABLES = {
    "lift_kind": {str(k): v for k, v in codes.LIFT_KIND_NAMES.items()},
    "place": {str(k): v for k, v in codes.PLACE_TYPE_NAMES.items()},
    "kitchen_kind": {str(k): v for k, v in codes.KITCHEN_KIND_NAMES.items()},
    "severity": {str(k): v for k, v in codes.SEVERITY_NAMES.items()},
}


@cache
def of(locale: str) -> Labels:
    """The words of `zh` or `en`."""
    return Labels(1 if locale == "zh" else 0)
