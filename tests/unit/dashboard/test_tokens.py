"""Every pair of colours that may stand on another keeps a contrast of 4.5 to 1, in both themes."""

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[3] / "dashboard" / "static" / "css" / "tokens.css"
GROUNDS = ("bg", "surface", "raised")
PAIRS = [
    *(
        (ink, ground)
        for ink in ("text", "muted", "accent", "danger", "warn", "ok")
        for ground in GROUNDS
    ),
    *((ink, f"{ink}-soft") for ink in ("accent", "danger", "warn", "ok", "unknown")),
    *(("text", f"{ground}-soft") for ground in ("accent", "danger", "warn", "ok")),
    ("muted", "unknown-soft"),
    ("ok", "unknown-soft"),
    ("on-accent", "accent"),
    ("on-danger", "danger"),
]


def colours(theme: str) -> dict[str, str]:
    light, _, dark = TOKENS.read_text(encoding="utf-8").partition(
        "@media (prefers-color-scheme: dark)"
    )
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))
    if theme == "dark":
        found |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", dark))
    return found


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_has_the_known_contrast() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_text_can_be_read_on_its_ground(theme: str, ink: str, ground: str) -> None:
    shown = colours(theme)
    assert contrast(shown[ink], shown[ground]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_edge_of_a_control_can_be_seen(theme: str) -> None:
    shown = colours(theme)
    assert contrast(shown["control-line"], shown["surface"]) >= 3
