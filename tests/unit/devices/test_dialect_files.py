"""What a mapping file may say, and how it is told what it may not."""

import tomllib
from datetime import timedelta, timezone
from typing import Any

import pytest

from core.errors import InvalidMessage
from devices.protocol.dialects.model import Form, Heard, State
from devices.protocol.dialects.parsing import parse
from devices.protocol.dialects.places import Place
from devices.protocol.dialects.values import millis

LEAST = """
format = 1
name = "sample"
version = "1"
topics = ["vendor/{area}/{device}/{word}"]
[message.status]
kind = "status"
[message.status.fields]
ts = { from = "t", as = "s" }
mode = { from = "m", values = { 1 = "normal" } }
"""


def test_the_least_mapping_reads() -> None:
    dialect = parse(tomllib.loads(LEAST))
    mapped = dialect.read(Heard("G1"), b'{"t": 7, "m": "1"}', State(), arrived_ms=0)
    assert [(each.ts, each.mode) for each in mapped.messages] == [(7000, "normal")]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        (("format = 1", "format = 2"), "format", "is 1, not 2"),
        (('name = "sample"', 'name = "Sample"'), "name", "a-z 0-9"),
        (('version = "1"', ""), "version", "edition"),
        (('version = "1"', 'verson = "1"\nversion = "1"'), "verson", "did you mean 'version'"),
        (('kind = "status"', 'kind = "statu"'), "message.status.kind", "did you mean 'status'"),
        (("mode = {", "modus = {"), "message.status.fields.modus", "did you mean 'mode'"),
        (("values =", "value ="), "message.status.fields.mode.value", "did you mean 'values'"),
        (('"normal"', '"norml"'), "message.status.fields.mode.values.1", "no mode"),
        (('as = "s"', 'as = "sec"'), "message.status.fields.ts.as", "is not known"),
        (('{ from = "t", as = "s" }', "7"), "message.status.fields.ts", "is a table"),
        (("ts = {", "# ts = {"), "message.status.fields.ts", "needs it"),
        (('from = "t"', "from = 7"), "message.status.fields.ts.from", "is str or list"),
        (('from = "t"', 'from = "a..b"'), "message.status.fields.ts.from", "no path"),
        (('{ 1 = "normal" }', '"mods"'), "message.status.fields.mode.values", "is not known"),
        (("1 =", '01 = "normal", 1 ='), "message.status.fields.mode.values.1", "twice"),
        (('values = { 1 = "normal" }', "factor = 2"), "message.status.fields.mode", "scaled"),
        (
            ('values = { 1 = "normal" }', 'otherwise = "normal"'),
            "message.status.fields.mode.otherwise",
            "stands beside",
        ),
        (('as = "s"', 'as = "s", zone = "Mars/Base"'), "zone", "no time zone"),
        (("vendor/", "lift/"), "topics", "a word of its own"),
        (("{device}", "x"), "topics", "{device} once"),
        (("/{word}", "/#"), "topics", "none of"),
        (("topics =", 'encoding = "klingon"\ntopics ='), "encoding", "no encoding"),
        (
            ("[message.status.fields]", "[message.status.field]"),
            "message.status.fields.ts",
            "needs",
        ),
        (
            ("[message.status.fields]", "seq = 1\n[message.status.fields]"),
            "message.status.seq",
            "is",
        ),
        (("mode = {", 'seq = "n"\nmode = {'), "message.status.fields", "go together"),
        (("topics =", 'losses = { "Bad Name" = ["x"] }\ntopics ='), "losses.Bad Name", "a loss is"),
    ],
)
def test_what_a_file_may_not_say_is_told_by_its_place(
    change: tuple[str, str], field: str, words: str
) -> None:
    text = LEAST.replace(*change, 1)
    assert text != LEAST
    with pytest.raises(InvalidMessage) as told:
        parse(tomllib.loads(text))
    assert told.value.field == field
    assert words in told.value.detail


@pytest.mark.parametrize(
    ("topic", "place"),
    [
        ("vendor/410100/G1/status", Place("G1", "410100", "status")),
        ("vendor/41010/G1/status", None),
        ("vendor/410100/G 1/status", None),
        ("vendor/410100/G1", None),
        ("other/410100/G1/status", None),
    ],
)
def test_a_topic_tells_who_spoke_and_what_about(topic: str, place: Place | None) -> None:
    dialect = parse(tomllib.loads(LEAST))
    assert dialect.place(topic) == place
    assert dialect.topics[0].filter == "vendor/+/+/+"


EIGHT = timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    ("told", "form", "at"),
    [
        (1764000000123, Form.MILLISECONDS, 1764000000123),
        ("1764000000123", Form.MILLISECONDS, 1764000000123),
        (1764000000, Form.SECONDS, 1764000000000),
        (1764000000.5, Form.SECONDS, 1764000000500),
        ("2025-11-25 00:00:00", Form.DATE, 1764000000000),
        ("2025/11/25 00:00:00.250", Form.DATE, 1764000000250),
        ("2025-11-24T16:00:00Z", Form.DATE, 1764000000000),
        ("20251125000000", Form.DATE, 1764000000000),
        (20251125000000, Form.ANY_TIME, 1764000000000),
        (1764000000, Form.ANY_TIME, 1764000000000),
        (1764000000123, Form.ANY_TIME, 1764000000123),
        ("1764000000", Form.ANY_TIME, 1764000000000),
        ("2025-11-25T00:00:00+08:00", Form.ANY_TIME, 1764000000000),
    ],
)
def test_times_are_read_as_they_are_written(told: Any, form: Form, at: int) -> None:
    assert millis(told, form, EIGHT) == at


@pytest.mark.parametrize(
    "told", ["", "soon", None, True, [], 10**400, "20251399000000", "nan", 1e300]
)
def test_what_is_no_time_is_said_to_be_none(told: Any) -> None:
    with pytest.raises(ValueError, match=r"is no|month|beyond"):
        millis(told, Form.ANY_TIME, EIGHT)


def test_a_local_time_without_a_zone_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        millis("2025-11-25 00:00:00", Form.DATE, None)
