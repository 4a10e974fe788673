"""A mapping file's tree, read into a Dialect.

Theory of operation. The file is closed: a key that is not known is refused by its place and with
the nearest key that is, so that a mistyped one never passes silently. What a table gives is held
against the canonical field at once, so that a mapping that loads cannot make a value that the
contract does not have.
"""

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta, timezone, tzinfo
from difflib import get_close_matches
from types import MappingProxyType, NoneType, UnionType
from typing import Any, get_args, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from core.errors import InvalidMessage
from devices.protocol import messages as m
from devices.protocol.dialects.model import (
    DIALECT,
    TIMES,
    ActiveCodes,
    Cell,
    Form,
    Path,
    Rule,
    Source,
    Table,
)
from devices.protocol.dialects.places import pattern
from devices.protocol.dialects.reading import Dialect
from devices.protocol.dialects.values import token

FORMAT = 1
KINDS: Mapping[str, tuple[m.Kind, type[msgspec.Struct]]] = MappingProxyType(
    {
        "status": (m.Kind.STATUS, m.Status),
        "event": (m.Kind.EVENT, m.Event),
        "stats": (m.Kind.STATS, m.Stats),
        "heartbeat": (m.Kind.HEARTBEAT, m.Heartbeat),
    }
)
_WORD = re.compile(r"[a-z][a-z0-9_]{0,47}")
_OFFSET = re.compile(r"([+-])(0[0-9]|1[0-4]):([0-5][0-9])")
_FORMS: Mapping[type, Form] = MappingProxyType(
    {int: Form.INTEGER, float: Form.NUMBER, bool: Form.BOOLEAN, str: Form.TEXT}
)
_REQUIRED: Mapping[str, tuple[str, ...]] = MappingProxyType({"event": ("ts", "code")})


class Keys:
    """One table of the file; every key is taken or refused. Values are of any type: hence Any."""

    def __init__(self, tree: object, where: str) -> None:
        if not isinstance(tree, Mapping):
            raise InvalidMessage("bad_field", "is a table", field=where)
        self._tree: Mapping[str, Any] = tree
        self._where = where
        self._known: list[str] = []

    def place(self, key: str) -> str:
        """Where a key stands, for a sentence."""
        return f"{self._where}.{key}" if self._where else key

    def take(self, key: str, kind: type | UnionType, default: Any = None) -> Any:
        """The value of a key; raises InvalidMessage for one of another type."""
        self._known.append(key)
        value = self._tree.get(key, default)
        if value is not default and (
            not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)
        ):
            kinds = " or ".join(each.__name__ for each in get_args(kind) or (kind,))
            raise InvalidMessage("bad_field", f"is {kinds}, not {value!r}", field=self.place(key))
        return value

    def words(self, key: str) -> tuple[str, ...]:
        """One text or several."""
        value = self.take(key, str | list, [])
        several = [value] if isinstance(value, str) else value
        if not all(isinstance(each, str) and each for each in several):
            raise InvalidMessage("bad_field", "is a text or several", field=self.place(key))
        return tuple(several)

    def rest(self) -> Iterator[tuple[str, Any]]:
        """Every key that is not taken, for a table whose keys are the file's own."""
        yield from ((key, self._tree[key]) for key in self._tree if key not in self._known)

    def close(self) -> None:
        """Raises InvalidMessage for the first key that nobody took."""
        for key in self._tree:
            if key not in self._known:
                raise unknown(key, self._known, self.place(key))


def unknown(key: str, known: list[str], where: str) -> InvalidMessage:
    """A name that is not known, with the nearest that is."""
    near = get_close_matches(key, known, n=1, cutoff=0.5)
    nearest = f"did you mean {near[0]!r}? " if near else ""
    listed = ", ".join(sorted(known))
    return InvalidMessage("unknown_key", f"is not known; {nearest}there are {listed}", field=where)


