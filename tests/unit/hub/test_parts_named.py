"""Every part that must show signs of life has a name on the health page."""

from dashboard.checkup.processes import TITLES
from hub.parts import PARTS


def test_every_part_has_a_title() -> None:
    parts = {f"{role}.{part}" for role, parts in PARTS.items() for part in parts}
    assert parts <= set(TITLES)
