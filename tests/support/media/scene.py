"""A moving scene, drawn: a slowly panning backdrop, two things that move in their own ways, and camera noise.

Nothing in it is periodic, so no frame shows what an earlier one showed. The textures have the spectrum of natural
pictures (amplitude falls with frequency: Field, J. Opt. Soc. Am. A 4, 1987) and move by fractions of pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import overload

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, FRAMES_PER_SECOND = 480, 270, 25
_MARGIN = 320
Gray = NDArray[np.uint8]
Picture = NDArray[np.float64]


class Scene:
    """Frame ``n`` is a pure function of ``n`` and the seed, camera noise included.

    Args:
        seed: another number gives another place.
        pan: how fast the camera pans; 0 is a tripod.
        speed: how fast things move; 0 is a still life.
        noise: standard deviation of the camera's noise in gray levels.
    """

    def __init__(self, seed: int = 3, *, pan: float = 1.0, speed: float = 1.0, noise: float = 2.0) -> None:
        self._seed = seed
        self._pan = pan
        self._speed = speed
        self._noise = noise
        rng = np.random.default_rng(seed)
        self._backdrop = _texture(rng, HEIGHT + 2 * _MARGIN, WIDTH + 2 * _MARGIN, 100, 40)
        self._things = [_texture(rng, 110, 80, 175, 30), _texture(rng, 70, 120, 50, 30)]

    def frames(self, numbers: Iterable[int]) -> Iterator[Gray]:
        """Return the frames of these numbers, in this order: ``HEIGHT`` x ``WIDTH``, gray."""
        return (self.frame(number) for number in numbers)

    def frame(self, number: int) -> Gray:
        """Return one frame."""
        t = number / FRAMES_PER_SECOND
        p, s = t * self._pan, t * self._speed
        left = _MARGIN + 24 * p + 9 * np.sin(1.3 * p + 0.2 * p * p)
        top = _MARGIN + 14 * np.sin(0.37 * p) + 5 * np.sin(1.9 * p)
        picture = _window(self._backdrop, left, top, WIDTH, HEIGHT)
        _paste(picture, self._things[0], 30 + 38 * s + 12 * np.sin(1.1 * s), 60 + 30 * np.sin(0.9 * s + 0.05 * s * s))
        _paste(picture, self._things[1], 330 - 33 * s, 150 + 26 * np.cos(0.71 * s))
        rng = np.random.default_rng((self._seed, number))
        picture += rng.normal(0, self._noise, picture.shape)
        return np.clip(picture, 0, 255).astype(np.uint8)


class Shots(Sequence[Gray]):
    """The first frames of a scene at half their size, drawn when one is first looked at.

    So a test module may name them at its top: each process of a test run imports every module.
    """

    def __init__(self, count: int, seed: int, *, pan: float = 1.0, speed: float = 1.0) -> None:
        self._count, self._seed, self._pan, self._speed = count, seed, pan, speed

    @cached_property
    def _frames(self) -> list[Gray]:
        scene = Scene(self._seed, pan=self._pan, speed=self._speed)
        return [frame[::2, ::2].copy() for frame in scene.frames(range(self._count))]

    @overload
    def __getitem__(self, place: int) -> Gray: ...
    @overload
    def __getitem__(self, place: slice) -> list[Gray]: ...
    def __getitem__(self, place: int | slice) -> Gray | list[Gray]:
        return self._frames[place]

    def __len__(self) -> int:
        return self._count


def _texture(rng: np.random.Generator, height: int, width: int, mean: float, contrast: float) -> Picture:
    white = np.fft.rfft2(rng.normal(0, 1, (height, width)))
    down, across = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]
    frequency = np.maximum(np.hypot(down, across), 1 / 200)
    picture = np.fft.irfft2(white / frequency**1.2, (height, width))
    return mean + contrast * (picture - picture.mean()) / picture.std()


def _window(picture: Picture, left: float, top: float, width: int, height: int) -> Picture:
    """Return a part of ``picture`` at fractional coordinates, interpolated linearly."""
    x, y = int(np.floor(left)), int(np.floor(top))
    fx, fy = left - x, top - y
    part = picture[y : y + height + 1, x : x + width + 1]
    rows = part[:-1] * (1 - fy) + part[1:] * fy
    return np.asarray(rows[:, :-1] * (1 - fx) + rows[:, 1:] * fx)


def _paste(picture: Picture, thing: Picture, left: float, top: float) -> None:
    x, y = int(np.floor(left)), int(np.floor(top))
    height, width = thing.shape[0] - 1, thing.shape[1] - 1
    moved = _window(np.pad(thing, 1, mode="edge"), 1 - (left - x), 1 - (top - y), width, height)
    rows = slice(max(y, 0), min(y + height, picture.shape[0]))
    columns = slice(max(x, 0), min(x + width, picture.shape[1]))
    if rows.start < rows.stop and columns.start < columns.stop:
        picture[rows, columns] = moved[rows.start - y : rows.stop - y, columns.start - x : columns.stop - x]
