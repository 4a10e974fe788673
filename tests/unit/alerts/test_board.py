"""The board: where help is needed is never left out, and the questions do not grow with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

from sqlalchemy import event, update

from alerts import queries, search, tables
from alerts.incident import IncidentState
from alerts.search import IncidentFilter
from devices import commands
from devices.model import Lift
from tests.support.rescue import SEAT, START, Rescue


def more_lifts(rescue: Rescue, count: int) -> list[Lift]:
    def work(n: int) -> Lift:
        lift = replace(
            rescue.lift,
            id=0,
            rescue_code=f"{300000 + n}",
            registration_code=f"31104101002026{300000 + n}",
        )
        return rescue.database.write(lambda c: commands.upsert_lift(c, lift, START, SEAT))

    return [work(n) for n in range(count)]


def open_at_each(rescue: Rescue, lifts: list[Lift]) -> list[str]:
    numbers = []
    for n, lift in enumerate(lifts):
        rescue.lift = lift
        rescue.clock.advance(timedelta(seconds=1))
        numbers.append(rescue.open(f"k{n}").incident_id)
    return numbers


def put_into(rescue: Rescue, numbers: list[str], state: IncidentState) -> None:
    c = tables.incident.c
    rescue.database.write(
        lambda connection: connection.execute(
            update(tables.incident).where(c.id.in_(numbers)).values(state=state)
        )
    )


@contextmanager
def counted(rescue: Rescue) -> Iterator[list[str]]:
    asked: list[str] = []

    def seen(_c: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(rescue.database._readers, "before_cursor_execute", seen)
    yield asked
    event.remove(rescue.database._readers, "before_cursor_execute", seen)


def test_a_running_rescue_stays_on_top_of_what_is_freed_but_not_closed(rescue: Rescue) -> None:
    old, *newer = open_at_each(rescue, more_lifts(rescue, 7))
    put_into(rescue, newer[:-1], IncidentState.FREED)
    shown = [row.incident.id for row in rescue.database.read(queries.board)]
    assert shown == [newer[-1], old, *reversed(newer[:-1])]
    listed = rescue.database.read(lambda c: search.incident_ids(c, IncidentFilter(running=True)))
    assert listed == shown
    part = rescue.database.read(
        lambda c: search.incident_ids(c, IncidentFilter(running=True), limit=2, offset=1)
    )
    assert part == shown[1:3]
    assert rescue.database.read(lambda c: search.incident_count(c, IncidentFilter())) == 7


def test_assignments_of_open_incidents_come_in_parts_with_their_total(rescue: Rescue) -> None:
    numbers = open_at_each(rescue, more_lifts(rescue, 3))
    put_into(rescue, numbers[1:2], IncidentState.FREED)
    put_into(rescue, numbers[2:], IncidentState.CLOSED)
    found, total = rescue.database.read(lambda c: queries.open_assignments(c, limit=1))
    assert ([a.incident_id for a in found], total) == (numbers[:1], 2)


def test_the_board_asks_the_same_few_questions_however_long_it_is(rescue: Rescue) -> None:
    lifts = more_lifts(rescue, 12)
    (first,) = open_at_each(rescue, lifts[:1])
    with counted(rescue) as few:
        (row,) = rescue.database.read(queries.board)
    open_at_each(rescue, lifts)
    with counted(rescue) as many:
        rows = rescue.database.read(queries.board)
    assert (len(rows), len(many)) == (12, len(few))
    with counted(rescue) as part:
        found = rescue.database.read(
            lambda c: search.incident_rows(c, [row.incident.id for row in rows])
        )
    assert len(part) == len(few) - 1  # the two halves of the board are one question by number
    assert found == rows
    assert row == next(each for each in rows if each.incident.id == first)
    for each in rows:
        alone = rescue.database.read(partial(queries.incident, incident_id=each.incident.id))
        assert each.next == alone.next
