"""The proof of ingest: say much, kill often, and read back what is kept.

One loop on one thread: it says a little, lets the supervisor look, kills what is due, and reads on
what the hub has committed. So the story follows from the seed and the number of messages said, and
not from how busy the machine is; only the instants differ.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from threading import Event

import msgspec

from core import failpoint
from core.clock import Clock
from core.errors import Unavailable
from hub import gauges
from hub.proof import books, draining, kills, stored
from hub.proof.aim import Aim, Outcome, Progress
from hub.proof.draining import Look
from hub.proof.kills import Kill, Outage
from hub.proof.site import Site, Wanted
from ingest.timeseries import spool
from simulators.crowd import Crowd

OUTSTANDING = 1_500  # what the broker has not taken yet
_SLICE = 200  # messages between two looks
_LOOK = timedelta(milliseconds=50)
_READ_S = 1.0
_EARLY = timedelta(milliseconds=300)
_BACK_WITHIN_S = 90.0
_PAUSE = timedelta(milliseconds=5)
_CODE = "overspeed"


class Proof:
    """One run. The site is the caller's to close."""

    def __init__(self, site: Site, wanted: Wanted, aim: Aim, clock: Clock) -> None:
        self._site, self._wanted, self._aim, self._clock = site, wanted, aim, clock
        self._never = Event()
        self._spooled = wanted.history is not None
        self._embedded = wanted.broker == "embedded"
        self._rows = stored.DayRows(site.folder.telemetry, wanted.lifts, spooled=self._spooled)
        self.progress = Progress()
        self._story: list[str] = []
        self._began = clock.monotonic()
        self._looked = self._read = 0.0
        self._looks: list[Look] = []
        self._back_within_s = _BACK_WITHIN_S + aim.away.total_seconds()
        self._kills: list[Kill] = []
        self._pending: _Pending | None = None
        self._outages: list[Outage] = []
        self._killed: dict[str, int] = {}
        self._raised: dict[str, tuple[int, int]] = {}
        self._numbers = count()  # of calls and conditions
        self._probes = count(1)
        half = wanted.lifts // 2
        self._callers: Iterator[int] = iter(range(half))
        self._raisers: Iterator[int] = iter(range(half, wanted.lifts))

    def run(self, show: Callable[[Progress], None]) -> Outcome:
        """Do it all. Raises Unavailable when something never starts, or time is over."""
        self._show = show
        self._told(f"seed {self._aim.seed}, {self._aim.messages} messages, {self._aim.kills} kills")
        crowd = self._meet()
        since = self._clock.now().timestamp()
        try:
            began = self._clock.monotonic()
            self._speak(crowd)
            said_in_s = self._clock.monotonic() - began
            self._settle(crowd)
            return self._judge(crowd, since, said_in_s, self._clock.monotonic() - began)
        finally:
            crowd.close()

    # Start.

    def _meet(self) -> Crowd:
        self._until(lambda: bool(self._site.broker()), "the broker")
        where = self._site.broker()
        if where is None:
            raise Unavailable("no broker")
        size, areas = self._wanted.lifts, self._wanted.areas
        crowd = Crowd(where.host, where.port, size, clock=self._clock, areas=areas)
        self._until(crowd.up.is_set, "the devices to be connected")
        # Before each lane has been there once, a broker has nobody to keep anything for.
        first = next(self._callers)

        def answered() -> bool:
            if crowd.unanswered or not crowd.answered:
                crowd.call(first, "call-first")
            return bool(crowd.answered)

        self._until(answered, "the emergency lane", every=_EARLY)
        crowd.answered.clear()
        crowd.called.clear()
        self._hear(crowd)
        return crowd

    def _hear(self, crowd: Crowd) -> None:
        """Until every city's telemetry is heard: words of another boot, that count for nothing."""
        before = self._rows.others.copy()

        def heard() -> bool:
            seq = next(self._probes)  # of each city's first gateway: without gaps
            for number in range(len(self._wanted.areas)):
                payload = {"ts": int(self._clock.now().timestamp() * 1000), "seq": seq}
                crowd.poison(number, "status", msgspec.json.encode({**payload, "boot": "probe"}))
            self._rows.read_on()
            return len(self._rows.others - before) == len(self._wanted.areas)

        self._until(heard, "telemetry to be heard", every=_EARLY)

    # Speak and kill.

    def _speak(self, crowd: Crowd) -> None:
        aim = self._aim
        targets = kills.targets(
            influx=self._spooled,
            influx_is_ours=self._site.has_influxd,
        )
        self._kills = list(kills.plan(aim.seed, aim.kills, aim.messages, targets))
        if aim.away:
            self._kills = [Kill(aim.messages // 4, kills.INFLUX)]
        calls = _evenly(aim.messages, aim.calls)
        conditions = _evenly(aim.messages, aim.conditions)
        began = self._clock.monotonic()
        self.progress.doing = "saying"
        said = 0
        while said < aim.messages or self._kills or self._pending:
            allowed = min(self._allowed(said), said + _SLICE)
            if aim.rate:
                allowed = min(allowed, int((self._clock.monotonic() - began) * aim.rate))
            if crowd.outstanding >= OUTSTANDING or said >= allowed:
                self._clock.wait(self._never, _PAUSE)
            while said < allowed and crowd.outstanding < OUTSTANDING:
                if calls and said >= calls[0]:
                    calls.pop(0)
                    self._call(crowd)
                if conditions and said >= conditions[0]:
                    conditions.pop(0)
                    self._condition(crowd)
                else:
                    crowd.status(said % self._wanted.lifts)
                said += 1
                self.progress.said = said
            self._turn(crowd)

    def _allowed(self, said: int) -> int:
        """A kill that waits for its turn lets nobody run ahead to the next."""
        waiting = self._kills[1:] if not self._pending else self._kills
        return waiting[0].at_message if waiting else max(self._aim.messages, said)

    def _call(self, crowd: Crowd) -> None:
        number = next(self._callers, None)
        if number is not None:
            crowd.call(number, f"call-{next(self._numbers)}")

    def _condition(self, crowd: Crowd) -> None:
        number = next(self._raisers, None)
        if number is None:
            return
        event_id = f"e{next(self._numbers)}"
        seq = crowd.say(number, "event", event_id=event_id, phase="begin", code=_CODE, floor=1)
        self._raised[event_id] = number, seq

    def _turn(self, crowd: Crowd | None) -> None:
        """Whatever is due."""
        now = self._clock.monotonic()
        if now - self._looked < _LOOK.total_seconds():
            return
        self._looked = now
        if now - self._began > self._aim.within.total_seconds():
            raise Unavailable(f"not done within {self._aim.within}: {self.progress.doing}")
        self._site.turn()
        if crowd is not None:
            crowd.chase()
            self.progress.answered = len(crowd.answered)
            self._kill_what_is_due(crowd)
        if now - self._read >= _READ_S:
            self._read_on()
            self._show(self.progress)
            self._read = self._clock.monotonic()

    def _read_on(self) -> None:
        self.progress.kept = self._rows.read_on()
        if self._spooled:
            shards = self._site.folder.shards().values()
            waiting = sum(spool.waiting(each).points for each in shards)
            self._looks.append(Look(self._clock.monotonic(), self.progress.kept, waiting))

    def _kill_what_is_due(self, crowd: Crowd) -> None:
        if self._pending is not None:
            self._look_for(self._pending)
            return
        if not self._kills or self.progress.said < self._kills[0].at_message:
            return
        target = self._kills[0].target
        mark = self._site.mark(target)
        if mark:  # else it is starting yet
            self._kill(crowd, self._kills.pop(0), mark)

    def _look_for(self, pending: "_Pending") -> None:
        if self._is_back(pending):
            self._back(pending)
            self._pending = None
        elif self._clock.monotonic() - pending.since > self._back_within_s:
            raise Unavailable(f"{pending.target} is not back after {self._back_within_s:.0f} s")

    def _kill(self, crowd: Crowd, kill: Kill, mark: int) -> None:
        target = kill.target
        self._pending = _Pending(target, mark, self._clock.monotonic())
        if target == kills.BROKER:
            now, saved_at = self._clock.now().timestamp(), self._site.saved_at()
            self._outages.append(Outage(saved_at, now, now, in_order=not self._embedded))
        if kill.named:
            self._pending.wish = failpoint.wish(self._site.wishes, target)
            if target.startswith("call."):
                self._call(crowd)
            elif target.startswith("handoff."):
                self._condition(crowd)
        else:
            self._site.kill(target, self._aim.away)
        self._killed[target] = self._killed.get(target, 0) + 1
        self.progress.killed += 1
        self._told(f"kill -9 {target} (process {mark}) after {self.progress.said} messages")

    def _is_back(self, pending: "_Pending") -> bool:
        if pending.wish is not None and pending.wish.exists():
            return False
        return self._site.mark(pending.target) not in {0, pending.mark}

    def _back(self, pending: "_Pending") -> None:
        took_s = self._clock.monotonic() - pending.since
        self._told(f"{pending.target} is back after {took_s:.1f} s")
        if pending.target == kills.BROKER:
            now = self._clock.now().timestamp()
            self._outages[-1] = replace(self._outages[-1], there_again_at=now)

    # Wait and judge.

    def _settle(self, crowd: Crowd) -> None:
        """A last word of every gateway, behind everything else; then nothing can be under way."""
        self._until(lambda: not crowd.outstanding, "the broker to take it all")
        self._hear(crowd)  # a broker that forgot its sessions would take the last words for nobody
        last = [crowd.status(n) for n in range(self._wanted.lifts)]
        self._until(lambda: not crowd.outstanding, "the broker to take the last words")
        self._until(lambda: not crowd.chase(), "every receipt")

        def all_heard() -> bool:
            return all(self._rows.tally.has(n, seq) for n, seq in enumerate(last))

        self._until(all_heard, "the hub to store the last words")
        if self._spooled:
            shards = self._site.folder.shards().values()
            self._until(
                lambda: not any(spool.waiting(each).points for each in shards),
                "InfluxDB to have it all",
            )
        rescued = lambda: not self._not_yet_raised()  # noqa: E731
        self._until(rescued, "every condition to be an alarm", within_s=60, must=False)

    def _not_yet_raised(self) -> Sequence[str]:
        lost = frozenset(
            (n, seq) for n, seq in self._raised.values() if not self._rows.tally.has(n, seq)
        )
        return books.conditions(self._raised, lost, stored.rescue(self._site.folder))

    def _judge(self, crowd: Crowd, since: float, said_in_s: float, kept_in_s: float) -> Outcome:
        self.progress.doing = "comparing"
        self._read_on()
        self._show(self.progress)
        tally, folder = self._rows.tally, self._site.folder
        found = books.telemetry(crowd, tally, self._outages)
        rescue = stored.rescue(folder)
        problems = [
            *found.problems,
            *books.calls(crowd, rescue),
            *books.conditions(self._raised, found.lost, rescue),
            *(f"{n} refused: {why}" for why, n in stored.refused(folder.telemetry).items()),
        ]
        if self._wanted.history is not None:
            there = stored.in_influx(self._wanted.history, self._wanted.lifts, since - 60)
            problems += books.same(tally, there)
        told = stored.figures(folder)
        balance = {
            area: gauges.unaccounted(told, "area", area, lane="telemetry")
            for area in told.by("hub_ingest_received_total", "area", lane="telemetry")
        }
        counted = int(told.total("hub_ingest_lost_before_hub_total"))
        problems += books.balanced(balance)
        problems += books.agreed(
            len(found.lost), counted, restarted=self._worker_died, in_order=not self._embedded
        )
        receipts_s = sorted(each.after_s for each in crowd.answered.values())
        drained = draining.drained(self._looks)
        if self._aim.away:
            problems += draining.judged(receipts_s, drained)
        lateness = sorted(
            received - said
            for each, kept in zip(crowd.said, tally.received_at, strict=True)
            for said, received in zip(each.at, kept, strict=False)
            if received
        )
        return Outcome(
            telemetry=found,
            figures={
                **told.by("hub_ingest_outcome_total", "outcome", lane="telemetry"),
                "received": told.total("hub_ingest_received_total", lane="telemetry"),
                "lost_before_hub": counted,
            },
            balance=balance,
            story=self._story,
            problems=problems,
            said_in_s=said_in_s,
            kept_in_s=kept_in_s,
            receipts_s=receipts_s,
            lateness_s=lateness,
            killed=self._killed,
            drained=drained,
        )

    @property
    def _worker_died(self) -> bool:
        """Whether a telemetry process was killed: it does not know what it had counted."""
        return any(kills.takes_telemetry(target) for target in self._killed)

    def _until(
        self,
        holds: Callable[[], bool],
        what: str,
        *,
        within_s: float = 300,
        must: bool = True,
        every: timedelta = _LOOK,
    ) -> None:
        self.progress.doing = f"waiting for {what}"
        deadline = self._clock.monotonic() + within_s
        while not holds():
            if self._clock.monotonic() > deadline:
                if must:
                    raise Unavailable(f"waited {within_s} s in vain for {what}")
                return
            self._turn(None)
            self._clock.wait(self._never, every)

    def _told(self, line: str) -> None:
        self._story.append(f"{self._clock.monotonic() - self._began:8.2f} s  {line}")

    @property
    def story(self) -> Sequence[str]:
        """What has happened until now."""
        return self._story


@dataclass(slots=True)
class _Pending:
    """A kill whose target is not back yet."""

    target: str
    mark: int
    since: float
    wish: Path | None = None


def _evenly(messages: int, number: int) -> list[int]:
    return [messages * n // number for n in range(number)] if number else []
