import re

from devices import codes
from devices.findings import Severity
from devices.model import KitchenKind, LiftKind, PlaceType


def test_every_code_has_a_name_in_both_languages() -> None:
    named = [
        *((each.en, each.zh) for each in codes.EVENT_CODES.values()),
        *((each.en, each.zh) for each in codes.FAULT_CAUSES.values()),
    ]
    for names in (
        codes.CAUSE_CATEGORIES,
        codes.LIFT_KIND_NAMES,
        codes.PLACE_TYPE_NAMES,
        codes.KITCHEN_KIND_NAMES,
        codes.SEVERITY_NAMES,
    ):
        named += [(each.en, each.zh) for each in names.values()]
    for en, zh in named:
        assert en.isascii(), en
        assert re.search(r"[\u4e00-\u9fff]", zh), zh


def test_no_member_of_a_coded_field_is_without_a_name() -> None:
    assert set(codes.LIFT_KIND_NAMES) == set(LiftKind)
    assert set(codes.PLACE_TYPE_NAMES) == set(PlaceType)
    assert set(codes.KITCHEN_KIND_NAMES) == set(KitchenKind)
    assert set(codes.SEVERITY_NAMES) == set(Severity)


def test_the_cause_tree_hangs_together() -> None:
    assert {cause.category for cause in codes.FAULT_CAUSES.values()} == set(codes.CAUSE_CATEGORIES)
    assert len(codes.FAULT_CAUSES) == 42


def test_a_call_for_help_is_never_suppressed_by_inspection() -> None:
    assert not codes.EVENT_CODES["alarm.button"].suppressed_in_inspection
    assert codes.EVENT_CODES["trapped.between"].suppressed_in_inspection
    assert {c.severity for c in codes.EVENT_CODES.values()} == set(Severity)
