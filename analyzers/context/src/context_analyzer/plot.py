"""Who speaks when, and where the signs are, as the plot of a recording that was not decoded here."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from analyzer_contract import PLOT_WIDTH, Finding
from analyzer_kit.canvas import BOTTOM, CURVE, INK, LEFT, TOP, draw_axes, shade, x_of
from context_analyzer.transcript import Transcript

_HEIGHT = 196
_MOST_LANES = 6
_GAP = 8


def draw_turns(transcript: Transcript | None, findings: Sequence[Finding], title: str) -> bytes:
    """Return a PNG with a lane for each speaker, the strongest findings shaded.

    Args:
        transcript: None draws the empty axes.
        findings: those with a score are shaded.
        title: the line above the plot.
    """
    turns = transcript.turns if transcript else ()
    length = max(transcript.seconds if transcript else 0.0, 0.001)
    speakers = list(dict.fromkeys(turn.speaker for turn in turns))[:_MOST_LANES]
    base = TOP + _HEIGHT
    image = Image.new("RGB", (PLOT_WIDTH, base + BOTTOM), "white")
    draw = ImageDraw.Draw(image, "RGBA")
    font = ImageFont.load_default(13)
    shade(draw, font, [finding for finding in findings if finding.score], length, base)
    tall = _HEIGHT / max(len(speakers), 1)
    for lane, speaker in enumerate(speakers):
        top = TOP + lane * tall
        draw.text((LEFT - 6, top + tall / 2), speaker[-8:] or "speech", fill=INK, font=font, anchor="rm")
        for turn in turns:
            if turn.speaker == speaker:
                left, right = x_of(turn.start, length), x_of(turn.stop, length)
                draw.rectangle((left, top + _GAP, max(right, left + 1), top + tall - _GAP), fill=CURVE)
    draw_axes(draw, font, length, base)
    draw.text((LEFT, 6), title, fill=INK, font=ImageFont.load_default(15))
    target = io.BytesIO()
    image.save(target, format="PNG")
    return target.getvalue()
