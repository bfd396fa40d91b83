"""A recording's timeline as a PNG: a curve over time, and the stretches with evidence shaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from analyzer_contract import Finding

_WIDTH, _HEIGHT = 1200, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 64, 40
_INK, _CURVE, _EVIDENCE = "#1f2933", "#3b6ea5", "#d64545"
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800)
_MOST_TICKS = 12
_LABEL_GAP, _LABEL_ROWS = 8, 2


def draw_timeline(
    target: Path,
    *,
    title: str,
    axis: str,
    seconds: float,
    low: NDArray[np.float32],
    high: NDArray[np.float32],
    findings: Sequence[Finding],
) -> None:
    """Writes the PNG.

    Args:
        target: file to write.
        title: the line above the plot.
        axis: what the curve shows, with its unit.
        seconds: length of the recording.
        low: lower edge of the curve, evenly spaced over ``seconds``; any length ≥ 1.
        high: upper edge, same shape.
        findings: drawn as shaded stretches with their kinds and scores.
    """
    image = Image.new("RGB", (_WIDTH, _HEIGHT), "white")
    draw = ImageDraw.Draw(image, "RGBA")
    font = ImageFont.load_default(13)
    length = max(seconds, 0.001)
    _shade(draw, font, findings, length)
    _curve(draw, low, high)
    _axes(draw, font, length)
    bottom, top = float(low.min(initial=0.0)), float(high.max(initial=0.0))
    draw.text((_LEFT - 6, _TOP), f"{top:.2g}", fill=_INK, font=font, anchor="rt")
    draw.text((_LEFT - 6, _HEIGHT - _BOTTOM), f"{bottom:.2g}", fill=_INK, font=font, anchor="rb")
    draw.text((_LEFT, 6), title, fill=_INK, font=ImageFont.load_default(15))
    draw.text((6, (_TOP + _HEIGHT - _BOTTOM) / 2), axis, fill=_INK, font=font)
    image.save(target, format="PNG")  # no time stamp inside: the same input gives the same bytes


def _x(second: float, length: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * min(max(second / length, 0.0), 1.0)


def _shade(
    draw: ImageDraw.ImageDraw,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    findings: Sequence[Finding],
    length: float,
) -> None:
    taken = [0.0] * _LABEL_ROWS
    for finding in sorted(findings, key=lambda each: each.start_seconds):
        left = _x(finding.start_seconds, length)
        right = max(_x(finding.end_seconds, length), left + 2)
        alpha = f"{40 + finding.score:02x}"
        draw.rectangle((left, _TOP, right, _HEIGHT - _BOTTOM), fill=_EVIDENCE + alpha)
        label = f"{finding.kind} {finding.score}"
        width = draw.textlength(label, font=font)
        at = min(left, _WIDTH - _RIGHT - width)
        row = next((row for row in range(_LABEL_ROWS) if at >= taken[row]), None)
        if row is not None:  # a label without room is left out; the shading stays
            draw.text((at, _TOP - 17 * (row + 1)), label, fill=_EVIDENCE, font=font)
            taken[row] = at + width + _LABEL_GAP


def _curve(draw: ImageDraw.ImageDraw, low: NDArray[np.float32], high: NDArray[np.float32]) -> None:
    columns = _WIDTH - _LEFT - _RIGHT
    floor, ceiling = float(low.min(initial=0.0)), float(high.max(initial=0.0))
    span = max(ceiling - floor, 1e-6)
    edges = np.linspace(0, low.size, columns + 1).astype(int)
    height = _HEIGHT - _TOP - _BOTTOM
    for column in range(columns):
        first = min(edges[column], low.size - 1)
        part = slice(first, max(edges[column + 1], first + 1))
        top = _TOP + height * (1 - (float(high[part].max()) - floor) / span)
        bottom = _TOP + height * (1 - (float(low[part].min()) - floor) / span)
        draw.line((_LEFT + column, top, _LEFT + column, max(bottom, top + 1)), fill=_CURVE)


def _axes(draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, length: float) -> None:
    base = _HEIGHT - _BOTTOM
    draw.line((_LEFT, base, _WIDTH - _RIGHT, base), fill=_INK)
    draw.line((_LEFT, _TOP, _LEFT, base), fill=_INK)
    step = next((each for each in _STEPS if length / each <= _MOST_TICKS), _STEPS[-1])
    for tick in range(int(length / step + 1e-9) + 1):
        x = _x(tick * step, length)
        draw.line((x, base, x, base + 5), fill=_INK)
        draw.text((x, base + 8), f"{tick * step:g}", fill=_INK, font=font, anchor="ma")
    draw.text((_WIDTH - _RIGHT, base + 22), "seconds", fill=_INK, font=font, anchor="ra")
