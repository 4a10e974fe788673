"""Every pair of colours that may stand on another keeps a contrast of 4.5 to 1, in both themes.

The pairs are read from the style sheet: an ink with a ground of its own is one pair; an ink without
one may stand on every ground that pages have.
"""

import re
from pathlib import Path

import pytest

STYLES = Path(__file__).parents[3] / "dashboard" / "static" / "css"
DARK = "@media screen and (prefers-color-scheme: dark)"
GROUNDS = ("bg", "surface", "raised")
# What a rule cannot tell: inks that its children bring, on grounds that its parents have.
NESTED = frozenset(
    {
        *(("text", f"{tone}-soft") for tone in ("accent", "danger", "warn", "ok", "unknown")),
        *(("accent", f"{tone}-soft") for tone in ("accent", "danger", "warn", "ok", "unknown")),
        ("muted", "unknown-soft"),
        ("ok", "unknown-soft"),
        ("danger", "unknown-soft"),
        ("on-picture", "picture"),
    }
)
SHADES = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl)a?\(")


def colours(theme: str) -> dict[str, str]:
    light, _, dark = (STYLES / "tokens.css").read_text(encoding="utf-8").partition(DARK)
    assert dark, "the dark theme has gone"
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))
    if theme == "dark":
        found |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", dark))
    return found


def rules() -> list[tuple[str, str]]:
    """Selector and declarations of every rule that holds no other."""
    text = re.sub(
        r"/\*.*?\*/", "", (STYLES / "app.css").read_text(encoding="utf-8"), flags=re.DOTALL
    )
    return re.findall(r"([^{}]+)\{([^{}]*)\}", text)


def used() -> set[tuple[str, str]]:
    pairs = set(NESTED)
    for _, declarations in rules():
        ink = re.search(r"(?<![a-z-])color: var\(--([a-z-]+)\)", declarations)
        ground = re.search(r"background(?:-color)?: var\(--([a-z-]+)\)", declarations)
        if ink:
            pairs |= {(ink[1], each) for each in ([ground[1]] if ground else GROUNDS)}
    return pairs - {("on-picture", ground) for ground in GROUNDS}


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_has_the_known_contrast() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_the_style_sheet_was_understood() -> None:
    assert {
        ("danger", "danger-soft"),
        ("on-accent", "accent"),
        ("on-danger", "danger"),
        ("muted", "surface"),
        ("text", "bg"),
    } <= used()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), sorted(used()))
def test_text_can_be_read_on_its_ground(theme: str, ink: str, ground: str) -> None:
    shown = colours(theme)
    assert contrast(shown[ink], shown[ground]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
def test_the_edge_of_a_control_can_be_seen(theme: str, ground: str) -> None:
    shown = colours(theme)
    assert contrast(shown["control-line"], shown[ground]) >= 3


def test_colours_stand_in_one_file_alone() -> None:
    assert not [selector for selector, declarations in rules() if SHADES.search(declarations)]


def test_text_that_pales_has_a_colour_of_its_own_instead() -> None:
    # Opacity would escape the reckoning above; a control that is switched off may use it.
    faded = [selector.strip() for selector, rest in rules() if re.search(r"\bopacity:", rest)]
    assert faded == ["button:disabled"]