def parse(tree: Mapping[str, Any]) -> Dialect:
    """Read a TOML tree (values of any type: hence Any); raises InvalidMessage naming the key."""
    keys = Keys(tree, "")
    told = keys.take("format", int)
    if told != FORMAT:
        raise InvalidMessage("bad_field", f"is {FORMAT}, not {told!r}", field="format")
    name = keys.take("name", str, "")
    if not DIALECT.fullmatch(name):
        raise InvalidMessage("bad_field", "is 1 to 32 of a-z 0-9 _ -", field="name")
    about = {key: keys.take(key, str, "") for key in ("version", "title", "modelled_on")}
    if not about["version"]:
        raise InvalidMessage(
            "bad_field", "says which edition of the mapping this is", field="version"
        )
    identity = keys.take("identity", bool, default=False)
    if identity:
        keys.close()
        return Dialect(name=name, identity=True, **about)
    topics = tuple(pattern(each, "topics") for each in keys.words("topics"))
    encoding = keys.take("encoding", str, "utf-8")
    try:
        encoding = codecs.lookup(encoding).name
        "{}".encode(encoding)
    except (LookupError, ValueError, TypeError) as error:
        raise InvalidMessage("bad_field", f"no encoding {encoding!r}", field="encoding") from error
    at = keys.take("objects", str, "")
    tables = {
        key: _table(value, f"tables.{key}")
        for key, value in Keys(keys.take("tables", Mapping, {}), "tables").rest()
    }
    zone = _zone(keys.take("zone", str, ""))
    common = dict(Keys(keys.take("common", Mapping, {}), "common").rest())
    _check_common(common)
    rules = tuple(
        _rule(each, value, common, tables, zone)
        for each, value in Keys(keys.take("message", Mapping, {}), "message").rest()
    )
    dropped = frozenset(keys.words("drop"))
    losses = _losses(keys.take("losses", Mapping, {}))
    keys.close()
    if not rules:
        raise InvalidMessage("missing_field", "a mapping has at least one", field="message")
    return Dialect(
        name=name,
        encoding=encoding,
        topics=topics,
        objects=_path(at, "objects") if at else None,
        rules=rules,
        dropped=dropped,
        losses=losses,
        **about,
    )


def _check_common(common: Mapping[str, Any]) -> None:
    known = sorted({name for _, struct in KINDS.values() for name in struct.__struct_fields__})
    for name in common:
        if name not in known:
            raise unknown(name, known, f"common.{name}")


def _losses(tree: Mapping[str, Any]) -> Mapping[str, str]:
    keys = Keys(tree, "losses")
    return {field: _loss(name, f"losses.{name}") for name in tree for field in keys.words(name)}


def _loss(name: str, where: str) -> str:
    if not _WORD.fullmatch(name):
        raise InvalidMessage("bad_field", f"{name!r}: a loss is 1 to 48 of a-z 0-9 _", field=where)
    return name


def _rule(
    name: str,
    tree: object,
    common: Mapping[str, Any],
    tables: Mapping[str, Table],
    zone: tzinfo | None,
) -> Rule:
    where = f"message.{name}"
    keys = Keys(tree, where)
    told = keys.take("kind", str, "")
    if told not in KINDS:
        raise unknown(told, list(KINDS), f"{where}.kind")
    kind, struct = KINDS[told]
    words = frozenset(keys.words("words"))
    when = Keys(keys.take("when", Mapping, {}), f"{where}.when")
    has, has_any, lacks = (
        tuple(_path(each, when.place(key)) for each in when.words(key))
        for key in ("has", "any", "lacks")
    )
    equals = tuple(
        (_path(each, f"{where}.when.equals"), _tokens(value, f"{where}.when.equals.{each}"))
        for each, value in Keys(when.take("equals", Mapping, {}), f"{where}.when.equals").rest()
    )
    when.close()
    hints = get_type_hints(struct, include_extras=True)
    fields = {
        **{each: spec for each, spec in common.items() if each in hints},
        **keys.take("fields", Mapping, {}),
    }
    sources = []
    for each, spec in fields.items():
        place = f"{where}.fields.{each}"
        if each not in hints:
            raise unknown(each, list(hints), place)
        sources.append(_source(each, spec, hints[each], tables, zone, place))
    for each in ("ts", *_REQUIRED.get(told, ())):
        if each not in fields:
            raise InvalidMessage(
                "missing_field", f"a {told} needs it", field=f"{where}.fields.{each}"
            )
    if ("seq" in fields) != ("boot" in fields):
        raise InvalidMessage("bad_field", "`seq` and `boot` go together", field=f"{where}.fields")
    active = keys.take("active_codes", Mapping)
    keys.close()
    return Rule(
        name=name,
        kind=kind,
        struct=struct,
        sources=tuple(sources),
        words=words,
        has=has,
        has_any=has_any,
        lacks=lacks,
        equals=equals,
        active=None if active is None else _active(active, tables, f"{where}.active_codes"),
    )


def _active(tree: object, tables: Mapping[str, Table], where: str) -> ActiveCodes:
    keys = Keys(tree, where)
    separator = keys.take("separator", str, ",")
    if not separator:
        raise InvalidMessage(
            "bad_field", "is what stands between two codes", field=f"{where}.separator"
        )
    spec = dict(keys.rest())
    if "values" not in spec or "from" not in spec:
        raise InvalidMessage("missing_field", "needs `from` and `values`", field=where)
    return ActiveCodes(
        source=_source("code", spec, m.EventCode, tables, None, where), separator=separator
    )


