"""Any order of calls, actions, pauses and restarts keeps the promises of a rescue."""

import tempfile
from collections import Counter
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from alerts import queries, sla
from alerts.assignment import ACTIVE, ASSIGNMENT, OPEN, AssignmentState
from alerts.commands import (
    AssignmentAction,
    IncidentAction,
    act_on_assignment,
    act_on_incident,
    raise_level,
    take_call,
)
from alerts.courier import Courier
from alerts.engine import Engine
from alerts.incident import INCIDENT, RELEASED, RESCUING, IncidentState
from alerts.ladder import Kind
from alerts.notify.port import FailedSend, Outgoing, Sent
from alerts.views import view_of
from core import journal
from core.db import Database
from core.errors import Conflict
from core.journal import Subject
from core.lifecycle import LifeCycle
from devices.calls import CallArrived
from devices.protocol.messages import Call, CallPhase, CallSource
from tests.support.rescue import SEAT, START, Rescue

CREW = [action for action in AssignmentAction if action is not AssignmentAction.LAPSE]
S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


def two_moves(cycle: LifeCycle[S, E]) -> dict[S, set[S]]:
    """Where a transaction may lead: an action, and what the ladder makes of it."""
    near = {state: {state, *row.values()} for state, row in cycle.table.items()}
    return {state: {far for each in near[state] for far in near[each]} for state in near}


LEGAL, CREW_LEGAL = two_moves(INCIDENT), two_moves(ASSIGNMENT)


def duties(detail: queries.IncidentDetail) -> list[datetime]:
    """The reference: when something must happen to an incident if nobody does anything."""
    match detail.incident.state:
        case state if state in RELEASED:
            wanted = after_release(detail)
        case state if state in RESCUING:
            wanted = until_release(detail) + answers(detail)
        case _:
            wanted = []
    return [at for step, at in wanted if step not in detail.incident.taken_steps]


def after_release(detail: queries.IncidentDetail) -> list[tuple[str, datetime]]:
    incident, policy = detail.incident, detail.incident.policy
    freed_at = incident.freed_at or START
    duties = (
        ("callback/1", freed_at + policy.callback, incident.confirmed_at),
        ("cause/1", freed_at + policy.cause, incident.cause_reported_at),
    )
    return [
        (step, due) for step, due, done in duties if done is None and incident.kind is Kind.TRAPPED
    ]


def until_release(detail: queries.IncidentDetail) -> list[tuple[str, datetime]]:
    incident, policy = detail.incident, detail.incident.policy
    if incident.kind is not Kind.TRAPPED:
        return []
    limits = [(f"not_freed/{n}", mark) for n, mark in enumerate(policy.freed_marks, start=1)]
    if incident.on_scene_at is None:
        limits += [("target_arrival/1", policy.target_arrival)]
        limits += [("statutory_arrival/1", policy.statutory_arrival)]
    if incident.level < 3:
        limits += [("level3_urged/1", policy.level3_by)]
    return [(step, incident.opened_at + limit) for step, limit in limits]


def answers(detail: queries.IncidentDetail) -> list[tuple[str, datetime]]:
    policy = detail.incident.policy
    if any(a.state in ACTIVE for a in detail.assignments):
        return []
    lapses = {1: policy.level2_after_unanswered, 2: policy.answer}
    offered = [a for a in detail.assignments if a.state is AssignmentState.OFFERED]
    reminders = [(f"answer/{a.level}", a.offered_at + policy.answer) for a in offered]
    silences = [("silence", a.offered_at + lapses[a.level]) for a in offered if a.level in lapses]
    return [each for each in reminders if each[0] != "answer/2"] + (
        silences if detail.incident.kind is Kind.TRAPPED else []
    )


class Phone:
    """A sender that counts what it was asked to tell."""

    longest = timedelta(seconds=1)

    def __init__(self) -> None:
        self.told: Counter[str] = Counter()

    def send(self, notice: Outgoing) -> Sent | FailedSend:
        self.told[notice.key] += 1
        return Sent()


