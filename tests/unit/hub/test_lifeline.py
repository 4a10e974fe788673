import os
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.errors import Unavailable
from hub import lifeline


def test_a_second_process_of_a_role_is_refused_and_told_which_has_it(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    held = lifeline.hold_role(run, "telemetry")
    with pytest.raises(Unavailable, match=rf"role telemetry runs .*process {os.getpid()}"):
        lifeline.hold_role(run, "telemetry")
    os.close(lifeline.hold_role(run, "rescue"))
    os.close(held)
    os.close(lifeline.hold_role(run, "telemetry"))


def test_a_second_hub_is_refused_and_told_which_has_the_folder(tmp_path: Path) -> None:
    held = lifeline.hold_folder(tmp_path, SystemClock())
    assert lifeline.is_held(tmp_path)
    with pytest.raises(Unavailable, match=rf"in use by another hub \(process {os.getpid()}\)"):
        lifeline.hold_folder(tmp_path, SystemClock())
    os.close(held)
    assert not lifeline.is_held(tmp_path)
