"""The columns of a lift's papers in the file of lifts: its dossier and what it is technically.

Every one is optional: a column that is missing leaves what stands, an empty cell says that it is
not known. What a lift is technically depends on its kind (devices.technical); a fact that the kind
has not is refused. Pure.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any

from devices import technical
from devices.cells import Value, coded, day, decimal, one_of, text, whole, yes_or_no
from devices.codes import Name
from devices.model import LiftKind
from devices.sheet import Column, Problem
from devices.technical import ControlMode, JackType

_CONTROL: Mapping[str, Name] = {
    str(ControlMode.BUTTON): Name("button", "按钮控制"),
    str(ControlMode.SIGNAL): Name("signal", "信号控制"),
    str(ControlMode.COLLECTIVE): Name("collective", "集选控制"),
    str(ControlMode.DOWN_COLLECTIVE): Name("down collective", "下集选控制"),
    str(ControlMode.SINGLE): Name("single", "单台控制"),
    str(ControlMode.DUPLEX): Name("duplex", "并联控制"),
    str(ControlMode.GROUP): Name("group", "群控"),
}
_JACK: Mapping[str, Name] = {
    str(JackType.DIRECT): Name("direct", "直顶式"),
    str(JackType.INDIRECT): Name("indirect", "间接式"),
}
_FLOOR = re.compile(r"(-?[0-9]{1,3})=([^;=]{1,8})")


def _words(name: str, most: int, *zh: str) -> Column:
    takes = f"at most {most} characters, one line"
    return Column(name, takes, "", text(most), zh, required=False, empty="")


def _fact(name: str, takes: str, read: Callable[[str], Value], *zh: str) -> Column:
    return Column(name, takes, "", read, zh, required=False)


def _day(name: str, *zh: str) -> Column:
    return _fact(name, "a date such as 2026-11-23", day, *zh)


def _floors(cell: str) -> Value:
    told: dict[int, str] = {}
    for each in re.split("[;；]", cell.strip(";； ")):
        found = _FLOOR.fullmatch(each.strip())
        if found is None:
            raise ValueError("it is not of this form")
        told[int(found[1])] = found[2].strip()
    return _told(told)


def _told(names: Mapping[int, str]) -> str:
    return ";".join(f"{floor}={name}" for floor, name in sorted(names.items()))


DOSSIER = (
    _words("project", 100, "小区", "项目", "小区名称", "项目名称"),
    _words("unit", 32, "单元"),
    _words("in_house_number", 32, "内部编号", "单位内编号"),
    _words("registration_certificate", 64, "使用登记证编号", "使用登记证"),
    _words("product_number", 64, "出厂编号", "产品编号"),
    _words("brand", 64, "品牌"),
    _words("model", 64, "型号", "产品型号"),
    _words("manufacturer", 200, "制造单位", "制造单位名称"),
    _words("installer", 200, "安装单位", "施工单位"),
    _words("owner", 200, "产权单位", "所有权人"),
    _words("safety_officer", 64, "安全员", "安全管理员"),
    _day("made_on", "制造日期", "出厂日期"),
    _day("installed_on", "安装日期", "投用日期"),
    _day("renovated_on", "改造日期"),
    _day("on_demand_since", "按需维保起始日期", "按需维保日期"),
    _fact("stops", "whole number, 1 to 200", whole(1, 200), "站数", "层站数"),
    _fact("doors", "whole number, 1 to 400", whole(1, 400), "门数", "层门数"),
    _fact("base_floor", "whole number, -9 to 199", whole(-9, 199), "基站", "基站楼层"),
    Column(
        "floor_names",
        "what the car shows, by index: -1=B1;1=G",
        "",
        _floors,
        ("楼层显示",),
        required=False,
        empty="",
    ),
)
TECHNICAL = (
    _fact("drive_type", "at most 64 characters", text(64), "驱动方式", "拖动方式"),
    _fact("control_mode", one_of(_CONTROL), coded(_CONTROL), "控制方式"),
    _fact("machine_room", "yes (是) or no (否)", yes_or_no, "机房", "有无机房"),
    _fact("roping_ratio", "whole number, 1 to 8", whole(1, 8), "曳引比"),
    _fact("sheave_mm", "whole millimetres, 10 to 5000", whole(10, 5_000), "曳引轮直径"),
    _fact("pulley_mm", "whole millimetres, 10 to 5000", whole(10, 5_000), "导向轮直径"),
    _fact(
        "rated_speed_down_m_per_s",
        "metres a second, 0.01 to 20",
        decimal(0.01, 20),
        "下行额定速度",
    ),
    _fact("cylinders", "whole number, 1 to 12", whole(1, 12), "油缸数量", "液压缸数量"),
    _fact("jack_type", one_of(_JACK), coded(_JACK), "顶升方式", "顶升形式"),
    _fact("angle_deg", "degrees, 0 to 45", decimal(0, 45), "倾斜角", "倾斜角度"),
    _fact("rise_m", "metres, 0 to 100", decimal(0, 100), "提升高度"),
    _fact("width_mm", "whole millimetres, 200 to 2000", whole(200, 2_000), "名义宽度", "梯级宽度"),
    _fact("motor_kw", "kilowatts, 0.01 to 500", decimal(0.01, 500), "电动机功率", "主机功率"),
    _fact("public_transport", "yes (是) or no (否)", yes_or_no, "公共交通型"),
    _fact("indoor", "yes (是) or no (否)", yes_or_no, "室内"),
    _fact("length_m", "metres, 0.1 to 500", decimal(0.1, 500), "使用区段长度", "使用区长度"),
)
PAPERS = (*DOSSIER, *TECHNICAL)
NAMES = frozenset(column.name for column in PAPERS)
EMPTY: Mapping[str, Value] = {column.name: column.empty for column in PAPERS}
_PLAIN = tuple(column.name for column in DOSSIER if column.name != "floor_names")
_FACTS = tuple(column.name for column in TECHNICAL)
DAYS = frozenset(column.name for column in DOSSIER if column.read is day)
COLUMNS = (*_PLAIN, "floor_names", "technical", "coordinate_origin")  # of the table


def check(values: Mapping[str, Value]) -> Iterator[Problem]:
    """Facts that the row's kind has not; each is within its bounds by how it was read."""
    kind = values.get("kind")
    if kind is not None:
        for name in _facts(values).keys() - set(_has(str(kind))):
            told = f"a lift of the kind {kind} has no such fact"
            yield Problem(name, told, "leave it empty, or correct the kind")


