"""Telemetry history in InfluxDB 2.x, or 1.8 with Flux, by influxdb-client (extra `influx`).

Theory of operation. Writes are synchronous and repeatable: a point written twice is one (see
lineprotocol). InfluxDB keeps the good points of a *partial write* and drops the rest with one
sentence for all; so a refused batch is halved until the refused points are known one by one, each
with InfluxDB's words. Whatever is not about the points (down, busy, wrong token) is Unavailable.
Queries name lifts and fields as Flux string literals, which `flux_text` makes and nothing else.
"""

import csv
import io
import json
import operator
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from core.errors import HubError, InvalidMessage, Unavailable
from ingest.timeseries import lineprotocol
from ingest.timeseries.figures import COUNTERS
from ingest.timeseries.lineprotocol import RECEIVED, numeric, stored_tag, untag
from ingest.timeseries.port import Point, Refusal, Sample, Series, Value, Window, WriteRefused
from ingest.timeseries.steps import aggregate, fill, micros

try:
    from influxdb_client.client.influxdb_client import InfluxDBClient
    from influxdb_client.client.write_api import SYNCHRONOUS
    from influxdb_client.domain.dialect import Dialect
    from influxdb_client.rest import ApiException
    from urllib3.exceptions import HTTPError
except ImportError as error:
    raise HubError("InfluxDB needs its client: pip install '.[influx]'") from error

_REFUSED = {400, 422}
_NOT_FOUND = 404
_TOO_LARGE = 413
_DROPPED = re.compile(r" dropped=([0-9]+)$")
_FEW = 5000
_MOST_LIFTS = 50  # of one query
_DAY = timedelta(days=1)
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=1)


