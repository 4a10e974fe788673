"""Credentials of gateways: issue, rotate, revoke, and what brokers and people ask of them.

A gateway has one at most. A new one replaces the old at once: mosquitto keeps one password for a
name, and a gateway whose old password went on working would be one more that nobody has counted.
Changes are journalled by ids alone under `Subject("registry", "credential")`; that chain's newest
entry is the version that brokers follow. The directory of gateways does not change with them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, insert, select, update

from core.errors import Conflict, InvalidMessage, NotFound
from core.journal import Actor, journal_table
from devices import reach, tables
from devices.credentials import HUB
from devices.directory import REGISTRY
from devices.keeping import record

KIND = "credential"
PART = 5_000  # rows of one question


@dataclass(frozen=True, slots=True)
class Held:
    """Of one gateway: where it is, and since when it can sign in (None: it cannot)."""

    gateway_id: str
    area: str
    issued_at: datetime | None
    revoked_at: datetime | None
    times: int

    @property
    def state(self) -> str:
        """`none`, `valid` or `revoked`."""
        if self.issued_at is None:
            return "none"
        return "valid" if self.revoked_at is None else "revoked"


@dataclass(frozen=True, slots=True)
class Door:
    """What must be known of a gateway to let it in: `verifier` is empty once it was revoked."""

    area: str
    verifier: str
    of_kitchen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which gateways; what is empty narrows nothing. `firm_id`: those that maintain its lifts."""

    ids: tuple[str, ...] = ()
    area: str = ""
    firm_id: int | None = None


def issue(
    connection: Connection,
    verifiers: Mapping[str, str],
    now: datetime,
    actor: Actor,
    *,
    rotate: bool = False,
) -> None:
    """Let gateways sign in with what `verifiers` were made of; journalled once for all.

    rotate: each replaces one that is valid, which ends with the transaction. Raises Conflict where
    there is one already, or none to rotate; NotFound for an unknown gateway.
    """
    c = tables.gateway_credential.c
    held = {each.gateway_id: each for each in chosen(connection, Chosen(ids=tuple(verifiers)))}
    for name in verifiers:
        if name not in held:
            raise NotFound("gateway", name)
        if name == HUB:
            raise InvalidMessage("reserved", f"{HUB} is the hub's own name", field="gateway_id")
        valid = held[name].state == "valid"
        if valid and not rotate:
            raise Conflict("exists", f"gateway {name} has a credential: rotate it")
        if rotate and not valid:
            raise Conflict("wrong_state", f"gateway {name} has no credential: issue one")
    fresh = [name for name in verifiers if held[name].state == "none"]
    again = [name for name in verifiers if held[name].state != "none"]
    if fresh:
        rows = [
            {"gateway_id": name, "verifier": verifiers[name], "issued_at": now, "times": 1}
            for name in fresh
        ]
        connection.execute(insert(tables.gateway_credential), rows)
    if again:
        changed = update(tables.gateway_credential).where(c.gateway_id == bindparam("name"))
        connection.execute(
            changed.values(
                verifier=bindparam("made"), issued_at=now, times=c.times + 1, revoked_at=None
            ),
            [{"name": name, "made": verifiers[name]} for name in again],
        )
    verb = "credentials.rotated" if rotate else "credentials.issued"
    record(connection, KIND, {"codes": sorted(verifiers)}, now, actor, verb=verb)


def revoke(
    connection: Connection, ids: Sequence[str], now: datetime, actor: Actor, *, why: str = ""
) -> list[str]:
    """End the credentials of gateways; answers those that had one. Raises NotFound."""
    held = chosen(connection, Chosen(ids=tuple(ids)))
    for name in sorted(set(ids) - {each.gateway_id for each in held}):
        raise NotFound("gateway", name)
    ended = [each.gateway_id for each in held if each.state == "valid"]
    if ended:
        c = tables.gateway_credential.c
        connection.execute(
            update(tables.gateway_credential)
            .where(c.gateway_id.in_(ended))
            .values(verifier="", revoked_at=now)
        )
        facts = {"codes": ended} | ({"reason": why} if why else {})
        record(connection, KIND, facts, now, actor, verb="credentials.revoked")
    return ended