def _source(
    name: str,
    spec: object,
    hint: Any,  # a type with its bounds
    tables: Mapping[str, Table],
    zone: tzinfo | None,
    where: str,
) -> Source:
    keys = Keys({"from": spec} if isinstance(spec, str) else spec, where)
    form = _form(name, hint, keys.take("as", str, ""), f"{where}.as")
    paths = tuple(_path(each, f"{where}.from") for each in keys.words("from"))
    values = keys.take("values", str | Mapping)
    table = _values(values, tables, f"{where}.values")
    told_zone = keys.take("zone", str, "")
    missing = keys.take("missing", str, "")
    if missing not in ("", "arrival") or (missing and form not in TIMES):
        raise InvalidMessage("bad_field", "is 'arrival', of a time", field=f"{where}.missing")
    otherwise = keys.take("otherwise", str | int | float | bool | Mapping)
    default = keys.take("default", str | int | float | bool)
    source = Source(
        name=name,
        paths=paths,
        form=form,
        table=table,
        factor=float(keys.take("factor", int | float, 1.0)),
        shift=float(keys.take("shift", int | float, 0.0)),
        blank=_tokens(keys.take("blank", list, []), f"{where}.blank"),
        otherwise=None if otherwise is None else _cell(otherwise, f"{where}.otherwise"),
        default=default,
        zone=_zone(told_zone) or zone,
        arrival=missing == "arrival",
    )
    keys.close()
    return _checked(source, hint, where)


def _checked(source: Source, hint: Any, where: str) -> Source:
    """The source, when all that it gives by itself is of the canonical field (`hint`: a type)."""
    if not source.paths and source.default is None and not source.arrival:
        raise InvalidMessage("missing_field", "needs `from` or `default`", field=where)
    if (source.factor, source.shift) != (1.0, 0.0) and source.form not in (
        Form.INTEGER,
        Form.NUMBER,
    ):
        raise InvalidMessage("bad_field", "only a number is scaled", field=where)
    if source.otherwise is not None and source.table is None:
        raise InvalidMessage("bad_field", "stands beside `values`", field=f"{where}.otherwise")
    if source.otherwise is not None and not source.otherwise.loss:
        source = replace(source, otherwise=Cell(source.otherwise.value, f"{source.name}_unknown"))
    given = [(f"values.{key}", cell.value) for key, cell in (source.table or {}).items()]
    given += [("default", source.default)]
    given += [("otherwise", source.otherwise.value)] if source.otherwise else []
    for key, value in given:
        try:
            msgspec.convert(value, hint | None)
        except msgspec.ValidationError as error:
            detail = f"{value!r} is no {source.name} of the contract: {error}"
            raise InvalidMessage("bad_field", detail, field=f"{where}.{key}") from error
    return source


def _form(name: str, hint: Any, told: str, where: str) -> Form:
    bare = next((each for each in get_args(hint) if each is not NoneType), hint)
    bare = getattr(bare, "__origin__", bare) if not isinstance(bare, type) else bare
    bare = getattr(hint, "__origin__", bare) if hasattr(hint, "__metadata__") else bare
    usual = _FORMS.get(bare, Form.TEXT)
    if name == "ts":
        allowed = {*TIMES}
        usual = Form.MILLISECONDS
    elif name == "floor":
        allowed = {Form.INTEGER, Form.FLOOR}
    else:
        allowed = {usual}
    if told and told not in allowed:
        raise unknown(told, sorted(allowed), where)
    return Form(told) if told else usual


def _values(
    told: str | Mapping[str, Any] | None, tables: Mapping[str, Table], where: str
) -> Table | None:
    if told is None:
        return None
    if isinstance(told, str):
        if told not in tables:
            raise unknown(told, list(tables), where)
        return tables[told]
    return _table(told, where)


def _table(tree: object, where: str) -> Table:
    table: dict[str, Cell] = {}
    for key, value in Keys(tree, where).rest():
        if token(key) in table:
            raise InvalidMessage(
                "bad_field", "the value stands there twice", field=f"{where}.{key}"
            )
        table[token(key)] = _cell(value, f"{where}.{key}")
    return table


def _cell(told: object, where: str) -> Cell:
    if not isinstance(told, Mapping):
        return Cell(None if told == "" else told)
    keys = Keys(told, where)
    value = keys.take("is", str | int | float | bool)
    loss = _loss(keys.take("loss", str, ""), f"{where}.loss")
    keys.close()
    return Cell(value, loss)


def _tokens(told: object, where: str) -> frozenset[str]:
    several = told if isinstance(told, list) else [told]
    if any(isinstance(each, list | Mapping) for each in several):
        raise InvalidMessage("bad_field", "is a value or several", field=where)
    return frozenset(map(token, several))


def _path(text: str, where: str) -> Path:
    steps = tuple(text.removeprefix("^").split("."))
    if not all(steps):
        raise InvalidMessage("bad_field", f"{text!r} is no path", field=where)
    return Path(steps, text.startswith("^"))


def _zone(text: str) -> tzinfo | None:
    if not text:
        return None
    if found := _OFFSET.fullmatch(text):
        ahead = timedelta(hours=int(found[2]), minutes=int(found[3]))
        return timezone(-ahead if found[1] == "-" else ahead)
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidMessage("bad_field", f"{text!r} is no time zone", field="zone") from error
