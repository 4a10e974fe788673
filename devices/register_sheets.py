"""The CSV files of everything but lifts: firms, use units, stations, gateways, kitchens, cameras.

Columns are named as in `devices.model`; where that has an id of ours, the file has the code that
people know. What may hold a password (a camera's source, an address of orders) is never repeated
in a refusal.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from devices.cells import (
    Value,
    coded,
    day,
    decimal,
    many,
    one_of,
    pattern,
    text,
    time_of_day,
    whole,
    yes_or_no,
)
from devices.codes import KITCHEN_KIND_NAMES, Name
from devices.protocol.dialects.model import CANONICAL, DIALECT
from devices.sheet import Column, Problem, Sheet

_KITCHENS: Mapping[str, Name] = {str(code): name for code, name in KITCHEN_KIND_NAMES.items()}
_SOURCES: Mapping[str, Name] = {
    "rtsp": Name("network camera", "网络"),
    "file": Name("file", "文件"),
}
_LONGEST_URL = 500


def _address(schemes: tuple[str, ...]) -> Callable[[str], Value]:
    """A URL with a host; it is never repeated."""

    def read(cell: str) -> Value:
        try:
            parts = urlsplit(cell)
            fits = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        except ValueError:
            fits = False
        if not fits or len(cell) > _LONGEST_URL or re.search(r"\s", cell):
            raise ValueError("it is no such address")
        return cell

    return read


def _secret_text(cell: str) -> Value:
    if len(cell) > _LONGEST_URL or any(ord(character) < ord(" ") for character in cell):
        raise ValueError("it is too long, or has a line break")
    return cell


def _code(name: str, zh: tuple[str, ...], sample: str, takes: str = "") -> Column:
    form = takes or "1 to 32 of letters, digits, _ and -"
    return Column(name, form, sample, pattern(r"[\w-]{1,32}"), zh)


def _phone(name: str, zh: tuple[str, ...], *, required: bool = True) -> Column:
    return Column(
        name,
        "digits, blanks, + - ( ), 3 to 32 of them",
        "0371-00000001",
        pattern(r"[0-9+() -]{3,32}", secret=True),
        zh,
        required=required,
        empty="",
    )


_NAME = Column(
    "name", "at most 200 characters, one line", "示例单位", text(200), ("名称", "单位名称")
)
_AREA = Column(
    "area",
    "6-digit division code of the city",
    "410100",
    pattern("[0-9]{6}"),
    ("城市代码", "市代码", "城市", "地市代码"),
)
_WEBHOOK = Column(
    "webhook_url",
    "http:// or https:// address that takes orders",
    "",
    _address(("http", "https")),
    ("接单地址", "回调地址"),
    required=False,
    empty="",
)

FIRMS = Sheet(
    (
        _code("code", ("代码", "编号", "单位代码", "单位编号"), "F001"),
        _NAME,
        _phone("phone_24h", ("24小时电话", "24h电话", "值班电话", "电话")),
        _WEBHOOK,
    ),
    ("code",),
)

USE_UNITS = Sheet(
    (
        _code("code", ("代码", "编号", "单位代码", "单位编号"), "U001"),
        _NAME,
        Column(
            "safety_officer",
            "at most 64 characters",
            "示例安全员",
            text(64),
            ("安全员", "安全管理员", "联系人"),
            required=False,
            empty="",
        ),
        _phone("phone", ("电话", "联系电话"), required=False),
    ),
    ("code",),
)

STATIONS = Sheet(
    (
        _code("code", ("代码", "编号", "救援站编号"), "S001"),
        _NAME,
        _AREA,
        Column("latitude", "WGS-84 degrees, -90 to 90", "34.7466", decimal(-90, 90), ("纬度",)),
        Column(
            "longitude", "WGS-84 degrees, -180 to 180", "113.6254", decimal(-180, 180), ("经度",)
        ),
        _phone("phone", ("电话", "值班电话", "联系电话")),
        _WEBHOOK,
    ),
    ("code",),
)


def _one_voice(values: Mapping[str, Value]) -> Iterator[Problem]:
    if values.get("lifts") and values.get("kitchen_code"):
        yield Problem("lifts", "a gateway speaks for lifts or for a kitchen", "leave one empty")


GATEWAYS = Sheet(
    (
        Column(
            "gateway_id",
            "1 to 32 of A-Z a-z 0-9 _ -",
            "SAMPLE-1",
            pattern("[A-Za-z0-9_-]{1,32}"),
            ("网关编号", "网关", "网关号"),
        ),
        _AREA,
        Column(
            "lifts",
            "rescue codes (6 digits) with blanks between; it speaks for exactly these",
            "990001",
            many(pattern("[0-9]{6}")),
            ("电梯", "识别码", "电梯识别码"),
            required=False,
            empty=(),
        ),
        Column(
            "kitchen_code",
            "code of a registered kitchen, where it is a kitchen's",
            "",
            pattern(r"[\w-]{1,32}"),
            ("厨房编号", "厨房代码"),
            required=False,
        ),
        Column(
            "dialect",
            "name of the mapping by which it is read, as `hub dialect list` tells them",
            "canonical",
            pattern(DIALECT.pattern),
            ("方言", "协议", "报文格式"),
            required=False,
            empty=CANONICAL,
        ),
    ),
    ("gateway_id",),
    _one_voice,
)


def _hours(values: Mapping[str, Value]) -> Iterator[Problem]:
    area, district = values.get("area"), values.get("district")
    if area and district and str(district)[:2] != str(area)[:2]:
        yield Problem(
            "district", "it lies in another province than area", "correct one of the two codes"
        )
    if values.get("opens") is not None and values.get("opens") == values.get("closes"):
        yield Problem("closes", "it closes when it opens", "give the hours in which it shows")


KITCHENS = Sheet(
    (
        _code("code", ("代码", "编号", "厨房编号", "厨房代码"), "K0001"),
        _NAME,
        Column("kind", one_of(_KITCHENS), "school_canteen", coded(_KITCHENS), ("类型", "业态")),
        _AREA,
        Column(
            "district",
            "6-digit division code of the district",
            "410105",
            pattern("[0-9]{6}"),
            ("区县代码", "行政区划代码", "区县", "区划代码"),
        ),
        Column("address", "at most 300 characters", "示例路 2 号", text(300), ("地址", "经营地址")),
        Column("operator", "at most 200 characters", "示例学校", text(200), ("经营者", "运营单位")),
        Column(
            "licence_number",
            "at most 64 characters",
            "示例-0001",
            text(64),
            ("许可证号", "许可证编号"),
        ),
        Column(
            "grade",
            "at most 8 characters",
            "A",
            text(8),
            ("等级", "量化等级"),
            required=False,
            empty="",
        ),
        Column("published", "yes (是) or no (否)", "yes", yes_or_no, ("公开", "是否公开")),
        Column(
            "opens", "time of the day such as 07:00", "07:00", time_of_day, ("开放时间", "开始时间")
        ),
        Column("closes", "time of the day such as 20:00", "20:00", time_of_day, ("结束时间",)),
        Column(
            "operator_code",
            "18 letters and digits: the operator's unified social credit code",
            "",
            pattern("[0-9A-Z]{18}"),
            ("统一社会信用代码",),
            required=False,
            empty="",
        ),
        Column(
            "serves",
            "whom it cooks for; at most 200 characters",
            "",
            text(200),
            ("供餐单位", "学校名称"),
            required=False,
            empty="",
        ),
        Column("licence_until", "a date", "", day, ("许可证有效期",), required=False),
        Column(
            "kitchen_m2", "whole square metres", "", whole(1, 99_999), ("面积",), required=False
        ),
        Column("meals_a_day", "whole number", "", whole(0, 999_999), ("日供餐数",), required=False),
    ),
    ("code",),
    _hours,
)


def _source(values: Mapping[str, Value]) -> Iterator[Problem]:
    url = values.get("source_url")
    if values.get("source_kind") == "rtsp" and url is not None:
        try:
            _address(("rtsp", "rtsps"))(str(url))
        except ValueError as error:
            yield Problem("source_url", str(error), "give rtsp://user:password@host/path")


CAMERAS = Sheet(
    (
        Column(
            "camera_id",
            "1 to 32 of A-Z a-z 0-9 _ -",
            "K0001-1",
            pattern("[A-Za-z0-9_-]{1,32}", secret=True),
            ("摄像头编号", "摄像机编号", "编号"),
        ),
        _code("kitchen_code", ("厨房编号", "厨房代码"), "K0001", "code of a registered kitchen"),
        Column("label", "at most 64 characters", "灶台", text(64), ("名称", "位置", "点位")),
        Column("source_kind", one_of(_SOURCES), "rtsp", coded(_SOURCES), ("来源类型", "接入方式")),
        Column(
            "source_url",
            "rtsp:// address, or a file's path",
            "rtsp://user:password@192.0.2.10/stream",
            _secret_text,
            ("地址", "视频地址", "取流地址"),
        ),
        Column("published", "yes (是) or no (否)", "yes", yes_or_no, ("公开", "是否公开")),
        Column(
            "enabled",
            "yes (是) or no (否)",
            "yes",
            yes_or_no,
            ("启用", "是否启用"),
            required=False,
            empty=True,
        ),
    ),
    ("camera_id",),
    _source,
)
