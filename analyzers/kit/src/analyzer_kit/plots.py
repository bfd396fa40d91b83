"""A recording's timeline as a PNG: a curve over time, the stretches with evidence shaded, and small frames below."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from analyzer_contract import PLOT_WIDTH, Finding
from analyzer_kit.canvas import ACROSS, BOTTOM, CURVE, EMPTY, INK, LEFT, TOP, draw_axes, shade

_CURVE_HEIGHT, _CURVE_HEIGHT_OVER_FILM = 196, 90
_FILM_HEIGHT, _FILM_GAP = 104, 8
_FEWEST_FRAMES, _MOST_FRAMES = 3, 12
_KEPT = 4 * _MOST_FRAMES


Image.preinit()  # what Pillow would import when a picture is saved: a child can import nothing then


class Filmstrip:
    """At most 48 frames of a recording whose length is not known beforehand, about evenly spaced in time."""

    def __init__(self) -> None:
        self._frames: list[tuple[float, NDArray[np.uint8]]] = []
        self._step = 0.0

    def add(self, time: float, frame: NDArray[np.uint8]) -> None:
        """Take the next frame; most are dropped at once.

        Args:
            time: seconds, not falling.
            frame: height x width (gray) or height x width x 3 (RGB); copied if it is kept.
        """
        if self._frames and time < self._frames[-1][0] + self._step:
            return
        self._frames.append((time, frame.copy()))
        if len(self._frames) > _KEPT:
            self._frames = self._frames[::2]
            self._step = (self._frames[-1][0] - self._frames[0][0]) / (len(self._frames) - 1)

    def pictures(self, seconds: float) -> list[Image.Image]:
        """Return frames, in order, that fill a strip over ``seconds``: each the nearest to the middle of its part."""
        if not self._frames:
            return []
        height, width = self._frames[0][1].shape[:2]
        fitting = round(ACROSS / (_FILM_HEIGHT * width / height))
        count = min(max(fitting, _FEWEST_FRAMES), _MOST_FRAMES)
        times = np.array([time for time, _ in self._frames])
        middles = (seconds * (index + 0.5) / count for index in range(count))
        return [Image.fromarray(self._frames[int(np.abs(times - middle).argmin())][1]) for middle in middles]


def draw_timeline(
    target: Path,
    *,
    title: str,
    axis: str,
    seconds: float,
    low: NDArray[np.float32],
    high: NDArray[np.float32],
    findings: Sequence[Finding],
    film: Filmstrip | None = None,
) -> None:
    """Write the PNG. What lies within :data:`analyzer_contract.PLOT_MARGINS` has no words in it.

    Args:
        target: file to write.
        title: the line above the plot.
        axis: what the curve shows, with its unit.
        seconds: length of the recording.
        low: lower edge of the curve, evenly spaced over ``seconds``; any length ≥ 1.
        high: upper edge, same shape.
        findings: drawn as shaded stretches with their kinds and scores.
        film: frames to show below the curve.
    """
    length = max(seconds, 0.001)
    pictures = film.pictures(length) if film else []
    base = TOP + (_CURVE_HEIGHT_OVER_FILM if pictures else _CURVE_HEIGHT)
    bottom = base + _FILM_GAP + _FILM_HEIGHT if pictures else base
    image = Image.new("RGB", (PLOT_WIDTH, bottom + BOTTOM), "white")
    draw = ImageDraw.Draw(image, "RGBA")
    font = ImageFont.load_default(13)
    shade(draw, font, findings, length, base)
    _curve(draw, low, high, base)
    _film(image, pictures, base + _FILM_GAP)
    draw_axes(draw, font, length, bottom)
    draw.text((LEFT - 6, TOP), f"{float(high.max(initial=0.0)):.2g}", fill=INK, font=font, anchor="rt")
    draw.text((LEFT - 6, base), f"{float(low.min(initial=0.0)):.2g}", fill=INK, font=font, anchor="rb")
    draw.text((LEFT, 6), title, fill=INK, font=ImageFont.load_default(15))
    draw.text((6, (TOP + base) / 2), axis, fill=INK, font=font)
    with target.open("wb") as file:
        image.save(file, format="PNG")  # no time stamp inside: the same input gives the same bytes


def _curve(draw: ImageDraw.ImageDraw, low: NDArray[np.float32], high: NDArray[np.float32], base: int) -> None:
    floor, ceiling = float(low.min(initial=0.0)), float(high.max(initial=0.0))
    span = max(ceiling - floor, 1e-6)
    edges = np.linspace(0, low.size, ACROSS + 1).astype(int)
    height = base - TOP
    for column in range(ACROSS):
        first = min(edges[column], low.size - 1)
        part = slice(first, max(edges[column + 1], first + 1))
        top = TOP + height * (1 - (float(high[part].max()) - floor) / span)
        bottom = TOP + height * (1 - (float(low[part].min()) - floor) / span)
        draw.line((LEFT + column, top, LEFT + column, max(bottom, top + 1)), fill=CURVE)


def _film(image: Image.Image, pictures: Sequence[Image.Image], top: int) -> None:
    """Paste each picture into the middle of its equal part of the time, as large as fits."""
    for index, picture in enumerate(pictures):
        left, right = (LEFT + ACROSS * edge // len(pictures) for edge in (index, index + 1))
        image.paste(EMPTY, (left, top, right, top + _FILM_HEIGHT))
        scale = min((right - left) / picture.width, _FILM_HEIGHT / picture.height)
        fitted = picture.resize((max(round(picture.width * scale), 1), max(round(picture.height * scale), 1)))
        image.paste(fitted, (left + (right - left - fitted.width) // 2, top + (_FILM_HEIGHT - fitted.height) // 2))
