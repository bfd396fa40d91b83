"""A moving scene, drawn: a slowly panning textured backdrop, two things that move in their own ways, and camera noise.

Nothing in it is periodic, so no frame shows twice what an earlier one showed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, FRAMES_PER_SECOND = 480, 270, 25
_MARGIN = 320
Gray = NDArray[np.uint8]


class Scene:
    """Frame ``n`` is a pure function of ``n`` and the seed, camera noise included."""

    def __init__(self, seed: int = 3, *, speed: float = 1.0, noise: float = 2.0) -> None:
        self._seed = seed
        self._speed = speed
        self._noise = noise
        rng = np.random.default_rng(seed)
        self._backdrop = _texture(rng, HEIGHT + 2 * _MARGIN, WIDTH + 2 * _MARGIN, 90, 70)
        self._things = [_texture(rng, 90, 70, 150, 60), _texture(rng, 60, 110, 60, 60)]

    def frames(self, numbers: Iterable[int]) -> Iterator[Gray]:
        """The frames of these numbers, in this order: ``HEIGHT`` x ``WIDTH``, gray."""
        return (self.frame(number) for number in numbers)

    def frame(self, number: int) -> Gray:
        """One frame."""
        t = number / FRAMES_PER_SECOND * self._speed
        left = _MARGIN + int(24 * t + 9 * np.sin(1.3 * t + 0.2 * t * t))
        top = _MARGIN + int(14 * np.sin(0.37 * t) + 5 * np.sin(1.9 * t))
        picture = self._backdrop[top : top + HEIGHT, left : left + WIDTH].copy()
        _paste(picture, self._things[0], 40 + 46 * t, 60 + 30 * np.sin(0.9 * t + 0.05 * t * t))
        _paste(picture, self._things[1], 330 - 33 * t, 150 + 26 * np.cos(0.71 * t))
        rng = np.random.default_rng((self._seed, number))
        picture = picture + rng.normal(0, self._noise, picture.shape)
        return np.clip(picture, 0, 255).astype(np.uint8)


def _texture(
    rng: np.random.Generator, height: int, width: int, mean: float, contrast: float
) -> NDArray[np.float64]:
    """Noise at several scales, as walls, leaves and clothes have."""
    total = np.zeros((height, width))
    for cell in (6, 17, 45):
        coarse = rng.normal(0, 1, (height // cell + 2, width // cell + 2))
        total += np.kron(coarse, np.ones((cell, cell)))[:height, :width]
    return mean + contrast / 3 * total


def _paste(picture: NDArray[np.float64], thing: NDArray[np.float64], left: float, top: float) -> None:
    x, y = int(left), int(top)
    height, width = thing.shape
    rows = slice(max(y, 0), min(y + height, picture.shape[0]))
    columns = slice(max(x, 0), min(x + width, picture.shape[1]))
    if rows.start < rows.stop and columns.start < columns.stop:
        picture[rows, columns] = thing[rows.start - y : rows.stop - y, columns.start - x : columns.stop - x]
