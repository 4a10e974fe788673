"""Every shipped mapping, cell by cell and by examples."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from devices.codes import EVENT_CODES
from devices.protocol import messages as m
from devices.protocol.dialects.model import UNNUMBERED, Heard, Rule, Source, State
from devices.protocol.dialects.reading import Dialect
from tests.support.dialects import EXAMPLES, shipped

ARRIVED_MS = 1_764_000_000_500
ALL = sorted(shipped())
MAPPED = [name for name in ALL if not shipped()[name].identity]


def said(dialect: Dialect, told: object, state: State, word: str = "") -> Any:
    payload = json.dumps(told).encode()
    return dialect.read(Heard("G1", word), payload, state, arrived_ms=ARRIVED_MS)


def plain(message: m.Message) -> dict[str, object]:
    """What a message says, without what is left out and what the hub numbers by itself."""
    told = msgspec.to_builtins(message)
    kept = {name: value for name, value in told.items() if value is not None}
    if kept.pop("offline", False):
        kept["offline"] = True
    if kept["boot"] == UNNUMBERED:
        del kept["boot"], kept["seq"]
    return {"kind": type(message).__name__, **kept}


@pytest.mark.parametrize("name", ALL)
def test_examples_of_a_vendor_mean_what_they_should(name: str) -> None:
    state = State()
    begun: dict[object, object] = {}
    for example in json.loads((EXAMPLES / f"{name}.json").read_text("utf-8")):
        mapped = said(shipped()[name], example["said"], state, example["word"])
        state = mapped.state
        found = [plain(each) for each in mapped.messages]
        for each, wanted in zip(found, example["means"], strict=True):
            if each["kind"] == "Event" and "event_id" not in wanted:
                own = each.pop("event_id")
                if each["phase"] == "end":
                    assert own == begun[each["code"]], example["story"]
                begun[each["code"]] = own
        assert found == example["means"], example["story"]
        assert sorted(each.name for each in mapped.losses) == example.get("losses", [])
        assert mapped.refusals == ()
        assert mapped.unknown_fields == ()


def tables() -> Iterator[tuple[Dialect, Rule, Source]]:
    for dialect in shipped().values():
        for rule in dialect.rules:
            active = [rule.active.source] if rule.active else []
            for source in (*rule.sources, *active):
                yield dialect, rule, source


def cells() -> list[Any]:
    return [
        pytest.param(dialect, rule, source, key, id=f"{dialect.name}-{rule.name}-{source}-{key}")
        for dialect, rule, source in tables()
        for key in source.table or {}
    ]


def put(told: dict[str, Any], steps: tuple[str, ...], value: object) -> None:
    for step in steps[:-1]:
        told = told.setdefault(step, {})
    told[steps[-1]] = value


def smallest(rule: Rule, source: Source, key: object) -> dict[str, Any]:
    """The least that a vendor can say so that a rule reads one value."""
    told: dict[str, Any] = {}
    given = {each.name: each.paths[0] for each in rule.sources if each.paths}
    if "code" in given:
        put(told, given["code"].steps, next(k for k, c in (_code(rule) or {}).items() if c.value))
    put(told, given["ts"].steps, 1_764_000_000)
    for path in (*rule.has, *rule.has_any[:1]):
        if path.find(told, told) is None and path.steps[0] != source.paths[0].steps[0]:
            put(told, path.steps, 0)
    put(told, source.paths[0].steps, key)
    return told


def _code(rule: Rule) -> Any:
    return next((each.table for each in rule.sources if each.name == "code"), None)


@pytest.mark.parametrize(("dialect", "rule", "source", "key"), cells())
def test_every_cell_of_every_table_means_what_it_says(
    dialect: Dialect, rule: Rule, source: Source, key: str
) -> None:
    writings: list[object] = [key, f" {key.upper()} "]
    if key.isdecimal():
        writings += [int(key), float(key), key.zfill(4)]
    if key in ("true", "false"):
        writings += [key == "true"]
    cell = (source.table or {})[key]
    for writing in writings:
        told = smallest(rule, source, writing)
        mapped = said(dialect, {"data": told} if dialect.objects else told, State())
        wrong = [each for each in mapped.refusals if str(source) in each.field]
        assert wrong == [], writing
        made = [
            each for each, of in zip(mapped.messages, mapped.rules, strict=True) if of == rule.name
        ]
        kind = m.Event if source.name == "code" else rule.struct
        values = [getattr(each, source.name) for each in made if type(each) is kind]
        assert values == ([cell.value] if cell.value is not None else []), writing
        assert (cell.loss in [each.name for each in mapped.losses]) or not cell.loss


@pytest.mark.parametrize("name", MAPPED)
def test_the_same_words_again_are_the_same_messages(name: str) -> None:
    dialect = shipped()[name]
    examples = json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))
    first, second = (
        [said(dialect, each["said"], State(), each["word"]).messages for each in examples]
        for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize("name", MAPPED)
def test_a_shipped_mapping_tells_what_it_is_modelled_on(name: str) -> None:
    dialect = shipped()[name]
    assert dialect.title
    assert "conform" not in dialect.modelled_on
    assert dialect.topics


def test_the_code_lists_reach_every_canonical_code_that_they_can() -> None:
    reached = {
        cell.value
        for _, _, source in tables()
        if source.name == "code"
        for cell in (source.table or {}).values()
    }
    assert set(EVENT_CODES) - reached == set()


def test_a_wrong_floor_hides_no_fault() -> None:
    gb = shipped()["gb24476-2017"]
    told = {"Time_Stamps": 1_764_000_000, "Car_Position": "roof", "Message_Code": [5]}
    mapped = said(gb, told, State())
    assert [(each.reason, each.field) for each in mapped.refusals] == [
        ("bad_field", "Car_Position")
    ]
    assert [each.code for each in mapped.messages] == ["ucm"]


@pytest.mark.parametrize(
    ("told", "reason", "field"),
    [
        ({"Car_Status": 1}, "missing_field", "Time_Stamps | Time_Stamp"),
        ({"Car_Status": 1, "Time_Stamps": "soon"}, "bad_field", "Time_Stamps"),
        ({"Car_Status": 1, "Time_Stamps": 1, "Car_Position": 999}, "bad_field", "Car_Position"),
        ({"Car_Status": [1], "Time_Stamps": 1}, "bad_field", "Car_Status"),
        (
            {"Car_Status": 1, "Time_Stamps": 1, "Identification_Number": "12"},
            "bad_field",
            "Identification_Number",
        ),
        ({"Weather": "fine"}, "no_rule", "payload"),
        ([1], "bad_json", "payload"),
        ("x", "bad_json", "payload"),
        ([{}] * 201, "too_many", "payload"),
        (
            {"Car_Status": 1, "Time_Stamps": 1, "Message_Code": [1] * 101},
            "too_many",
            "Message_Code",
        ),
    ],
)
def test_a_refusal_names_the_vendors_field(told: object, reason: str, field: str) -> None:
    mapped = said(shipped()["gb24476-2017"], told, State())
    assert [(each.reason, each.field) for each in mapped.refusals] == [(reason, field)]
    assert mapped.refusals[0].raw


def test_an_end_that_nothing_began_is_told_with_its_loss() -> None:
    told = {"lift_code": "235274", "ts": 1_764_000_000, "fault_code": 6, "state": 0}
    mapped = said(shipped()["camera-box"], told, State())
    assert [each.phase for each in mapped.messages] == ["end"]
    assert [each.name for each in mapped.losses] == ["end_without_begin"]


def test_an_older_list_that_comes_again_ends_nothing() -> None:
    gb, lift = shipped()["gb24476-2017"], {"Identification_Number": "235274"}
    state = State()
    for ts, codes in ((1, [5]), (2, [])):
        told = {**lift, "Time_Stamps": 1_764_000_000 + ts, "Message_Code": codes}
        state = said(gb, told, state).state
    again = said(gb, {**lift, "Time_Stamps": 1_764_000_001, "Message_Code": [5]}, state)
    assert [type(each) for each in again.messages] == [m.Status]
    assert again.state == state