def told(values: Mapping[str, Value]) -> bool:
    """Whether a new lift has any papers."""
    return any(values.get(name) not in {None, ""} for name in NAMES & values.keys())


def standing(row: Mapping[str, Any] | None) -> Mapping[str, Value]:
    """What a row of `lift_dossier` (None: there is none) is in the file's columns."""
    if row is None:
        return EMPTY
    values: dict[str, Value] = {name: row[name] for name in _PLAIN}
    values["floor_names"] = _told({int(n): name for n, name in (row["floor_names"] or {}).items()})
    facts = row["technical"] or {}
    return values | {name: facts.get(name) for name in _FACTS}


def kept(values: Mapping[str, Value]) -> tuple[object, ...]:
    """A whole lift's papers in the order of COLUMNS; facts that its kind has not are dropped."""
    has = _has(str(values["kind"]))
    facts = {name: fact for name, fact in _facts(values).items() if name in has}
    names = str(values.get("floor_names") or "")
    floors = dict(each.split("=", 1) for each in names.split(";")) if names else {}
    plain = (values.get(name, EMPTY[name]) for name in _PLAIN)
    return (*plain, floors, facts, values["datum"])


def from_json(values: dict[str, Value]) -> dict[str, Value]:
    """A row's values that were kept as JSON: dates come back from their text."""
    for name in DAYS & values.keys():
        if isinstance(kept := values[name], str):
            values[name] = date.fromisoformat(kept)
    return values


@cache
def _has(kind: str) -> tuple[str, ...]:
    return technical.SCHEMAS[LiftKind(kind)].__struct_fields__


def _facts(values: Mapping[str, Value]) -> dict[str, Value]:
    found = ((name, values.get(name)) for name in _FACTS)
    return {name: value for name, value in found if value is not None}
