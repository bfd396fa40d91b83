"""How a picture is turned and mirrored before it is shown: phones store it as the sensor gives it."""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame
from numpy.typing import NDArray

_MATRIX = struct.Struct("=9i")


class Turn(NamedTuple):
    """Rows and columns are exchanged first; then the picture is mirrored.

    Attributes:
        quarter: whether width and height are exchanged.
        right_to_left: whether it is mirrored along its width.
        upside_down: whether it is mirrored along its height.
    """

    quarter: bool = False
    right_to_left: bool = False
    upside_down: bool = False

    def shown(self, width: int, height: int) -> tuple[int, int]:
        """Return the size as a person sees it; the same the other way round."""
        return (height, width) if self.quarter else (width, height)

    def apply(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return ``picture`` as a person sees it."""
        if self == UPRIGHT:
            return picture
        turned = picture.T if self.quarter else picture
        return np.ascontiguousarray(turned[:: -1 if self.upside_down else 1, :: -1 if self.right_to_left else 1])


UPRIGHT = Turn()


def turn_of(frame: VideoFrame) -> Turn:
    """Return how ``frame`` is to be turned, by the matrix of its container (ISO 14496-12, 8.3.2) or its own.

    The matrix is rounded to quarters: others are for effects that players do not show either.
    """
    data = bytes(frame.side_data[Type.DISPLAYMATRIX]) if Type.DISPLAYMATRIX in set(frame.side_data) else b""
    if len(data) < _MATRIX.size:
        return UPRIGHT
    across, down, _, back_across, back_down, *_ = _MATRIX.unpack_from(data)
    if abs(down) + abs(back_across) > abs(across) + abs(back_down):
        return Turn(quarter=True, right_to_left=back_across < 0, upside_down=down < 0)
    return Turn(right_to_left=across < 0, upside_down=back_down < 0)
