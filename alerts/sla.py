"""Deadlines and escalation of one incident: a pure decision from its state, its policy and now.

Theory of operation. `decide` is called when something happened and when `wake_at` has come. It
answers everything that must change: rungs taken, assignments to offer, offers that lapsed, notices,
flags, and when to look again. A rung has a key and is taken once; after an outage the overdue ones
are simply due, and each tells how late it was. What is offered now starts its own clock now, so an
outage never burns the time that a newly asked crew needs.

Levels. 1 is the lift's maintenance firm. 2 is the nearest rescue station: asked when there is no
firm, when the firm refuses or stays silent, or when the target of arrival is missed. 3 is public
rescue: asked when every station asked has failed, or at once when somebody is injured; when nobody
is freed in time it is urged, and taken if the policy says so. Public rescue that was asked early
stands beside the ladder and replaces no rung of it: a firm that stays silent leads to a station all
the same. Where only a place is known, the stations begin, and the firm is asked as soon as the lift
is found. A level that nobody could be asked at is told as skipped, with the reason. As soon as
anybody has accepted, the answer rungs rest while the arrival rungs run on; when all have withdrawn,
escalation resumes.

Boundaries. An action rung is due at its instant (now >= due). A deadline of arrival includes its
last instant: arrival at 15:00.000 has met a target of 15 minutes, at 15:00.001 it has missed it.
Faults without anybody inside ask the firm only. Time limits are modelled on TSG T5002-2017
(arrival within 30 minutes in cities with districts) and on published practice of rescue centres.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.assignment import ACTIVE, AssignmentState, TargetKind
from alerts.incident import RELEASED, RESCUING
from alerts.ladder import (
    Audience,
    Decision,
    IncidentView,
    Kind,
    Next,
    NoticeOrder,
    Offer,
    Rung,
    Skipped,
    Step,
    Target,
)
from alerts.policy import Policy

INSTANT = timedelta(microseconds=1)
"""The first moment after a deadline that includes its last instant."""


def decide(view: IncidentView, policy: Policy, now: datetime) -> Decision:
    """What must happen to the incident at `now`. Deciding again at once changes nothing."""
    ladder = _Ladder(view, policy, now)
    if view.state in RESCUING:
        ladder.first_order()
        ladder.answers()
        ladder.arrivals()
        ladder.release()
    elif view.state in RELEASED:
        ladder.arrivals()
        ladder.aftermath()
    return ladder.decision()


def raise_to(
    view: IncidentView, policy: Policy, now: datetime, level: int, why: str
) -> Decision | None:
    """A person's decision to ask `level` (2 or 3) now; None when nobody is left to ask there."""
    ladder = _Ladder(view, policy, now)
    everyone = len(view.stations)  # a person may ask more stations than the ladder would
    done = (
        ladder.ask_station(now, why, everyone)
        if level == 2  # noqa: PLR2004
        else ladder.ask_public(now, why)
    )
    if not done:
        return None
    ladder.arrivals()
    ladder.release()
    return ladder.decision()


@dataclass(slots=True)
class _Waiting:
    """An offer that nobody has answered: an old one (with its id) or one made just now."""

    level: int
    target: Target
    offered_at: datetime
    id: int | None


