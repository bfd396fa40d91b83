"""What each frame was stored in: where the picture leaps, and nothing more was stored than elsewhere, there is no cut.

A frame that is predicted from the one before needs more bytes the more it differs from it. Where bytes on the way were
damaged and the decoder did not notice, as VP9's and AV1's do not, it shows what was never stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import Finding

_AROUND, _FEWEST = 25, 10
_MORE = 1.3
"""How many times as large as usual a frame is, at least, with which a scene goes on behind a stretch that was cut out:
1.58 in 19 clips of the evaluation that are stored in order (VP9, MPEG-4)."""

_AHEAD = 3.0
"""Where an earlier one is so many times as large as usual, what a frame shows may have been stored ahead (VP9's
alternate references)."""


class Stored(NamedTuple):
    """In how many bytes frames were stored.

    Attributes:
        sizes: of each frame, 0 where that is not known; empty if it is not known of any.
        keys: frames that are predicted from none.
    """

    sizes: Sequence[int]
    keys: Sequence[int]

    def brings_nothing(self, frame: int) -> bool:
        """Return whether a predicted frame is no larger than those around it, so that it cannot show anything new."""
        if frame >= len(self.sizes) or not self.sizes[frame] or frame in self.keys:
            return False
        before, after = self._predicted(frame - _AROUND, frame), self._predicted(frame + 1, frame + _AROUND + 1)
        if len(before) + len(after) < _FEWEST:
            return False
        usual = float(np.median([*before, *after]))
        return self.sizes[frame] < _MORE * usual and max(before, default=0) < _AHEAD * usual

    def _predicted(self, first: int, end: int) -> list[int]:
        frames = range(max(first, 0), min(end, len(self.sizes)))
        return [self.sizes[at] for at in frames if at not in self.keys and self.sizes[at]]


NOT_KNOWN = Stored((), ())


def leap_without_data(times: NDArray[np.float64], frame: int) -> Finding:
    """Return that the picture leaps at ``frame``, for which nothing was stored."""
    return Finding(
        kind="LeapWithoutData",
        start_seconds=round(float(times[frame - 1]), 3),
        end_seconds=round(float(times[frame]), 3),
        score=0,
        message=(
            "The picture leaps, but no more was stored for it than for its neighbours, as where bytes were damaged and "
            "the decoder did not notice. That is a fact and no evidence."
        ),
    )
