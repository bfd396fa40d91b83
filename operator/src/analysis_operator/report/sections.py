"""What the report is made of: the entry of each analysis in the status, with the result that was read for it."""

from __future__ import annotations

import base64
import struct
from dataclasses import dataclass

from analysis_operator.api import AnalysisStatus
from analyzer_contract import PLOT_MARGINS, PLOT_WIDTH, AnalysisReport

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
MOST_PIXELS = 8_000_000
"""A small file can unpack to a picture that no phone has memory for."""

_LEAST_HEIGHT = 120


@dataclass(frozen=True, slots=True)
class Plot:
    """An analyzer's picture: a PNG with its size in pixels."""

    png: bytes
    width: int
    height: int

    @property
    def crop(self) -> tuple[int, int, int, int]:
        """Return x, y, width and height of what lies on the recording's time axis, or of the whole plot."""
        left, top, right, bottom = PLOT_MARGINS
        if self.width != PLOT_WIDTH or self.height < max(_LEAST_HEIGHT, top + bottom + 1):
            return 0, 0, self.width, self.height
        return left, top, self.width - left - right, self.height - top - bottom

    @property
    def uri(self) -> str:
        """Return it as an address that needs no other file."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"


def read_plot(png: bytes) -> Plot | None:
    """Return the plot if the bytes begin as a PNG of at most ``MOST_PIXELS``, else None."""
    if not png.startswith(PNG_MAGIC) or png[12:16] != b"IHDR" or len(png) < 24:  # noqa: PLR2004 - up to the height
        return None
    width, height = struct.unpack(">II", png[16:24])
    return Plot(png, width, height) if 0 < width * height <= MOST_PIXELS else None


@dataclass(frozen=True, slots=True)
class Section:
    """One analysis: where it stands, its whole result and its plot if they could be read, and if not, why."""

    entry: AnalysisStatus
    result: AnalysisReport | None = None
    plot: Plot | None = None
    problem: str = ""
