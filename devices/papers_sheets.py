"""The files of the register's papers: divisions, workers, contracts, inspections."""

from collections.abc import Iterator, Mapping
from datetime import date

from devices.cells import Value, coded, day, one_of, pattern, text
from devices.codes import INSPECTION_KIND_NAMES, INSPECTION_RESULT_NAMES, Name
from devices.sheet import Column, Problem, Sheet

_KINDS: Mapping[str, Name] = {str(code): name for code, name in INSPECTION_KIND_NAMES.items()}
_RESULTS: Mapping[str, Name] = {str(code): name for code, name in INSPECTION_RESULT_NAMES.items()}
_DAY = "a date such as 2026-11-23"


def _day(name: str, zh: tuple[str, ...], sample: str = "", *, required: bool = False) -> Column:
    return Column(name, _DAY, sample, day, zh, required=required)


def _words(name: str, most: int, zh: tuple[str, ...], sample: str = "") -> Column:
    takes = f"at most {most} characters, one line"
    return Column(name, takes, sample, text(most), zh, required=bool(sample), empty="")


_FIRM = Column(
    "firm_code", "code of a registered firm", "F001", text(32), ("维保单位代码", "维保单位编号")
)
_LIFT = Column(
    "rescue_code",
    "6 digits of a registered lift",
    "990001",
    pattern("[0-9]{6}"),
    ("识别码", "救援识别码", "电梯识别码"),
)


def _in_order(first: str, last: str, values: Mapping[str, Value]) -> Iterator[Problem]:
    begins, ends = values.get(first), values.get(last)
    if isinstance(begins, date) and isinstance(ends, date) and ends < begins:
        yield Problem(last, f"{ends} is before {first} {begins}", "exchange the two")


def _contract(values: Mapping[str, Value]) -> Iterator[Problem]:
    yield from _in_order("starts_on", "ends_on", values)


def _inspection(values: Mapping[str, Value]) -> Iterator[Problem]:
    yield from _in_order("done_on", "valid_until", values)


DIVISIONS = Sheet(
    (
        Column("code", "6 digits", "410105", pattern("[0-9]{6}"), ("代码", "区划代码")),
        _words("name_zh", 64, ("名称", "中文名称"), "示例区"),
        Column(
            "name_en",
            "at most 64 characters",
            "Sample district",
            text(64),
            ("英文名称",),
            required=False,
            empty="",
        ),
        Column(
            "parent",
            "6 digits of the division that holds it; empty for a province",
            "410100",
            pattern("[0-9]{6}"),
            ("上级代码", "上级区划"),
            required=False,
        ),
    ),
    ("code",),
)

WORKERS = Sheet(
    (
        _words("code", 32, ("工号", "编号"), "W001"),
        _FIRM,
        _words("name", 64, ("姓名",), "示例维保员"),
        _words("certificate_number", 64, ("证书编号", "作业人员证编号")),
        _day("certificate_until", ("证书有效期", "有效期至")),
        _words("team_code", 32, ("班组", "班组编号")),
        _day("left_on", ("离职日期",)),
    ),
    ("code",),
    within=("firm_code",),
)

CONTRACTS = Sheet(
    (
        _LIFT,
        _FIRM,
        _words("number", 64, ("合同编号",), "示例合同 1"),
        _day("starts_on", ("开始日期", "合同开始日期"), "2026-01-01", required=True),
        _day("ends_on", ("结束日期", "合同结束日期"), "2026-12-31"),
    ),
    ("rescue_code",),
    _contract,
    within=("starts_on",),
)

INSPECTIONS = Sheet(
    (
        _words("report_number", 64, ("报告编号",), "示例报告 1"),
        _LIFT,
        Column("kind", one_of(_KINDS), "periodic", coded(_KINDS), ("检验类别", "类别")),
        _day("done_on", ("检验日期",), "2026-06-01", required=True),
        Column("result", one_of(_RESULTS), "passed", coded(_RESULTS), ("检验结论", "结论")),
        _words("body", 200, ("检验机构",), "示例检验机构"),
        _day("valid_until", ("下次检验日期", "有效期至"), "2027-06-30"),
    ),
    ("report_number",),
    _inspection,
)
