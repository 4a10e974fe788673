"""A drawn kitchen: tiles, hood, woks, steam and two cooks. Nothing in it was ever filmed.

Every motion has a period that divides the length of the loop, so the last picture leads into the
first one. The line on top names the camera and counts the seconds of the loop; it is no wall clock.
"""

import math
from dataclasses import dataclass

try:
    import cv2
    import numpy as np
    from numpy.typing import NDArray
except ImportError as error:  # the picture comes with the same extra that plays it
    raise ImportError("the simulated camera needs: pip install '.[video]'") from error

WIDTH = 640
HEIGHT = 360

Picture = NDArray[np.uint8]

_WALL = (222, 226, 224)
_GROUT = (196, 202, 200)
_STEEL = (168, 164, 160)
_DARK = (70, 68, 66)
_WOKS = ((170, 232), (320, 232), (470, 232))
_INK = (245, 245, 245)


@dataclass(frozen=True, slots=True)
class Look:
    """How one kitchen differs from the next: `name` is shown (ASCII), `tint` shifts its wall."""

    name: str
    tint: int = 0
    seconds: int = 20


def background(look: Look) -> Picture:
    """All that stands still, with a little sensor noise."""
    wall = tuple(max(0, channel - look.tint * 4) for channel in _WALL)
    canvas: Picture = np.full((HEIGHT, WIDTH, 3), wall, np.uint8)
    for x in range(0, WIDTH, 32):
        cv2.line(canvas, (x, 0), (x, 210), _GROUT, 1)
    for y in range(0, 210, 24):
        cv2.line(canvas, (0, y), (WIDTH, y), _GROUT, 1)
    hood = np.array([[90, 92], [550, 92], [600, 40], [40, 40]], np.int32)
    cv2.fillPoly(canvas, [hood], _STEEL)
    cv2.rectangle(canvas, (90, 92), (550, 100), _DARK, -1)
    cv2.rectangle(canvas, (60, 210), (580, 300), _STEEL, -1)
    cv2.rectangle(canvas, (60, 240), (580, 246), _DARK, -1)
    cv2.rectangle(canvas, (0, 300), (WIDTH, HEIGHT), (150, 158, 162), -1)
    for x, y in _WOKS:
        cv2.ellipse(canvas, (x, y), (44, 16), 0, 0, 180, _DARK, -1)
        cv2.ellipse(canvas, (x, y), (44, 9), 0, 0, 360, (40, 40, 40), 2)
    noise = np.random.default_rng(look.tint).integers(-4, 5, canvas.shape, np.int16)
    noisy: Picture = np.clip(canvas.astype(np.int16) + noise, 0, 255).astype(np.uint8)
    return noisy


def picture(ground: Picture, look: Look, at_s: float) -> Picture:
    """The kitchen `at_s` seconds into the loop, as BGR of shape (HEIGHT, WIDTH, 3)."""
    canvas = ground.copy()
    turn = 2 * math.pi * at_s / look.seconds
    for place, (x, y) in enumerate(_WOKS):
        _flame(canvas, x, y + 14, turn * 20 + place)
        _steam(canvas, x, y - 8, at_s, place)
    _cook(canvas, int(245 + 60 * math.sin(turn)), turn * 10)
    _cook(canvas, int(430 + 70 * math.sin(2 * turn + 1)), turn * 14)
    caption = f"{look.name}  DEMO LOOP {int(at_s):02d}/{look.seconds:02d} s"
    cv2.rectangle(canvas, (0, 0), (WIDTH, 20), (30, 30, 30), -1)
    cv2.putText(canvas, caption, (8, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.48, _INK, 1, cv2.LINE_AA)
    return canvas


def _flame(canvas: Picture, x: int, y: int, phase: float) -> None:
    for step in (-18, 0, 18):
        height = int(6 + 3 * math.sin(phase + step))
        tip = np.array([[x + step - 5, y + 8], [x + step + 5, y + 8], [x + step, y + 8 - height]])
        cv2.fillPoly(canvas, [tip.astype(np.int32)], (60, 150, 250))


def _steam(canvas: Picture, x: int, y: int, at_s: float, place: int) -> None:
    for puff in range(4):
        age = (at_s / 2 + puff / 4 + place / 3) % 1.0  # a puff lives two seconds
        centre = (int(x + 10 * math.sin(6 * age + puff)), int(y - 110 * age))
        radius = int(6 + 14 * age)
        top, left = max(0, centre[1] - radius), max(0, centre[0] - radius)
        patch = canvas[top : centre[1] + radius, left : centre[0] + radius]
        if patch.size:
            cloud = patch.copy()
            cv2.circle(cloud, (centre[0] - left, centre[1] - top), radius, (252, 252, 252), -1)
            weight = 0.7 * (1 - age)
            cv2.addWeighted(cloud, weight, patch, 1 - weight, 0, dst=patch)


def _cook(canvas: Picture, x: int, swing: float) -> None:
    head = (x, 150)
    reach = int(14 * math.sin(swing))
    cv2.rectangle(canvas, (x - 26, 176), (x + 26, 300), (240, 240, 240), -1)
    cv2.line(canvas, (x - 24, 190), (x - 40 + reach, 226), (235, 235, 235), 12)
    cv2.line(canvas, (x + 24, 190), (x + 40 + reach, 226), (235, 235, 235), 12)
    cv2.circle(canvas, head, 22, (160, 190, 225), -1)
    cv2.rectangle(canvas, (x - 20, 152), (x + 20, 170), (250, 225, 190), -1)
    cv2.rectangle(canvas, (x - 22, 108), (x + 22, 138), (252, 252, 252), -1)
    cv2.ellipse(canvas, (x, 110), (26, 12), 0, 0, 360, (252, 252, 252), -1)
