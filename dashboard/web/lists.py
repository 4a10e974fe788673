"""What every list has: words searched for, filters, an order and a part, all in the address.

Theory of operation. A list's whole state is its query string, so an address can be kept, sent and
reloaded. What is unknown or wrong in it narrows nothing: an old bookmark opens the list, not an
error. Searching as you type asks the same address as a fragment (`HX-Request`) and is answered
with the clean address for the browser's bar.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Request
from sqlalchemy import Connection
from starlette.responses import Response, StreamingResponse

from dashboard.bounds import whole_number
from dashboard.deps import context_of
from dashboard.web import render, spreadsheet
from dashboard.web.spreadsheet import PART, Cell

T = TypeVar("T")
K = TypeVar("K")
PAGE = 50
LONGEST = 100  # characters of one value
FARTHEST = 10_000_000


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its English words (a message id) and the order that a click on them asks for."""

    words: str
    order: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One list of the product: where it is, by what it is narrowed and ordered."""

    path: str
    rows: str  # the template of what changes
    page: str  # the template around it
    filters: Mapping[str, Sequence[str] | None]  # a closed set of values, or None for any
    orders: Sequence[str]
    columns: Sequence[Column]
    order: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A list as it was asked for; `values` holds only what narrows."""

    kind: Kind
    values: Mapping[str, str]
    order: str
    descending: bool
    offset: int

    @property
    def text(self) -> str:
        """The words searched for."""
        return self.get("q")

    def get(self, name: str) -> str:
        """The value of a filter, empty when it narrows nothing."""
        return self.values.get(name, "")

    @property
    def narrowed(self) -> bool:
        """Whether anything narrows the list."""
        return bool(self.values)

    def query(self, *, offset: int | None = None, order: str = "", descending: bool = False) -> str:
        """The query string of this list, of another part, or in another order."""
        by, down = (order, descending) if order else (self.order, self.descending)
        told = dict(self.values)
        if (by, down) != (self.kind.order, self.kind.descending):
            told["sort"] = f"-{by}" if down else by
        start = self.offset if offset is None else offset
        if start and not order:
            told["offset"] = str(start)
        return urlencode(told)

    def address(self, *, offset: int | None = None) -> str:
        """Where this list, or another part of it, stands."""
        return _join(self.kind.path, self.query(offset=offset))

    def among(self, name: str, value: str) -> str:
        """The same list with one filter set to another value."""
        return replace(self, values={**self.values, name: value}).address(offset=0)

    def ordered(self, order: str) -> str:
        """The same list ordered by `order`; what it is ordered by already turns round."""
        down = not self.descending if order == self.order else False
        return _join(self.kind.path, self.query(order=order, descending=down))

    def csv(self) -> str:
        """Where all of it can be had as a file."""
        path = self.kind.path if self.kind.path != "/" else "/incidents"
        return _join(f"{path}.csv", self.query(offset=0))


def choices(codes: Sequence[str]) -> list[tuple[str, str]]:
    """What a filter offers where a code is its own name."""
    return [(code, code) for code in codes]


def _join(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def asked(request: Request, kind: Kind) -> Asked:
    """Read a list's state from the address."""
    given = request.query_params
    values = {}
    for name, among in (("q", None), *kind.filters.items()):
        value = given.get(name, "").strip()[:LONGEST]
        if value and (among is None or value in among):
            values[name] = value
    sort = given.get("sort", "")
    order = sort.removeprefix("-")
    known = order in kind.orders
    offset = given.get("offset", "")
    return Asked(
        kind,
        values,
        order if known else kind.order,
        sort.startswith("-") if known else kind.descending,
        whole_number(offset, FARTHEST) or 0,
    )


@dataclass(frozen=True, slots=True)
class Part:
    """What a page shows of a list."""

    items: Sequence[Any]  # Any: each list knows its own rows
    total: int
    offset: int
    limit: int = PAGE


@dataclass(frozen=True, slots=True)
class Source(Generic[K, T]):
    """Where a list's rows come from; every function takes an open connection."""

    keys: Callable[[Connection, int, int], Sequence[K]]  # so many, from there on
    count: Callable[[Connection], int]
    rows: Callable[[Connection, Sequence[K]], Sequence[T]]


def shown(
    request: Request, told: Asked, source: Source[K, T], more: Mapping[str, object]
) -> Response:
    """The part of a list that its address asks for, as a page."""

    def find(connection: Connection) -> Part:
        keys = source.keys(connection, PAGE, told.offset)
        return Part(source.rows(connection, keys), source.count(connection), told.offset)

    return page(request, told, context_of(request).database.read(find), more)


def sent(
    request: Request,
    told: Asked,
    name: str,
    source: Source[K, T],
    cells: Callable[[T], Sequence[Cell]],
) -> Response:
    """The whole list, as a file."""
    database = context_of(request).database
    keys, total = database.read(
        lambda c: (source.keys(c, spreadsheet.MOST_ROWS, 0), source.count(c))
    )

    def fetch(part: Sequence[K]) -> Sequence[T]:
        return database.read(lambda c: source.rows(c, part))

    return export(request, told, name, keys, total, fetch, cells)


def page(
    request: Request, told: Asked, part: Part, more: Mapping[str, object], *, bare: bool = False
) -> Response:
    """The whole page; only the rows when `bare`, or for a search while it is being typed."""
    typing = request.headers.get("HX-Request") == "true"
    answer = render.page(
        request,
        told.kind.rows if typing or bare else told.kind.page,
        values={"list": told, "part": part, **more},
    )
    if typing:
        answer.headers["HX-Replace-Url"] = told.address()
    answer.headers["Vary"] = "HX-Request"
    return answer


def export(
    request: Request,
    told: Asked,
    name: str,
    keys: Sequence[K],
    total: int,
    fetch: Callable[[Sequence[K]], Sequence[T]],
    cells: Callable[[T], Sequence[Cell]],
) -> StreamingResponse:
    """The file of a list: what `keys` name is fetched a part at a time while it is being sent."""
    context = context_of(request)

    def rows() -> Iterator[Sequence[Cell]]:
        for start in range(0, len(keys), PART):
            for item in fetch(keys[start : start + PART]):
                yield cells(item)
        if total > len(keys):
            yield [
                render.translate(
                    request, "Only the first %(shown)s of %(total)s rows: narrow the list."
                )
                % {"shown": len(keys), "total": total}
            ]

    header = [render.translate(request, column.words) for column in told.kind.columns]
    at = context.clock.now().astimezone(context.zone)
    return spreadsheet.download(name, at, header, rows())
