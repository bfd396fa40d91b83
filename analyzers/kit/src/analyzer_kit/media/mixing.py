"""The mix of several channels into one, in which nothing that one of them holds is cancelled by another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_ADOPT, _CHANGE = 2.0, 4.0
"""How much more energy another choice of signs must give: before there was any sound, and after."""

_FAINTEST = 1e-9
"""Mean power of -90 dBFS: from fainter sound nothing is concluded."""

_APART, _BOTH_SOUND = 0.2, 1e-3
"""Two channels hold different sound where they correlate less than this, and neither is 30 dB softer. Two microphones
of one device, and music, correlate more; the two sides of a call do not."""

_FADE = 320
"""Samples over which one choice fades into another: 20 ms, as no click."""


class Mixer:
    """Mixes channels with equal weight; one that is the mirror image of the loudest is turned over before.

    A microphone that is wired the wrong way round, and "wide" sound of some recorders, put the same voice into two
    channels with opposite signs: added, it is gone. Of two channels this takes the louder of middle and side.
    """

    def __init__(self) -> None:
        self._signs: NDArray[np.float32] | None = None
        self._products = np.zeros((2, 2))

    @property
    def apart(self) -> bool:
        """Whether what was mixed are two channels with different sound, such as the sides of a call."""
        left, right = self._products[0, 0], self._products[1, 1]
        sounding = min(left, right) > _BOTH_SOUND * max(left, right) > 0
        return bool(sounding and abs(self._products[0, 1]) < _APART * np.sqrt(left * right))

    def mix(self, channels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return one channel.

        Args:
            channels: channels x samples, of one stretch; the next one continues it.
        """
        count, size = channels.shape
        if count == 1:
            return channels.reshape(-1)
        before = self._signs if self._signs is not None and self._signs.size == count else None
        usual = np.ones(count, dtype=np.float32) if before is None else before
        covariance = channels @ channels.T / max(size, 1)
        if count == self._products.shape[0]:
            self._products += size * covariance
        turned = np.where(covariance[int(np.argmax(np.diag(covariance)))] < 0, -1, 1).astype(np.float32)
        now, then = (float(signs @ covariance @ signs) for signs in (turned, usual))
        if now / count**2 < _FAINTEST or now <= (_ADOPT if before is None else _CHANGE) * then:
            turned = usual
        mixed: NDArray[np.float32] = turned @ channels / np.float32(count)
        if before is not None and not np.array_equal(turned, before):
            fade = np.linspace(0, 1, min(_FADE, size), dtype=np.float32)
            old = before @ channels[:, : fade.size] / np.float32(count)
            mixed[: fade.size] = fade * mixed[: fade.size] + (1 - fade) * old
        if before is not None or now / count**2 >= _FAINTEST:
            self._signs = turned
        return mixed