class InfluxStore:
    """One bucket. Threads may share it."""

    def __init__(
        self,
        url: str,
        *,
        token: str,
        org: str,
        bucket: str,
        timeout: timedelta = timedelta(seconds=30),
    ) -> None:
        self._bucket = bucket
        self._client: Any = InfluxDBClient(  # Any: much of it is not typed
            url, token=token, org=org, timeout=int(timeout.total_seconds() * 1000)
        )
        self._writer = self._client.write_api(write_options=SYNCHRONOUS)
        self._reader = self._client.query_api()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def write(self, points: Sequence[Point]) -> None:
        """Make the points durable; WriteRefused names those that never will be, the rest is."""
        lines: list[tuple[Point, bytes]] = []
        refusals: list[Refusal] = []
        for point in points:
            try:
                lines.append((point, lineprotocol.encode(point)))
            except InvalidMessage as error:
                refusals.append(Refusal(point, error.detail, error.field))
        refusals += self._sift(lines)
        if refusals:
            raise WriteRefused(refusals)

    def _sift(self, lines: Sequence[tuple[Point, bytes]]) -> Iterator[Refusal]:
        """Write what can be written; yield the rest."""
        words = self._attempt(lines) if lines else None
        if words is None:
            return
        dropped = _DROPPED.search(words)
        if len(lines) == 1 or (dropped and int(dropped[1]) == len(lines)):
            yield from (Refusal(point, words) for point, _ in lines)
            return
        half = len(lines) // 2
        yield from self._sift(lines[:half])
        yield from self._sift(lines[half:])

    def _attempt(self, lines: Sequence[tuple[Point, bytes]]) -> str | None:
        """None when all lines are written, InfluxDB's words when some are refused."""
        body = b"\n".join(line for _, line in lines)
        try:
            self._writer.write(bucket=self._bucket, record=body)
        except ApiException as error:
            if error.status in _REFUSED or (error.status == _TOO_LARGE and len(lines) > 1):
                return _words(error)
            raise _unavailable(error) from error
        except (HTTPError, OSError) as error:
            raise _unavailable(error) from error
        return None

    def probe(self) -> None:
        """Whether it answers, takes the token and has the bucket, to read and to write.

        Raises Unavailable with the reason `down`, `token`, `bucket` or `busy`.
        """
        self._attempt([])
        list(self._rows(f"{self._from(_BEGINNING, _BEGINNING + _DAY)} |> limit(n: 1)"))

    def window(self, window: Window) -> Series:
        """The field aggregated per step."""
        values = self._values(window, None if window.field in COUNTERS else _FEW)
        if values is None:
            return self.windows([window.lift], window)[window.lift]
        return aggregate(values, window)

    def _values(self, window: Window, most: int | None) -> list[tuple[int, float]] | None:
        """The values themselves, (micros, value) in order, None when they are more than `most`.

        A day of a value a minute is 6 ms this way and 60 ms by aggregates (2.7, measured).
        """
        if window.start >= window.end or not numeric(window.field):
            return []
        some = "" if most is None else f" |> limit(n: {most + 1})"
        flux = (
            f"{self._from(window.start, window.end)} |> filter(fn: (r) => "
            f"{_any_of([window.lift])} and r._field == {flux_text(window.field)})"
            f'{some} |> keep(columns: ["_time", "_value"])'
        )
        try:
            answer = self._reader.query_raw(flux, dialect=Dialect(header=True, annotations=[]))  # type: ignore[no-untyped-call]
            rows = list(csv.DictReader(io.StringIO(answer.data.decode())))
        except (ApiException, HTTPError, OSError) as error:
            raise _unavailable(error) from error
        if most is not None and len(rows) > most:
            return None
        values = [
            (micros(datetime.fromisoformat(row["_time"])), float(row["_value"])) for row in rows
        ]
        # Stable, by the microsecond: what lies within one is in order already.
        return sorted(values, key=operator.itemgetter(0))

    def windows(self, lifts: Sequence[str], window: Window) -> dict[str, Series]:
        """The same window of many lifts."""
        if window.field in COUNTERS:  # no aggregate knows of resets; few values are told an hour
            return {lift: self.window(replace(window, lift=lift)) for lift in lifts}
        found: dict[str, dict[int, list[Mapping[str, Any]]]] = {lift: {} for lift in lifts}
        if numeric(window.field) and window.start < window.end:
            for some in _chunks(lifts):
                for row in self._rows(_windows_query(self._bucket, some, window)):
                    n = (row["_start"] - window.start) // window.step
                    found[untag(row["lift"])].setdefault(n, []).append(row)
        return {
            lift: fill(
                {n: _sample(window.start + n * window.step, rows) for n, rows in steps.items()},
                window,
            )
            for lift, steps in found.items()
        }

    def latest(self, lifts: Sequence[str]) -> dict[str, Point]:
        """The newest point of each lift that has any."""
        found: dict[str, Point] = {}
        for some in _chunks(lifts):
            flux = f"{self._from(_BEGINNING, None)} |> filter(fn: (r) => {_any_of(some)}) |> last()"
            for lift, points in self._points(flux).items():
                found[lift] = points[0]
        return found

    def last_points(self, lift: str, limit: int) -> list[Point]:
        """The newest points of a lift, newest first."""
        newest = self.latest([lift]).get(lift)
        points: list[Point] = []
        if newest is None or limit < 1:
            return points
        # Look back in growing steps: a lift that talks has its last points within the hour.
        for back in (timedelta(hours=1), _DAY, 30 * _DAY, newest.device_at - _BEGINNING):
            flux = (
                f"{self._from(newest.device_at - back, None)}"
                f" |> filter(fn: (r) => {_any_of([lift])})"
                f' |> sort(columns: ["_time"], desc: true) |> limit(n: {limit})'
            )
            points = self._points(flux).get(lift, [])
            if len(points) >= limit:
                break
        return points[:limit]

    def counts(self, first: date, final: date) -> dict[date, int]:
        """Points per day of event."""
        found: dict[date, int] = {}
        start = datetime.combine(first, time(), UTC)
        while start.date() <= final:  # a day a query: the storage engine counts over all series
            flux = (
                f"{self._from(start, start + _DAY)}"
                f" |> filter(fn: (r) => r._field == {flux_text(RECEIVED)}) |> group() |> count()"
            )
            found |= {start.date(): row["_value"] for row in self._rows(flux) if row["_value"]}
            start += _DAY
        return found

    def expire(self, before: datetime) -> None:
        """Forget points of earlier events."""
        try:
            self._client.delete_api().delete(_BEGINNING, before, "", bucket=self._bucket)
        except ApiException as error:
            if error.status != _NOT_FOUND:
                raise _unavailable(error) from error
            # 1.8 has no delete interface
            self.influxql(f"DELETE WHERE time < '{_flux_time(before)}'")
        except (HTTPError, OSError) as error:
            raise _unavailable(error) from error

    def influxql(self, statement: str) -> list[dict[str, Any]]:  # Any: JSON
        """What a statement in the language of 1.x answers: its series. Raises Unavailable."""
        rest = self._client.api_client.rest_client
        query = urlencode({"q": statement, "db": self._bucket.partition("/")[0]})
        headers = {"Authorization": f"Token {self._client.token}"}
        try:
            answer = rest.POST(f"{self._client.url}/query?{query}", headers=headers)
        except (ApiException, HTTPError, OSError) as error:
            raise _unavailable(error) from error
        results = json.loads(answer.data)["results"]
        if "error" in results[0]:
            raise Unavailable(f"InfluxDB: {results[0]['error']}", reason="busy")
        found: list[dict[str, Any]] = results[0].get("series", [])
        return found

    def _from(self, start: datetime, end: datetime | None) -> str:
        stop = f", stop: {_flux_time(end)}" if end else ""
        return f"from(bucket: {flux_text(self._bucket)}) |> range(start: {_flux_time(start)}{stop})"

    def _rows(self, flux: str) -> Iterator[dict[str, Any]]:  # Any: as InfluxDB's columns are typed
        try:
            for record in self._reader.query_stream(flux):
                yield record.values
        except (ApiException, HTTPError, OSError) as error:
            raise _unavailable(error) from error

    def _points(self, flux: str) -> dict[str, list[Point]]:
        """Rows of a field each as points by lift, newest first."""
        rows: dict[tuple[int, str, str, str], dict[str, Value]] = {}
        # Python's datetime ends at the microsecond; messages of a millisecond are nanoseconds apart
        for row in self._rows(f"{flux} |> map(fn: (r) => ({{r with ns: int(v: r._time)}}))"):
            key = (row["ns"], row["_measurement"], row.get("gateway") or "", row["lift"])
            rows.setdefault(key, {})[row["_field"]] = row["_value"]
        found: dict[str, list[Point]] = {}
        for (ns, kind, gateway, lift), fields in sorted(
            rows.items(), key=lambda each: each[0][0], reverse=True
        ):
            if RECEIVED in fields:  # else the row is not whole, or not ours
                point = lineprotocol.decode({**fields, "lift": lift, "gateway": gateway}, kind, ns)
                found.setdefault(point.lift, []).append(point)
        return found


