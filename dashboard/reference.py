"""The OpenAPI document as a person reads it: rooms, operations, fields. Pure.

Only what our own document uses is understood; whatever else a schema says is left to the document.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

_SEEN_AT_MOST = 4  # schemas within schemas
Tree = Mapping[str, Any]  # a part of a parsed JSON document


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a member of a body; `name` has dots where members nest."""

    name: str
    kind: str
    required: bool
    where: str = ""  # path, query, header
    about: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    about: str
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    answers: tuple[tuple[str, str, tuple[Field, ...]], ...]  # status, meaning, members

    @property
    def anchor(self) -> str:
        """Its id on the page."""
        return f"{self.method}{self.path}".replace("/", "-").replace("{", "").replace("}", "")


def rooms(document: Tree) -> list[tuple[str, list[Operation]]]:
    """The operations by their first tag, in the document's order."""
    found = [
        (operation.get("tags", ["other"])[0], _operation(document, path, method, operation))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    return [(tag, [each for _, each in of]) for tag, of in groupby(found, key=lambda f: f[0])]


def _operation(document: Tree, path: str, method: str, told: Tree) -> Operation:
    return Operation(
        method.upper(),
        path,
        told.get("description") or told.get("summary", ""),
        tuple(_parameter(document, each) for each in told.get("parameters", ())),
        tuple(_members(document, _json(told.get("requestBody", {})))),
        tuple(
            (status, answer.get("description", ""), tuple(_members(document, _json(answer))))
            for status, answer in told["responses"].items()
        ),
    )


def _parameter(document: Tree, told: Tree) -> Field:
    return Field(
        told["name"],
        _kind(document, told.get("schema", {})),
        told.get("required", False),
        told["in"],
        told.get("description", ""),
    )


def _json(told: Tree) -> Tree:
    content = told.get("content", {})
    schema: Tree = content.get("application/json", {}).get("schema", {})
    return schema


def _members(
    document: Tree, schema: Tree, prefix: str = "", seen: Sequence[str] = ()
) -> Iterator[Field]:
    """The members of an object, those of objects within it behind it."""
    name = schema.get("$ref", "")
    if name in seen or len(seen) >= _SEEN_AT_MOST:
        return
    inner = _resolved(document, schema)
    if name:
        seen = (*seen, name)
    if inner.get("type") == "array":
        yield from _members(document, inner.get("items", {}), f"{prefix}[]", seen)
        return
    for key, member in inner.get("properties", {}).items():
        path = f"{prefix}.{key}" if prefix else key
        yield Field(
            path,
            _kind(document, member),
            key in inner.get("required", ()),
            about=member.get("description", ""),
        )
        for part in _parts(member):
            yield from _members(document, part, path, seen)


def _parts(schema: Tree) -> Sequence[Tree]:
    parts: Sequence[Tree] = schema.get("anyOf") or schema.get("allOf") or (schema,)
    return parts


def _resolved(document: Tree, schema: Tree) -> Tree:
    name = schema.get("$ref", "").rpartition("/")[2]
    resolved: Tree = document["components"]["schemas"][name] if name else schema
    return resolved


def _kind(document: Tree, schema: Tree) -> str:
    """A few words: `string, at most 64`, `one of …`, `integer or null`."""
    if len(_parts(schema)) > 1:
        return " or ".join(dict.fromkeys(_kind(document, part) for part in _parts(schema)))
    inner = _resolved(document, _parts(schema)[0])
    if values := inner.get("enum") or ([inner["const"]] if "const" in inner else None):
        return " | ".join(map(str, values))
    kind = str(inner.get("format") or inner.get("type") or "any")
    if kind == "array":
        return f"list of {_kind(document, inner.get('items', {}))}"
    limits = [
        f"{words} {_plain(inner[key])}"
        for key, words in (
            ("minimum", "from"),
            ("maximum", "up to"),
            ("maxLength", "at most"),
            ("pattern", "like"),
        )
        if key in inner
    ]
    return ", ".join([kind, *limits])


def _plain(limit: object) -> object:
    return f"{limit:g}" if isinstance(limit, float) else limit
