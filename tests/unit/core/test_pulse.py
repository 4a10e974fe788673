from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.pulse import Beat, Pulse, forget, heard
from tests.support.machine import Machine


def test_a_part_that_fails_goes_round_and_one_that_hangs_does_not(tmp_path: Path) -> None:
    machine = Machine(datetime(2026, 11, 23, tzinfo=UTC))
    began = machine.ticks()
    engine = Pulse(tmp_path / "rescue.engine", machine.ticks)
    assert heard(tmp_path) == {}  # it starts: nothing has been said yet
    machine.run(timedelta(seconds=5))
    engine.beat()
    machine.step(timedelta(hours=-1))  # no matter
    machine.run(timedelta(seconds=7))
    engine.turned()
    assert heard(tmp_path) == {"rescue.engine": Beat(began + 12, began + 5)}
    machine.run(timedelta(seconds=8))
    assert heard(tmp_path)["rescue.engine"].silent_s(machine.ticks()) == 15.0


def test_what_a_former_process_has_said_is_forgotten(tmp_path: Path) -> None:
    for part in ("rescue.engine", "rescue.lane", "web.pages"):
        pulse = Pulse(tmp_path / part)
        pulse.beat()
        pulse.close()
        pulse.beat()  # nothing more is written
    forget(tmp_path, "rescue")
    assert set(heard(tmp_path)) == {"web.pages"}


def test_a_pulse_without_a_file_writes_nowhere(tmp_path: Path) -> None:
    Pulse().beat()
    assert heard(tmp_path / "none") == {}
