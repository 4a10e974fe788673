"""The CSV file of lifts: its columns, and what must fit together in a row."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from core.datum import Datum, to_wgs84
from core.geo import Position
from devices import lift_papers
from devices.cells import Value, coded, decimal, one_of, pattern, text, whole
from devices.codes import LIFT_KIND_NAMES, PLACE_TYPE_NAMES, Name
from devices.sheet import Column, Parsed, Problem, Sheet

_KINDS: Mapping[str, Name] = {str(code): name for code, name in LIFT_KIND_NAMES.items()}
_PLACES: Mapping[str, Name] = {str(code): name for code, name in PLACE_TYPE_NAMES.items()}
_DATUMS: Mapping[str, Name] = {
    str(Datum.WGS84): Name("WGS-84", "WGS-84"),
    str(Datum.GCJ02): Name("GCJ-02", "GCJ-02"),
    str(Datum.BD09): Name("BD-09", "BD-09"),
}
_PLACES_AFTER_POINT = 7  # of a degree: a centimetre
_AS_TEXT = "keep the column as text in a spreadsheet"


def _check(values: Mapping[str, Value]) -> Iterator[Problem]:
    low, high = values.get("min_floor"), values.get("max_floor")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        yield Problem("max_floor", f"{high} is below min_floor {low}", "exchange the two")
    area, district = values.get("area"), values.get("district")
    if area and district and str(district)[:2] != str(area)[:2]:
        yield Problem(
            "district", "it lies in another province than area", "correct one of the two codes"
        )
    if {"latitude", "longitude"} <= values.keys() and (values["latitude"] is None) != (
        values["longitude"] is None
    ):
        yield Problem("latitude", "only one of the two coordinates is given", "give both or none")
    yield from lift_papers.check(values)


_datum = coded(_DATUMS)


def _in_wgs84(values: Mapping[str, Value]) -> Mapping[str, Value]:
    """A row's coordinates in WGS-84, whatever its map's; `datum` goes on telling which that was."""
    latitude, longitude = values.get("latitude"), values.get("longitude")
    origin = Datum(str(values.get("datum") or Datum.WGS84))
    if origin is Datum.WGS84 or not (isinstance(latitude, float) and isinstance(longitude, float)):
        return values
    there = to_wgs84(Position(latitude, longitude), origin)
    return {
        **values,
        "latitude": round(there.latitude, _PLACES_AFTER_POINT),
        "longitude": round(there.longitude, _PLACES_AFTER_POINT),
    }


COLUMNS = (
    Column(
        "rescue_code",
        f"6 digits; {_AS_TEXT}",
        "990001",
        pattern("[0-9]{6}"),
        ("识别码", "救援识别码", "电梯识别码", "救援码", "应急救援识别码"),
    ),
    Column(
        "registration_code",
        f"20 digits; {_AS_TEXT}",
        "30104101002018110001",
        pattern("[0-9]{20}"),
        ("注册代码", "设备注册代码", "电梯注册代码", "设备代码"),
    ),
    Column(
        "area",
        "6-digit division code of the city",
        "410100",
        pattern("[0-9]{6}"),
        ("城市代码", "市代码", "城市", "地市代码"),
    ),
    Column(
        "district",
        "6-digit division code of the district",
        "410105",
        pattern("[0-9]{6}"),
        ("区县代码", "行政区划代码", "区县", "区划代码"),
    ),
    Column(
        "address",
        "at most 300 characters, one line",
        "示例路 1 号",
        text(300),
        ("地址", "使用地址", "使用地点", "设备地址"),
    ),
    Column(
        "building",
        "at most 100 characters, one line",
        "示例大厦 2 单元",
        text(100),
        ("楼栋", "楼宇", "楼宇名称", "建筑", "楼盘"),
        required=False,
        empty="",
    ),
    Column(
        "latitude",
        "degrees, -90 to 90, of the row's datum",
        "34.7466",
        decimal(-90, 90),
        ("纬度",),
        required=False,
    ),
    Column(
        "longitude",
        "degrees, -180 to 180, of the row's datum",
        "113.6254",
        decimal(-180, 180),
        ("经度",),
        required=False,
    ),
    Column(
        "datum",
        "what the coordinates are relative to: wgs84, gcj02 (AMap) or bd09 (Baidu)",
        "wgs84",
        lambda cell: _datum(cell.lower().replace("-", "")),
        ("坐标系", "坐标系统"),
        required=False,
        empty=str(Datum.WGS84),
    ),
    Column(
        "kind", one_of(_KINDS), "traction_passenger", coded(_KINDS), ("品种", "设备品种", "类型")
    ),
    Column("place_type", one_of(_PLACES), "residential", coded(_PLACES), ("使用场所", "场所类型")),
    Column(
        "min_floor",
        "whole number, -9 to 199",
        "-2",
        whole(-9, 199),
        ("最低层", "最低楼层", "起始层"),
    ),
    Column("max_floor", "whole number, -9 to 199", "18", whole(-9, 199), ("最高层", "最高楼层")),
    Column(
        "rated_speed_m_per_s",
        "metres a second, 0.1 to 20",
        "1.75",
        decimal(0.1, 20),
        ("额定速度",),
    ),
    Column(
        "rated_load_kg",
        "whole kilograms, 0 to 20000",
        "1000",
        whole(0, 20_000),
        ("额定载重量", "额定载重", "额定载荷"),
    ),
    Column(
        "firm_code",
        "code of a registered firm",
        "",
        text(32),
        ("维保单位代码", "维保单位编号"),
        required=False,
    ),
    Column(
        "use_unit_code",
        "code of a registered use unit",
        "",
        text(32),
        ("使用单位代码", "使用单位编号"),
        required=False,
    ),
    Column(
        "gateway_id",
        "1 to 32 of A-Z a-z 0-9 _ -; enrols the gateway for the lift",
        "SAMPLE-1",
        pattern("[A-Za-z0-9_-]{1,32}"),
        ("网关编号", "网关", "网关号"),
        required=False,
    ),
    *lift_papers.PAPERS,
)
LIFTS = Sheet(
    COLUMNS,
    ("rescue_code", "registration_code"),
    _check,
    together=("latitude", "longitude"),
    settled=_in_wgs84,
)
HEADER = LIFTS.header


def relative_to(datum: Datum) -> Sheet:
    """The same file, whose rows are of that datum where they do not say of which."""
    if datum is Datum.WGS84:
        return LIFTS
    told = str(datum)
    columns = tuple(replace(c, empty=told) if c.name == "datum" else c for c in COLUMNS)

    def settled(values: Mapping[str, Value]) -> Mapping[str, Value]:
        placed = values.get("latitude") is not None
        return _in_wgs84({"datum": told, **values} if placed else values)

    return replace(LIFTS, columns=columns, settled=settled)


def template() -> str:
    """An example file: the header and one sample row."""
    return LIFTS.template()


def parse(content: bytes) -> Parsed:
    """Read a file; raises InvalidMessage when it is none (empty_file, bad_header, …)."""
    return LIFTS.parse(content)