class AnyRescue(RuleBasedStateMachine):
    """One lift; whatever happens to it happens at random."""

    @initialize(injured=st.booleans(), firm=st.booleans(), kind=st.sampled_from(Kind))
    def begin(self, injured: bool, firm: bool, kind: Kind) -> None:  # noqa: FBT001
        self.folder = tempfile.TemporaryDirectory()
        self.rescue = Rescue(Path(self.folder.name), firm=firm)
        self.phone = Phone()
        self.states: dict[str, IncidentState] = {}
        self.crews: dict[int, AssignmentState] = {}
        self.steps: dict[str, frozenset[str]] = {}
        self.missed: dict[str, datetime | None] = {}
        self.levels: dict[str, int] = {}
        self.calls = 0
        self.rescue.open(injured=injured, kind=kind)
        self.start()

    def start(self) -> None:
        rescue = self.rescue
        rescue.engine = Engine(rescue.database, rescue.policies, rescue.clock)
        self.courier = Courier(rescue.database, {"log": self.phone}, rescue.clock)

    @rule(new=st.booleans(), phase=st.sampled_from(CallPhase))
    def a_device_calls(self, new: bool, phase: CallPhase) -> None:  # noqa: FBT001
        self.calls += new or not self.calls
        before = len(self.numbers())
        now = self.rescue.clock.now()
        told = Call(ts=1, event_id=f"e{self.calls}", phase=phase, source=CallSource.BUTTON)
        arrived = CallArrived(told, self.rescue.lift, "G1", now)
        answers = [
            self.rescue.database.write(lambda c: take_call(c, arrived, self.rescue.policies, now))
            for _ in range(2)
        ]
        assert answers[0] == answers[1]
        assert answers[0].accepted
        opened = len(self.numbers()) - before
        assert opened <= (phase is CallPhase.BEGIN)

    @rule(action=st.sampled_from(CREW), which=st.integers(0, 7), stale=st.booleans())
    def a_crew_acts(self, action: AssignmentAction, which: int, stale: bool) -> None:  # noqa: FBT001
        asked = [a for number in self.numbers() for a in self.detail(number).assignments]
        if not asked:
            return
        target, now = asked[which % len(asked)], self.rescue.clock.now()
        version = target.version - stale
        before = self.detail(target.incident_id)
        try:
            self.rescue.database.write(
                lambda c: act_on_assignment(
                    c, target.id, action, now, SEAT, proof="phone", version=version
                )
            )
        except Conflict:
            assert self.detail(target.incident_id) == before
        else:
            assert not stale

    @rule(action=st.sampled_from(IncidentAction), which=st.integers(0, 3))
    def a_seat_acts(self, action: IncidentAction, which: int) -> None:
        number = self.numbers()[which % len(self.numbers())]
        before, now = self.detail(number), self.rescue.clock.now()
        try:
            self.rescue.database.write(
                lambda c: act_on_incident(c, number, action, now, SEAT, text="x", code="101")
            )
        except Conflict:
            assert self.detail(number) == before
            assert action not in before.actions
        else:
            assert action in before.actions

    @rule(level=st.sampled_from([2, 3]), which=st.integers(0, 3))
    def a_seat_raises_the_level(self, level: int, which: int) -> None:
        number = self.numbers()[which % len(self.numbers())]
        before, now = self.detail(number), self.rescue.clock.now()
        try:
            self.rescue.database.write(lambda c: raise_level(c, number, level, "", now, SEAT))
        except Conflict:
            assert self.detail(number) == before

    @rule(seconds=st.sampled_from([0, 1, 60, 180, 181, 300, 900, 1800, 3600, 86400]))
    def time_passes(self, seconds: int) -> None:
        self.rescue.tick(seconds=seconds)
        assert self.rescue.engine.run_once() == 0  # deciding again at once changes nothing
        self.courier.run_once()

    @rule(claimed=st.booleans())
    def the_hub_is_restarted(self, claimed: bool) -> None:  # noqa: FBT001
        if claimed:
            self.courier.run_once()
        self.rescue.database.close()
        self.rescue.database = Database(f"sqlite:///{self.rescue.database.path}")
        self.start()

    def numbers(self) -> list[str]:
        rows = self.rescue.database.read(lambda c: queries.board(c, include_closed_since=START))
        return sorted(row.incident.id for row in rows)

    def detail(self, number: str) -> queries.IncidentDetail:
        return self.rescue.database.read(lambda c: queries.incident(c, number))

    @invariant()
    def promises_hold(self) -> None:
        numbers = self.numbers()
        assert len(numbers) >= len(self.states)
        for number in numbers:
            self.one_holds(self.detail(number))
        assert all(times == 1 for times in self.phone.told.values())
        rescuing = [n for n in numbers if self.states[n] in RESCUING]
        trapped = [n for n in rescuing if self.detail(n).incident.kind is Kind.TRAPPED]
        assert len(trapped) <= 1  # one need for help at one lift

    def one_holds(self, detail: queries.IncidentDetail) -> None:
        incident, now = detail.incident, self.rescue.clock.now()
        state_before = self.states.get(incident.id, IncidentState.NEW)
        assert incident.state in LEGAL[state_before]
        if INCIDENT.is_final(state_before):
            assert incident.state is state_before
        self.states[incident.id] = incident.state
        for asked in detail.assignments:
            before = self.crews.get(asked.id, AssignmentState.OFFERED)
            assert asked.state in CREW_LEGAL[before]
            self.crews[asked.id] = asked.state

        levels = [a.level for a in detail.assignments]
        assert incident.level == max(levels, default=0)
        assert incident.level >= self.levels.get(incident.id, 0)
        self.levels[incident.id] = incident.level
        targets = [(a.level, a.target_kind, a.target_id) for a in detail.assignments]
        assert len(targets) == len(set(targets))  # nobody is asked twice at a level
        if incident.state not in RESCUING:
            assert not any(a.state in OPEN for a in detail.assignments)

        steps = [e.entry.facts["step"] for e in detail.timeline if e.entry.verb == "rung"]
        assert len(steps) == len(set(steps))
        assert set(steps) == incident.taken_steps
        assert self.steps.get(incident.id, frozenset()) <= incident.taken_steps
        self.steps[incident.id] = incident.taken_steps
        keys = [notice.key for notice in detail.notices]
        assert len(keys) == len(set(keys))
        assert self.missed.get(incident.id) in {None, incident.target_missed_at}
        self.missed[incident.id] = incident.target_missed_at

        due = duties(detail)
        if due:  # never forgotten
            assert incident.wake_at is not None
            assert incident.wake_at <= min(due) + sla.INSTANT
        decision = self.rescue.database.read(
            lambda c: sla.decide(view_of(c, incident, now), incident.policy, now)
        )
        if incident.wake_at is None or incident.wake_at > now:  # and never surprised
            assert (decision.steps, decision.offers, decision.lapsed) == ((), (), ())
            assert decision.wake_at == incident.wake_at
        if INCIDENT.is_final(incident.state):
            assert incident.wake_at is None
        chain = Subject("incident", incident.id)
        assert self.rescue.database.read(lambda c: journal.verify(c, chain)) is None

    def teardown(self) -> None:
        if hasattr(self, "rescue"):
            self.rescue.database.close()
            self.folder.cleanup()


AnyRescue.TestCase.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
TestAnyRescue = AnyRescue.TestCase
