"""Which frames of a recording's sound hold speech, by the kit's network for voice activity."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from analyzer_kit.voice_activity import FRAME_SAMPLES as _FRAME
from analyzer_kit.voice_activity import VoiceMeter, speech_stretches
from audio_analyzer.levels import FRAME_SAMPLES, FRAME_SECONDS, sound_frames
from audio_analyzer.reading import AudioReading

_WINDOW_SECONDS = 4.0

type SpeechFrames = Callable[[AudioReading], NDArray[np.bool_]]
"""Says which frames of 10 ms of a reading hold speech."""


def speech_frames(reading: AudioReading) -> NDArray[np.bool_]:
    """Return which frames of 10 ms hold speech, pauses between words left out; for :meth:`AudioReading.computed`."""
    sound = reading.computed(sound_frames)
    return within(speech_stretches(reading.measured(VoiceMeter)), sound.size) & sound


def within(stretches: list[tuple[int, int]], size: int) -> NDArray[np.bool_]:
    """Return which of ``size`` frames of 10 ms lie in stretches of frames of 32 ms."""
    mask = np.zeros(size, dtype=np.bool_)
    for start, end in stretches:
        mask[start * _FRAME // FRAME_SAMPLES : -(-end * _FRAME // FRAME_SAMPLES)] = True
    return mask


def densest_seconds(speech: NDArray[np.bool_]) -> float:
    """Return how much speech the stretch of four seconds holds that holds most: as long are the models' windows."""
    until = np.concatenate([[0], np.cumsum(speech)])
    size = min(round(_WINDOW_SECONDS / FRAME_SECONDS), speech.size)
    return float((until[size:] - until[: until.size - size]).max()) * FRAME_SECONDS