@dataclass(slots=True)
class _Ladder:
    """The decision while it is being made. It lives for one call of `decide` only."""

    view: IncidentView
    policy: Policy
    now: datetime
    level: int = 0
    taken: set[str] = field(default_factory=set)
    steps: list[Step] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    lapsed: list[int] = field(default_factory=list)
    notices: list[NoticeOrder] = field(default_factory=list)
    timers: list[tuple[datetime, Next]] = field(default_factory=list)
    waiting: list[_Waiting] = field(default_factory=list)
    missed: set[Rung] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.level = self.view.level
        self.taken = set(self.view.taken)
        self.waiting = [
            _Waiting(a.level, a.target, a.offered_at, a.id)
            for a in self.view.asked
            if a.state is AssignmentState.OFFERED
        ]

    @property
    def trapped(self) -> bool:
        return self.view.kind is Kind.TRAPPED

    @property
    def answered(self) -> bool:
        return any(asked.state in ACTIVE for asked in self.view.asked)

    @property
    def rung(self) -> int:
        """The highest of levels 1 and 2 that has been asked: where the ladder itself stands."""
        asked = [a.level for a in self.view.asked] + [o.level for o in self.offers]
        return max((level for level in asked if level in {1, 2}), default=0)

    def take(self, rung: Rung, due_at: datetime, why: str, n: int = 1) -> str | None:
        """Take a rung; None when it was taken before."""
        key = f"{rung}/{n}"
        if key in self.taken:
            return None
        self.taken.add(key)
        self.steps.append(Step(key, rung, due_at, why))
        return key

    def tell(self, step: str, rung: Rung, audience: Audience, target: Target | None = None) -> None:
        self.notices.append(NoticeOrder(step, rung, audience, target))

    def wait_for(self, rung: Rung, due_at: datetime, *, inclusive: bool = False) -> None:
        """Look again at `due_at`, or just after it where the deadline includes its last instant."""
        self.timers.append((due_at + INSTANT if inclusive else due_at, Next(rung, due_at)))

    def offer(self, level: int, target: Target, why: str) -> None:
        silent = self.policy.level2_after_unanswered if level == 1 else self.policy.answer
        self.offers.append(Offer(level, target, why, self.now + silent))
        self.waiting.append(_Waiting(level, target, self.now, None))
        self.level = max(self.level, level)

    # --- asking somebody

    def first_order(self) -> None:
        if self.level == 0:
            firm = self.view.firm
            if firm is not None:
                if self.take(Rung.DISPATCH, self.now, "opened"):
                    self.offer(1, firm, "opened")
            elif self.trapped:
                why = "no_firm" if self.view.located else "no_lift"
                if self.take(Rung.DISPATCH, self.now, why):
                    self.skipped.append(Skipped(1, why))
                self.escalate(self.now, why)
            elif key := self.take(Rung.DISPATCH, self.now, "no_firm"):
                self.tell(key, Rung.DISPATCH, Audience.SEAT)
        elif self.trapped:
            self.ask_firm_late()
        if self.view.injured and self.trapped:
            self.ask_public(self.now, "injury")

    def ask_firm_late(self) -> None:
        """The firm of a lift that was found, or given to a firm, after the first order."""
        firm, asked = self.view.firm, any(a.level == 1 for a in self.view.asked)
        if firm is not None and not asked and self.take(Rung.DISPATCH, self.now, "located", 2):
            self.offer(1, firm, "located")

    def escalate(self, due_at: datetime, why: str) -> None:
        """The next station, or public rescue when enough of them have failed."""
        if self.ask_station(due_at, why):
            return
        if self.ask_public(due_at, why) and not self.stations_asked():
            self.skipped.append(Skipped(2, "no_station"))

    def stations_asked(self) -> set[int | None]:
        old = {a.target.id for a in self.view.asked if a.target.kind is TargetKind.STATION}
        return old | {o.target.id for o in self.offers if o.target.kind is TargetKind.STATION}

    def ask_station(self, due_at: datetime, why: str, limit: int | None = None) -> bool:
        asked = self.stations_asked()
        left = [station for station in self.view.stations if station.id not in asked]
        if not left or len(asked) >= (self.policy.level2_stations if limit is None else limit):
            return False
        if self.take(Rung.LEVEL2, due_at, why, len(asked) + 1):
            self.offer(2, left[0], why)
        return True

    def ask_public(self, due_at: datetime, why: str) -> bool:
        if self.take(Rung.LEVEL3, due_at, why) is None:
            return False
        name, phone = self.policy.public_rescue_name, self.policy.public_rescue_phone
        self.offer(3, Target(TargetKind.PUBLIC_RESCUE, None, name, phone), why)
        return True

    # --- waiting for an answer

    def answers(self) -> None:
        if self.answered:
            return
        for waiting in list(self.waiting):
            if waiting.level != 2:  # noqa: PLR2004  (a silent station is replaced, not reminded)
                self.remind(waiting)
            if self.trapped and self.is_silent(waiting):
                self.waiting.remove(waiting)
                if waiting.id is not None:
                    self.lapsed.append(waiting.id)
                if waiting.level == self.rung:
                    self.escalate(self.silent_at(waiting), "unanswered")
        here = any(waiting.level == self.rung for waiting in self.waiting)
        if self.trapped and self.rung and not here:
            self.escalate(self.now, "refused")

    def remind(self, waiting: _Waiting) -> None:
        due = waiting.offered_at + self.policy.answer
        if self.now < due:
            return
        if step := self.take(Rung.ANSWER, due, "unanswered", waiting.level):
            self.tell(step, Rung.ANSWER, Audience.TARGET, waiting.target)
            self.tell(step, Rung.ANSWER, Audience.SEAT)

    def silent_at(self, waiting: _Waiting) -> datetime:
        """When the silence of a firm or a station makes its offer lapse."""
        policy = self.policy
        return waiting.offered_at + (
            policy.level2_after_unanswered if waiting.level == 1 else policy.answer
        )

    def is_silent(self, waiting: _Waiting) -> bool:
        return waiting.level in {1, 2} and self.now >= self.silent_at(waiting)

    def await_answers(self) -> None:
        """Timers of the offers as they stand after this decision."""
        if self.answered or self.view.state not in RESCUING:
            return
        for waiting in self.waiting:
            reminded = f"{Rung.ANSWER}/{waiting.level}" in self.taken
            if waiting.level != 2 and not reminded:  # noqa: PLR2004
                self.wait_for(Rung.ANSWER, waiting.offered_at + self.policy.answer)
            if self.trapped and waiting.level in {1, 2}:
                self.wait_for(self.after_silence(waiting), self.silent_at(waiting))

    def after_silence(self, waiting: _Waiting) -> Rung:
        asked = len(self.stations_asked())
        more = asked < min(self.policy.level2_stations, len(self.view.stations))
        return Rung.LEVEL2 if waiting.level == 1 or more else Rung.LEVEL3

    # --- arrival and release

    def arrivals(self) -> None:
        if not self.trapped:
            return
        view, policy = self.view, self.policy
        came = min((at for at in (view.on_scene_at, view.freed_at) if at), default=None)
        for rung, limit in (
            (Rung.TARGET_ARRIVAL, policy.target_arrival),
            (Rung.STATUTORY_ARRIVAL, policy.statutory_arrival),
        ):
            due = view.opened_at + limit
            if f"{rung}/1" in self.taken:
                continue
            if (came or self.now) <= due:
                if came is None:
                    self.wait_for(rung, due, inclusive=True)
                continue
            key = self.take(rung, due, "not_arrived" if came is None else "arrived_late")
            if key is None:
                continue
            self.missed.add(rung)
            late = Audience.SEAT if rung is Rung.TARGET_ARRIVAL else Audience.SUPERVISOR
            self.tell(key, rung, late)
            wanted = rung is Rung.TARGET_ARRIVAL and policy.level2_at_target_missed
            if wanted and came is None and self.rung == 1:
                self.ask_station(due, "target_missed")

    def release(self) -> None:
        if not self.trapped:
            return
        due = self.view.opened_at + self.policy.level3_by
        if self.level < 3 and f"{Rung.LEVEL3_URGED}/1" not in self.taken:  # noqa: PLR2004
            if self.now < due:
                self.wait_for(Rung.LEVEL3, due)
            elif key := self.take(Rung.LEVEL3_URGED, due, "not_freed"):
                self.tell(key, Rung.LEVEL3_URGED, Audience.SEAT)
                if self.policy.level3_automatic:
                    self.ask_public(due, "not_freed")
        for n, mark in enumerate(self.policy.freed_marks, start=1):
            due = self.view.opened_at + mark
            if self.now < due:
                self.wait_for(Rung.NOT_FREED, due)
            elif key := self.take(Rung.NOT_FREED, due, "not_freed", n):
                self.tell(key, Rung.NOT_FREED, Audience.SUPERVISOR)

    def aftermath(self) -> None:
        view = self.view
        freed_at = view.freed_at or view.opened_at
        for rung, limit, done_at, audience in (
            (Rung.CALLBACK, self.policy.callback, view.confirmed_at, Audience.SEAT),
            (Rung.CAUSE, self.policy.cause, view.cause_reported_at, Audience.TARGET),
        ):
            if done_at is not None or f"{rung}/1" in self.taken:
                continue
            due = freed_at + limit
            if self.now < due:
                self.wait_for(rung, due)
            elif key := self.take(rung, due, "overdue"):
                target = view.firm if audience is Audience.TARGET else None
                self.tell(key, rung, audience if target else Audience.SEAT, target)

    def decision(self) -> Decision:
        self.await_answers()
        first = min(self.timers, key=lambda timer: timer[0], default=None)
        return Decision(
            level=self.level,
            steps=tuple(self.steps),
            offers=tuple(self.offers),
            skipped=tuple(self.skipped),
            lapsed=tuple(self.lapsed),
            notices=tuple(self.notices),
            target_missed=Rung.TARGET_ARRIVAL in self.missed,
            statutory_missed=Rung.STATUTORY_ARRIVAL in self.missed,
            next=first[1] if first else None,
            wake_at=first[0] if first else None,
        )
