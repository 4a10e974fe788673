"""Start the processes, keep them running, stop them in order.

A child that ends is started again after a back-off; one that ended too often within the budget's
window is tried once a minute and said aloud, so that a room that keeps failing costs no other
room anything. The order of `roles` is the order of starting. All are told to stop at once, but for
those that others lean on: they stop when the others are gone.
"""

import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import BinaryIO

from core import log
from core.backoff import delay
from core.clock import Clock
from hub.parts import Listener

BUDGET = 8
WINDOW_S = 120.0
OVER_BUDGET_S = 60.0
STOP_WITHIN_S = 8.0
BACK_OFF = timedelta(milliseconds=300)
BACK_OFF_CAP = timedelta(seconds=10)
_TURN = timedelta(milliseconds=100)

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Role:
    """A process to keep: its command, its priority, and what must hold before it can start."""

    name: str
    command: tuple[str, ...]
    niceness: int = 0
    leaned_on: bool = False
    may_start: Callable[[], bool] = field(default=lambda: True)


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a child may end before it is tried but once a minute, and how soon it is before."""

    budget: int = BUDGET
    back_off_cap: timedelta = BACK_OFF_CAP


PATIENT = Patience()


class _Child:
    def __init__(self, role: Role, budget: int) -> None:
        self.role = role
        self.process: subprocess.Popen[bytes] | None = None
        self.starts: deque[float] = deque(maxlen=budget)
        self.failures = 0
        self.due = 0.0


class Supervisor:
    """Keeps one process of every role until told to stop."""

    def __init__(
        self,
        roles: Sequence[Role] | Callable[[], Sequence[Role]],
        *,
        environment: Mapping[str, str],
        clock: Clock,
        listener: Listener,
        patience: Patience = PATIENT,
        output: BinaryIO | None = None,
        bury: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`output` takes what the children write; without it they write where we do.

        `bury` is told the number of every process that has ended.

        `roles` may be a function, asked at every turn: what is not among them is stopped.
        """
        self._patience = patience
        self._bury = bury
        self._output = output
        self._listener = listener
        self._roles = roles if callable(roles) else None
        self._children = [self._child(role) for role in (roles() if callable(roles) else roles)]
        self._environment = dict(environment)
        self._clock = clock

    def run(self, stop: threading.Event) -> None:
        """Keep every role running until `stop`; on return none is left."""
        try:
            while not stop.is_set():
                self.run_once()
                self._clock.wait(stop, _TURN)
        finally:
            self._stop_all()

    def run_once(self) -> None:
        """Start what is due, notice what has ended, end what hangs."""
        now = self._clock.monotonic()
        self._listener.look(now)
        if self._roles is not None:
            self._follow(self._roles())
        for child in self._children:
            self._end_if_it_hangs(child)
            if child.process is not None and child.process.poll() is not None:
                self._ended(child, now)
            if child.process is None and now >= child.due and child.role.may_start():
                self._start(child, now)

    def _child(self, role: Role) -> _Child:
        return _Child(role, self._patience.budget)

    def _follow(self, roles: Sequence[Role]) -> None:
        wanted = {role.name: role for role in roles}
        gone = [child for child in self._children if child.role.name not in wanted]
        if gone:
            self._stop(gone)
            for child in gone:
                self._listener.forget(child.role.name)
                _log.info("process_not_needed", role=child.role.name)
        kept = {child.role.name: child for child in self._children if child not in gone}
        self._children = [kept.get(name) or self._child(role) for name, role in wanted.items()]

    def pids(self) -> dict[str, int]:
        """The process of every role that runs."""
        return {c.role.name: c.process.pid for c in self._children if c.process is not None}

    def _start(self, child: _Child, now: float) -> None:
        role = child.role
        child.starts.append(now)
        self._listener.forget(role.name)
        # A group of its own: Ctrl-C reaches only us, and we stop the children in order.
        child.process = subprocess.Popen(  # noqa: S603  (our own command)
            role.command,
            stdin=subprocess.PIPE,
            stdout=self._output,
            stderr=self._output,
            env=self._environment,
            process_group=0,
        )
        if role.niceness:
            try:
                os.setpriority(os.PRIO_PROCESS, child.process.pid, role.niceness)
            except OSError as error:
                _log.warning("priority_not_set", role=role.name, error=str(error))

    def _end_if_it_hangs(self, child: _Child) -> None:
        hanging = self._listener.hanging(child.role.name)
        if child.process is None or hanging is None:
            return
        part, silent = hanging
        _log.error(
            "process_hangs",
            role=child.role.name,
            part=part,
            silent_s=round(silent.total_seconds()),
            does="killed, and started again",
        )
        child.process.kill()  # a stopped process hears nothing else
        child.process.wait()

    def _ended(self, child: _Child, now: float) -> None:
        process, child.process = child.process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        self._bury(process.pid)
        if now - child.starts[-1] > WINDOW_S:
            child.failures = 0
        child.failures += 1
        self._listener.forget(child.role.name)
        over = len(child.starts) == self._patience.budget and now - child.starts[0] < WINDOW_S
        pause = delay(child.failures, base=BACK_OFF, cap=self._patience.back_off_cap, jitter=1.0)
        wait_s = OVER_BUDGET_S if over else pause.total_seconds()
        child.due = now + wait_s
        _log.error(
            "process_ended",
            role=child.role.name,
            status=process.returncode,
            again_in_s=round(wait_s, 1),
            over_budget=over,
        )

    def _stop_all(self) -> None:
        for leaned_on in (False, True):
            self._stop([c for c in self._children if c.role.leaned_on is leaned_on])

    def _stop(self, children: Sequence[_Child]) -> None:
        deadline = self._clock.monotonic() + STOP_WITHIN_S
        running = [(c.role.name, c.process) for c in children if c.process is not None]
        for _, process in running:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for name, process in running:
            try:
                process.wait(max(0.0, deadline - self._clock.monotonic()))
            except subprocess.TimeoutExpired:
                _log.warning("process did not stop in time", role=name)
                process.kill()
                process.wait()
            if process.stdin is not None:
                process.stdin.close()
            self._bury(process.pid)
        for child in children:
            child.process = None
