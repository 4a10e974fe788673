"""Each part of the rescue process shows that it lives, and that it works."""

import threading
from datetime import timedelta
from pathlib import Path

from alerts.rounds import go_round
from core.pulse import Pulse, heard
from tests.support.machine import Machine, MachineClock
from tests.support.rescue import START


def test_rounds_that_fail_turn_and_do_not_beat(tmp_path: Path) -> None:
    machine, stop = Machine(START), threading.Event()
    rounds = 0

    def work() -> int:
        nonlocal rounds
        rounds += 1
        if rounds >= 5:
            stop.set()
        if rounds > 2:
            raise OSError("no space left")
        return 0

    pulse = Pulse(tmp_path / "rescue.engine", machine.ticks)
    rest = timedelta(seconds=1)
    go_round("engine", work, stop, MachineClock(machine), rest=rest, pulse=pulse)
    beat = heard(tmp_path)["rescue.engine"]
    assert rounds == 5
    assert beat.turned > beat.done > 0
