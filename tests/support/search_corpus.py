"""Two hundred questions as dispatchers type them, and which lift each one means.

`python -m tests.support.search_corpus` chooses the generated part from the seeded province of
200,000 lifts: targets stand among its first 4,000, and a question is only asked where, by looking
at every row, at most three lifts of the asker's scope can be meant. It prints CSV; the part by hand
is kept as it stands in the file. The search itself is not asked.
"""

import csv
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from pypinyin import Style, lazy_pinyin

from simulators import province

FILE = Path(__file__).parents[1] / "data" / "lift_search.csv"
PLAN = province.Plan(seed=1)
TARGETS = 4_000
BY_HAND = "hand"
_NUMERALS = ("", *"一二三四五六七八九十", "十一", "十二", "十三", "十四")

Row = province.Row


@dataclass(frozen=True, slots=True)
class Question:
    """What is typed, within which city (empty: the province), and the lift that is meant."""

    kind: str
    text: str
    area: str
    expected: str


def corpus() -> list[Question]:
    """Every question of the file."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return [Question(**row) for row in csv.DictReader(file)]


def _s(row: Row, name: str) -> str:
    return str(row[name])


def _road(row: Row) -> str:
    return _s(row, "address").split("街道")[1]


def _number(row: Row) -> str:
    return _s(row, "building").removeprefix(_s(row, "project")).removesuffix("号楼")


def _building(row: Row) -> tuple[object, ...]:
    return row["area"], row["project"], row["building"]


def _short(row: Row) -> str:
    return _s(row, "project")[:2]


def _initials(text: str) -> str:
    return "".join(lazy_pinyin(text, style=Style.FIRST_LETTER))


def _spelled(text: str) -> str:
    return "".join(lazy_pinyin(text))


@dataclass(frozen=True, slots=True)
class _Form:
    kind: str
    how_many: int
    typed: Callable[[Row], str]
    meant: Callable[[Row], object]  # rows with the same answer may be meant
    in_city: bool = True


_FORMS = (
    _Form("code", 10, lambda r: _s(r, "rescue_code"), lambda r: r["rescue_code"], in_city=False),
    _Form(
        "code with a blank",
        4,
        lambda r: f"{_s(r, 'rescue_code')[:3]} {_s(r, 'rescue_code')[3:]}",
        lambda r: r["rescue_code"],
        in_city=False,
    ),
    _Form(
        "code in wide digits",
        3,
        lambda r: "".join(chr(ord(each) + 0xFEE0) for each in _s(r, "rescue_code")),
        lambda r: r["rescue_code"],
        in_city=False,
    ),
    _Form(
        "registration code",
        8,
        lambda r: _s(r, "registration_code"),
        lambda r: r["registration_code"],
        in_city=False,
    ),
    _Form(
        "registration code but one digit",
        4,
        lambda r: _s(r, "registration_code")[:-1],
        lambda r: _s(r, "registration_code")[:-1],
        in_city=False,
    ),
    _Form("estate and building", 18, lambda r: _s(r, "building"), _building),
    _Form("estate, building apart", 10, lambda r: f"{r['project']} {_number(r)}", _building),
    _Form("栋 for 号楼", 8, lambda r: f"{r['project']}{_number(r)}栋", _building),
    _Form(
        "Chinese numeral",
        8,
        lambda r: f"{r['project']}{_NUMERALS[int(_number(r))]}号楼",
        _building,
    ),
    _Form(
        "building and unit",
        12,
        lambda r: f"{r['building']}{r['unit']}",
        lambda r: (*_building(r), r["unit"]),
    ),
    _Form("road and number", 10, _road, lambda r: (r["area"], _road(r))),
    _Form(
        "district, road and number without the street office",
        10,
        lambda r: (
            _s(r, "address").split("区")[0].split("示例市")[1].lstrip("一二三四五六七八九十")
            + "区"
            + _road(r)
        ),
        lambda r: (r["district"], _road(r)),
    ),
    _Form(
        "words in another order",
        12,
        lambda r: f"{_number(r)}号楼 {r['project']} {_road(r)}",
        lambda r: (_road(r), *_building(r)),
        in_city=False,
    ),
    _Form("two characters", 14, _short, lambda r: (r["area"], _short(r))),
    _Form(
        "pinyin initials and building",
        16,
        lambda r: f"{_initials(_s(r, 'project'))} {_number(r)}",
        lambda r: (r["area"], _initials(_s(r, "project")), _number(r)),
    ),
    _Form(
        "pinyin initials, building attached",
        4,
        lambda r: f"{_initials(_s(r, 'project'))}{_number(r)}",
        lambda r: (r["area"], _initials(_s(r, "project")), _number(r)),
    ),
    _Form(
        "full pinyin",
        10,
        lambda r: f"{_spelled(_s(r, 'project'))} {_number(r)}",
        lambda r: (r["area"], _spelled(_s(r, "project")), _number(r)),
    ),
    _Form(
        "full pinyin, half typed",
        5,
        lambda r: _spelled(_s(r, "project"))[:-1],
        lambda r: (r["area"], _spelled(_s(r, "project"))[:-1]),
    ),
    _Form(
        "use unit",
        6,
        lambda r: f"{r['project']}物业",
        lambda r: (r["area"], r["project"]),
    ),
    _Form(
        "point",
        4,
        lambda r: f"{r['latitude']},{r['longitude']}",
        lambda r: (r["latitude"], r["longitude"]),
        in_city=False,
    ),
)


def _fits(form: _Form, row: Row, rows: list[Row]) -> bool:
    """What can be typed, and does not by chance mean something else of the scope too."""
    if form.kind == "building and unit" and not row["unit"]:
        return False
    if not form.kind.startswith(("two characters", "full pinyin, half", "pinyin")):
        return True
    typed = form.typed(row).split()[0].rstrip("0123456789")
    same = [each for each in rows if each["area"] == row["area"]]
    if form.kind == "two characters":
        return sum(typed in f"{r['address']}{r['building']}" for r in same) <= 3
    spell = _initials if form.kind.startswith("pinyin") else _spelled
    names = {_s(each, "project") for each in same}
    return sum(typed in spell(name) for name in names) == 1


def generated() -> Iterator[Question]:
    """The generated part."""
    rows = list(province.lifts(PLAN))
    dice = Random("corpus")  # noqa: S311  (questions, not a secret)
    for form in _FORMS:
        counts: dict[object, int] = {}
        for row in rows:
            meant = form.meant(row) if _possible(form, row) else None
            counts[meant] = counts.get(meant, 0) + 1
        chosen = 0
        for n in dice.sample(range(TARGETS), TARGETS):
            row = rows[n]
            if not _possible(form, row) or counts[form.meant(row)] > 3:
                continue
            if _fits(form, row, rows):
                area = _s(row, "area") if form.in_city else ""
                yield Question(form.kind, form.typed(row), area, _s(row, "rescue_code"))
                chosen += 1
                if chosen == form.how_many:
                    break
        else:
            raise AssertionError(f"only {chosen} of {form.kind}")


def _possible(form: _Form, row: Row) -> bool:
    return form.kind != "Chinese numeral" or int(_number(row)) < len(_NUMERALS)


def main() -> None:
    """Print the file anew."""
    kept = [each for each in corpus() if each.kind == BY_HAND] if FILE.exists() else []
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("kind", "text", "area", "expected"))
    for each in (*generated(), *kept):
        writer.writerow((each.kind, each.text, each.area, each.expected))


if __name__ == "__main__":
    main()
