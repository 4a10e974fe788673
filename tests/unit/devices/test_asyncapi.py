import json
from collections.abc import Iterator
from typing import Any

import pytest

from devices.protocol import codec
from devices.protocol.messages import Kind
from devices.protocol.topics import KINDS, Realm, Topic, parse
from tests.support.asyncapi import DOCUMENT, text

READ: dict[str, Any] = json.loads(DOCUMENT.read_bytes())
Tree = dict[str, Any]


def resolved(reference: str) -> Any:
    at: Any = READ
    for step in reference.removeprefix("#/").split("/"):
        at = at[step]
    return at


def references(tree: object) -> Iterator[str]:
    if isinstance(tree, dict):
        if isinstance(tree.get("$ref"), str):
            yield tree["$ref"]
        for inner in tree.values():
            yield from references(inner)
    elif isinstance(tree, list):
        for inner in tree:
            yield from references(inner)


def bounds() -> Iterator[tuple[str, str, str, float]]:
    """Every number of every message that has a limit: message, field, which limit, its value."""
    for name, message in READ["components"]["messages"].items():
        schema = resolved(message["payload"]["oneOf"][0]["$ref"])
        for field, spec in schema["properties"].items():
            for option in spec.get("anyOf", [spec]):
                for limit in ("minimum", "maximum", "minLength", "maxLength"):
                    if limit in option and "pattern" not in option:
                        yield name, field, limit, option[limit]


def test_the_document_is_the_one_the_codec_draws() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == text(), "run python -m tests.support.asyncapi"


def test_every_reference_leads_somewhere() -> None:
    for reference in references(READ):
        assert isinstance(resolved(reference), dict), reference


def test_every_kind_has_its_channel_operation_and_message() -> None:
    names = {f"{realm}.{kind}" for realm, kinds in KINDS.items() for kind in kinds}
    assert set(READ["channels"]) == set(READ["components"]["messages"]) == names
    assert {each.split(".", 1)[1] for each in READ["operations"]} == names
    for name, channel in READ["channels"].items():
        topic = parse(channel["address"].format(area="410100", device="G0017"))
        assert f"{topic.realm}.{topic.kind}" == name


def topic(name: str) -> Topic:
    realm, kind = name.split(".")
    return Topic(Realm(realm), "410100", "G0017", Kind(kind))


def test_every_example_is_read_by_the_codec() -> None:
    for name, message in READ["components"]["messages"].items():
        assert message["examples"]
        for example in message["examples"]:
            read = codec.decode(topic(name), json.dumps(example["payload"]).encode())
            assert (read.refusals, read.unknown_fields) == ((), 0)


@pytest.mark.parametrize(("name", "field", "limit", "value"), tuple(bounds()))
def test_the_codec_keeps_every_limit_that_the_document_tells(
    name: str, field: str, limit: str, value: float
) -> None:
    example = READ["components"]["messages"][name]["examples"][0]["payload"]
    beyond = {"minimum": -1, "maximum": 1, "minLength": -1, "maxLength": 1}[limit]

    def said(amount: float) -> codec.Decoded:
        shown: object = "x" * int(amount) if "Length" in limit else amount
        return codec.decode(topic(name), json.dumps(example | {field: shown}).encode())

    assert said(value).refusals == ()
    assert [each.field for each in said(value + beyond).refusals] == [field]