def flux_text(text: str) -> str:
    """A Flux string literal that means exactly `text`: no way out of it, and no interpolation."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + '"'


def _flux_time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _any_of(lifts: Sequence[str]) -> str:
    return " or ".join(f"r.lift == {flux_text(stored_tag(lift))}" for lift in lifts)


def _chunks(lifts: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(lifts), _MOST_LIFTS):
        yield lifts[start : start + _MOST_LIFTS]


def _windows_query(bucket: str, lifts: Sequence[str], window: Window) -> str:
    """Five aggregates, each a result of its own.

    Each reads for itself: the storage engine computes an aggregate only where nothing shares its
    rows (measured with 2.7: 10 ms each instead of 300 ms for a variable that all five use).
    """
    step = window.step // timedelta(microseconds=1)
    rows = (
        f"from(bucket: {flux_text(bucket)})"
        f" |> range(start: {_flux_time(window.start)}, stop: {_flux_time(window.end)})"
        f" |> filter(fn: (r) => ({_any_of(lifts)}) and r._field == {flux_text(window.field)})"
        f" |> window(every: {step}us, offset: {micros(window.start) % step}us)"
    )
    kept = dict.fromkeys(("sum", "count", "min", "max"), '"_start", "lift", "_value"')
    kept["last"] = '"_start", "_time", "lift", "_value"'
    return "\n".join(
        f'{rows} |> {name}() |> keep(columns: [{columns}]) |> group() |> yield(name: "{name}")'
        for name, columns in kept.items()
    )


def _sample(at: datetime, rows: Sequence[Mapping[str, Any]]) -> Sample:
    """One step from the aggregates of its series (a field may stand in several kinds)."""
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_name.setdefault(row["result"], []).append(row)
    count = sum(row["_value"] for row in by_name["count"])
    newest = max(by_name["last"], key=lambda row: row["_time"])
    return Sample(
        at=at,
        mean=sum(row["_value"] for row in by_name["sum"]) / count,
        min=float(min(row["_value"] for row in by_name["min"])),
        max=float(max(row["_value"] for row in by_name["max"])),
        last=float(newest["_value"]),
        count=count,
    )


def _words(error: ApiException) -> str:
    """What InfluxDB said."""
    return str(getattr(error, "message", "") or error.body or error.reason or error.status)[:2000]


def _unavailable(error: Exception) -> Unavailable:
    match error:
        case ApiException(status=401 | 403):
            return Unavailable(f"InfluxDB refuses the token: {_words(error)}", reason="token")
        case ApiException(status=404):  # _NOT_FOUND
            return Unavailable(f"InfluxDB has no such bucket: {_words(error)}", reason="bucket")
        case ApiException():
            return Unavailable(f"InfluxDB: {error.status} {_words(error)}", reason="busy")
        case _:
            return Unavailable(f"InfluxDB does not answer: {error}", reason="down")
