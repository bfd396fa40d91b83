"""Sound as blocks of samples: 16 kHz, mono, float32, never the whole recording at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from analyzer_contract import MediaFacts
from analyzer_kit.analysis import Caps
from analyzer_kit.coverage import WHOLE, Coverage
from analyzer_kit.media.container import first_sound, opened, require_complete, stated_seconds, too_long
from analyzer_kit.media.decoding import frames_of

SAMPLE_RATE = 16_000
_BLOCK_SECONDS = 10

Samples = NDArray[np.float32]


@dataclass
class AudioReader:
    """The decoder of one recording's sound; :attr:`facts` are complete once :meth:`blocks` is exhausted."""

    recording: Path
    caps: Caps
    facts: MediaFacts = field(default_factory=MediaFacts)
    stated: float | None = None
    coverage: Coverage = WHOLE
    _reached: float = 0.0

    def blocks(self) -> Iterator[Samples]:
        """Yield blocks of up to ten seconds of mono samples at 16 kHz, in [-1, 1], in order.

        Raises:
            AnalysisError: NoAudioStream, UnsupportedMedia, CorruptMedia, or MediaTooLarge.
        """
        with opened(self.recording, self.caps) as container:
            stream = first_sound(container)
            self.stated = stated_seconds(container, stream)
            total = 0
            pending: list[Samples] = []
            waiting = 0
            for samples in _resampled(self._watched(frames_of(container, stream))):
                pending.append(samples)
                waiting += samples.size
                total += samples.size
                if total > self.caps.max_duration_seconds * SAMPLE_RATE:
                    raise too_long(total / SAMPLE_RATE, self.caps)
                if waiting >= _BLOCK_SECONDS * SAMPLE_RATE:
                    yield np.concatenate(pending)
                    pending, waiting = [], 0
            if pending:
                yield np.concatenate(pending)
            self._finish(container, stream, total / SAMPLE_RATE)

    def _watched(self, frames: Iterator[object]) -> Iterator[AudioFrame]:
        """Yield the frames, and note how far their times reach: beyond the samples where sound was taken out."""
        first: float | None = None
        for frame in frames:
            if not isinstance(frame, AudioFrame):
                continue
            if frame.time is not None:
                first = frame.time if first is None else first
                self._reached = max(self._reached, frame.time - first + frame.samples / frame.sample_rate)
            yield frame

    def _finish(self, container: av.container.InputContainer, stream: av.AudioStream, seconds: float) -> None:
        heard = max(seconds, self._reached)  # where no sound was stored, there was none to examine
        require_complete(heard, self.stated)
        gap = f"Of {self.stated or 0:.0f} s of sound, {heard:.0f} s could be decoded."
        self.coverage = Coverage.of_seconds(heard, self.stated or 0.0, gap)
        self.facts = MediaFacts(
            container=container.format.name,
            codec=stream.codec_context.name,
            duration_seconds=round(seconds, 3),
            sample_rate=stream.rate,
            channels=stream.channels,
        )


def _resampled(frames: Iterator[AudioFrame]) -> Iterator[Samples]:
    resampler: AudioResampler | None = None
    layout: tuple[object, ...] | None = None
    for frame in frames:
        now = (frame.format.name, frame.layout.name, frame.sample_rate)
        if resampler is None or layout != now:  # a stream may change its layout midway; a resampler may not
            if resampler is not None:
                yield from _converted(resampler, None)
            resampler, layout = AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE), now
        frame.pts = None  # gaps in timestamps are not filled: samples are counted
        yield from _converted(resampler, frame)
    if resampler is not None:
        yield from _converted(resampler, None)


def _converted(resampler: AudioResampler, frame: AudioFrame | None) -> Iterator[Samples]:
    for out in resampler.resample(frame):
        samples: Samples = out.to_ndarray().reshape(-1).astype(np.float32, copy=True)
        if samples.size:
            yield np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0)
