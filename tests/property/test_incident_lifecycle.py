"""Any order of actions and pauses keeps the promises of a rescue."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from alerts import queries
from alerts.commands import AssignmentAction, IncidentAction, act_on_assignment, act_on_incident
from alerts.incident import INCIDENT
from core import journal
from core.errors import Conflict
from core.journal import Subject
from tests.support.rescue import SEAT, Rescue

if TYPE_CHECKING:
    from datetime import datetime

CREW = [action for action in AssignmentAction if action is not AssignmentAction.LAPSE]


class AnyRescue(RuleBasedStateMachine):
    """One incident, acted on at random."""

    @initialize(injured=st.booleans())
    def begin(self, injured: bool) -> None:  # noqa: FBT001
        self.folder = tempfile.TemporaryDirectory()
        self.rescue = Rescue(Path(self.folder.name))
        self.number = self.rescue.open(injured=injured).incident_id
        self.missed_at: datetime | None = None

    @rule(action=st.sampled_from(CREW), which=st.integers(0, 3))
    def a_crew_acts(self, action: AssignmentAction, which: int) -> None:
        asked = self.detail().assignments
        target, now = asked[which % len(asked)].id, self.rescue.clock.now()
        before = self.detail()
        try:
            self.rescue.database.write(
                lambda c: act_on_assignment(c, target, action, now, SEAT, proof="phone")
            )
        except Conflict:
            assert self.detail() == before

    @rule(action=st.sampled_from(IncidentAction))
    def a_seat_acts(self, action: IncidentAction) -> None:
        before, now = self.detail(), self.rescue.clock.now()
        try:
            self.rescue.database.write(
                lambda c: act_on_incident(c, self.number, action, now, SEAT, text="x", code="101")
            )
        except Conflict:
            assert self.detail() == before
            assert action not in before.actions
        else:
            assert action in before.actions

    @rule(minutes=st.integers(0, 45))
    def time_passes(self, minutes: int) -> None:
        self.rescue.tick(minutes=minutes)

    def detail(self) -> queries.IncidentDetail:
        return self.rescue.database.read(lambda c: queries.incident(c, self.number))

    @invariant()
    def promises_hold(self) -> None:
        detail = self.detail()
        incident = detail.incident
        steps = [e.entry.facts["step"] for e in detail.timeline if e.entry.verb == "rung"]
        assert len(steps) == len(set(steps))
        assert set(steps) == incident.taken_steps
        if INCIDENT.is_final(incident.state):
            assert incident.wake_at is None
        assert self.missed_at in {None, incident.target_missed_at}
        self.missed_at = incident.target_missed_at
        chain = Subject("incident", self.number)
        assert self.rescue.database.read(lambda c: journal.verify(c, chain)) is None

    def teardown(self) -> None:
        if hasattr(self, "rescue"):
            self.rescue.database.close()
            self.folder.cleanup()


AnyRescue.TestCase.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)
TestAnyRescue = AnyRescue.TestCase