def chosen(connection: Connection, wanted: Chosen) -> list[Held]:
    """The gateways that `wanted` lets through, by id, with what each holds."""
    g, c = tables.gateway.c, tables.gateway_credential.c
    asked = (
        select(g.id, g.area, c.issued_at, c.revoked_at, c.times)
        .join_from(tables.gateway, tables.gateway_credential, c.gateway_id == g.id, isouter=True)
        .order_by(g.id)
    )
    if wanted.area:
        asked = asked.where(g.id.in_(_in_area(wanted.area)))
    if wanted.firm_id is not None:
        spoken, lift = tables.gateway_lift.c, tables.lift.c
        of_firm = (
            select(spoken.gateway_id)
            .join_from(tables.gateway_lift, tables.lift, lift.id == spoken.lift_id)
            .where(lift.firm_id == wanted.firm_id)
        )
        asked = asked.where(g.id.in_(of_firm))
    if not wanted.ids:
        return _held(connection, asked)
    told: list[Held] = []
    for start in range(0, len(wanted.ids), PART):
        told += _held(connection, asked.where(g.id.in_(wanted.ids[start : start + PART])))
    return sorted(told, key=lambda each: each.gateway_id)


def _in_area(code: str) -> Select[tuple[str]]:
    """A gateway stands where it is enrolled, or where one of its lifts stands."""
    g, spoken, lift = tables.gateway.c, tables.gateway_lift.c, tables.lift.c
    of_lifts = (
        select(spoken.gateway_id)
        .join_from(tables.gateway_lift, tables.lift, lift.id == spoken.lift_id)
        .where(reach.within(code, lift))
    )
    clause: ColumnElement[bool] = (g.area == code) | g.id.in_(of_lifts)
    return select(g.id).where(clause)


def _held(connection: Connection, asked: Select[Any]) -> list[Held]:  # Any: its columns
    return [
        Held(row.id, row.area, row.issued_at, row.revoked_at, row.times or 0)
        for row in connection.execute(asked)
    ]


def places(connection: Connection, ids: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """The rescue codes and addresses of the lifts that each gateway speaks for."""
    spoken, lift = tables.gateway_lift.c, tables.lift.c
    told: dict[str, list[tuple[str, str]]] = {}
    for start in range(0, len(ids), PART):
        asked = (
            select(spoken.gateway_id, lift.rescue_code, lift.address, lift.building)
            .join_from(tables.gateway_lift, tables.lift, lift.id == spoken.lift_id)
            .where(spoken.gateway_id.in_(ids[start : start + PART]))
            .order_by(lift.rescue_code)
        )
        for row in connection.execute(asked):
            where = f"{row.address} {row.building}".strip()
            told.setdefault(row.gateway_id, []).append((row.rescue_code, where))
    return told


def valid(connection: Connection) -> Iterator[tuple[str, str]]:
    """Every gateway that may sign in with its verifier, by id, a part at a time."""
    c, last = tables.gateway_credential.c, ""
    while True:
        rows = connection.execute(
            select(c.gateway_id, c.verifier)
            .where(c.gateway_id > last, c.verifier != "")
            .order_by(c.gateway_id)
            .limit(PART)
        ).all()
        if not rows:
            return
        yield from ((row.gateway_id, row.verifier) for row in rows)
        last = rows[-1].gateway_id


def door_of(connection: Connection, gateway_id: str) -> Door | None:
    """What lets one gateway in; None where it never got a credential."""
    g, c = tables.gateway.c, tables.gateway_credential.c
    row = connection.execute(
        select(g.area, g.kitchen_id, c.verifier)
        .join_from(tables.gateway_credential, tables.gateway, g.id == c.gateway_id)
        .where(c.gateway_id == gateway_id)
    ).one_or_none()
    return None if row is None else Door(row.area, row.verifier, row.kitchen_id is not None)


def version(connection: Connection) -> int:
    """How many changes there were to credentials: whoever follows them looks whether it moved."""
    t = journal_table.c
    newest = select(func.max(t.seq)).where(t.subject_kind == REGISTRY, t.subject_id == KIND)
    return int(connection.execute(newest).scalar_one() or 0)
