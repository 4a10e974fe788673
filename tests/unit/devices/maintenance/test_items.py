from copy import deepcopy
from typing import Any

import pytest

from core.errors import NotFound
from devices.maintenance import items, shipped
from devices.maintenance.period import CalledForBy, Period, work_type
from devices.model import LiftKind

ADDED = {"A": (31, 13, 15, 17), "B": (30, 13, 9, 14), "C": (20, 8, 10, 14), "D": (33, 5, 12, 13)}
CUMULATED = {"A": 76, "B": 66, "C": 52, "D": 63}
TREE: dict[str, Any] = {
    "version": "2",
    "annex": "F",
    "modelled_on": "the manufacturer's instructions",
    "title": {"zh": "消防员电梯", "en": "Firefighters' lifts"},
    "lift_kinds": ["firefighters"],
    "item": [
        {"code": "F-1-1", "zh": "检查甲", "en": "Look at one"},
        {"code": "F-1-2", "zh": "检查乙", "en": "Look at two", "key": True},
        {"code": "F-4-1", "zh": "检查丙", "en": "Three", "note": {"zh": "冬季", "en": "winter"}},
    ],
}


@pytest.mark.parametrize("annex", shipped.ANNEXES)
def test_the_shipped_lists_have_the_counts_of_the_rule(annex: str) -> None:
    found = shipped.item_list(annex)
    assert tuple(len(found.added(period)) for period in Period) == ADDED[annex]
    assert len(found.cumulated(Period.YEAR)) == CUMULATED[annex]
    assert found.name == f"{annex}@1"


def test_the_shipped_lists_hold_257_different_items() -> None:
    every = [item for annex in shipped.ANNEXES for item in shipped.item_list(annex).items]
    assert len({item.code for item in every}) == len(every) == 257


def test_an_item_that_is_tested_or_measured_wants_a_photo() -> None:
    for annex in shipped.ANNEXES:
        for item in shipped.item_list(annex).items:
            tested = any(word in item.wording.zh for word in ("试验", "测量", "校"))
            said = any(word in item.wording.en for word in ("test", "measured", "calibrat"))
            assert item.key is tested is said, item.code


def test_a_deeper_visit_holds_the_items_of_the_shallower_ones() -> None:
    found = shipped.item_list("A")
    assert [len(found.cumulated(p)) for p in Period] == [31, 44, 59, 76]
    assert found.items[28].code == "A-1-29"
    assert "7 mm" in found.items[28].wording.en
    assert "5 mm" in next(i for i in shipped.item_list("C").items if i.code == "C-1-18").wording.en


def test_what_depends_on_the_season_says_so() -> None:
    noted = {i.code: i.note for i in shipped.item_list("D").items if i.note}
    assert "rainy season" in noted["D-2-5"].en
    assert "winter" in noted["D-3-12"].en


def test_each_lift_kind_finds_its_list_or_is_told_that_there_is_none() -> None:
    lists = [shipped.item_list(annex) for annex in shipped.ANNEXES]
    assert items.for_kind(lists, LiftKind.OBSERVATION).annex == "A"
    assert items.for_kind(lists, LiftKind.MOVING_WALK).annex == "D"
    with pytest.raises(NotFound):
        items.for_kind(lists, LiftKind.FIREFIGHTERS)
    own = items.parse(TREE)
    assert isinstance(own, items.ItemList)
    assert items.for_kind([own, *lists], LiftKind.FIREFIGHTERS).name == "F@2"


def test_an_operators_list_is_read() -> None:
    own = items.parse(TREE)
    assert isinstance(own, items.ItemList)
    assert [(i.period, i.number, i.key) for i in own.items] == [
        (Period.HALF_MONTH, 1, False),
        (Period.HALF_MONTH, 2, True),
        (Period.YEAR, 1, False),
    ]


def test_everything_wrong_in_a_list_is_told_at_once_by_row_and_field() -> None:
    tree = deepcopy(TREE)
    tree["lift_kinds"] = ["rocket"]
    tree["colour"] = "red"
    del tree["title"]["en"]
    tree["item"][0] = {"code": "A-1-1", "zh": "甲", "en": " ", "key": "yes", "kee": 1}
    tree["item"][1]["code"] = "F-1-3"
    tree["item"].append("text")
    found = items.parse(tree)
    assert isinstance(found, items.Refused)
    assert {(f.field, f.reason) for f in found.objections} == {
        ("colour", "unknown_key"),
        ("lift_kinds", "bad_form"),
        ("title.en", "missing"),
        ("item[1].kee", "unknown_key"),
        ("item[1].code", "bad_form"),
        ("item[1].en", "missing"),
        ("item[1].key", "bad_form"),
        ("item[4]", "bad_form"),
        ("F-1-3", "bad_order"),
    }
    assert all(f.remedy for f in found.objections)


@pytest.mark.parametrize("tree", [{}, {"item": []}, {"item": 3, "version": 1, "annex": []}])
def test_nonsense_is_refused_not_raised(tree: dict[str, Any]) -> None:
    assert isinstance(items.parse(tree), items.Refused)


def test_periods_out_of_order_are_refused() -> None:
    tree = deepcopy(TREE)
    tree["item"].reverse()
    found = items.parse(tree)
    assert isinstance(found, items.Refused)
    assert {f.reason for f in found.objections} == {"bad_order"}


def test_work_types_are_those_of_the_reporting_interface() -> None:
    assert [work_type(p, CalledForBy.CALENDAR) for p in Period] == ["HM", "TM", "SM", "OY"]
    assert work_type(Period.HALF_MONTH, CalledForBy.DEMAND) == "FM"
