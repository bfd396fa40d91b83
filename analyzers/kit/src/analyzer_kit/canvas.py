"""What every plot of a recording shares: its size, its time axis, and the stretches with evidence."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import ImageDraw, ImageFont

from analyzer_contract import PLOT_MARGINS, PLOT_WIDTH, Finding

LEFT, TOP, RIGHT, BOTTOM = PLOT_MARGINS
ACROSS = PLOT_WIDTH - LEFT - RIGHT
INK, CURVE, EVIDENCE, EMPTY = "#1f2933", "#3b6ea5", "#d64545", "#d9dee6"
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800)
_MOST_TICKS = 12
_LABEL_GAP, _LABEL_ROWS = 8, 2

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def x_of(second: float, length: float) -> float:
    """Return where a second lies, in pixels from the left."""
    return LEFT + ACROSS * min(max(second / length, 0.0), 1.0)


def shade(draw: ImageDraw.ImageDraw, font: Font, findings: Sequence[Finding], length: float, base: int) -> None:
    """Shade the stretches with evidence down to ``base``, each with its kind and score above."""
    taken = [0.0] * _LABEL_ROWS
    for finding in sorted(findings, key=lambda finding: finding.start_seconds):
        left = x_of(finding.start_seconds, length)
        right = max(x_of(finding.end_seconds, length), left + 2)
        alpha = f"{40 + finding.score:02x}"
        draw.rectangle((left, TOP, right, base), fill=EVIDENCE + alpha)
        label = f"{finding.kind} {finding.score}"
        width = draw.textlength(label, font=font)
        at = min(left, PLOT_WIDTH - RIGHT - width)
        row = next((row for row in range(_LABEL_ROWS) if at >= taken[row]), None)
        if row is not None:  # a label without room is left out; the shading stays
            draw.text((at, TOP - 17 * (row + 1)), label, fill=EVIDENCE, font=font)
            taken[row] = at + width + _LABEL_GAP


def draw_axes(draw: ImageDraw.ImageDraw, font: Font, length: float, base: int) -> None:
    """Draw the time axis at ``base``, with ticks in seconds."""
    draw.line((LEFT, base, PLOT_WIDTH - RIGHT, base), fill=INK)
    draw.line((LEFT, TOP, LEFT, base), fill=INK)
    step = next((step for step in _STEPS if length / step <= _MOST_TICKS), _STEPS[-1])
    for tick in range(int(length / step + 1e-9) + 1):
        x = x_of(tick * step, length)
        draw.line((x, base, x, base + 5), fill=INK)
        draw.text((x, base + 8), f"{tick * step:g}", fill=INK, font=font, anchor="ma")
    draw.text((PLOT_WIDTH - RIGHT, base + 22), "seconds", fill=INK, font=font, anchor="ra")
