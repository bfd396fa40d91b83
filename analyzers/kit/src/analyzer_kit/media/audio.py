"""Sound as blocks of samples: 16 kHz, mono, float32, never the whole recording at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from analyzer_contract import FailureReason, MediaFacts
from analyzer_kit.analysis import Caps
from analyzer_kit.coverage import WHOLE, Coverage, told_apart
from analyzer_kit.errors import AnalysisError
from analyzer_kit.media.container import opened, sound_track, too_long
from analyzer_kit.media.decoding import frames_of
from analyzer_kit.media.extent import require_complete, stated_seconds
from analyzer_kit.media.front import Opening, opened_by
from analyzer_kit.media.mixing import Mixer
from analyzer_kit.media.parts import Part, parts_of

SAMPLE_RATE = 16_000
_BLOCK_SECONDS = 10
_MOST_LOST = 0.1
"""Share of the sound that may be lost where what is found in the rest is evidence: beside each loss a decoder crackles,
and a network may take that for a machine's voice."""

_LEAST_SECONDS = 1.0
"""Of sound that must be left where most cannot be decoded."""

_MIXED_SAMPLES = SAMPLE_RATE
"""How much is mixed at a time: signs of channels are chosen for a second."""

Samples = NDArray[np.float32]


@dataclass
class AudioReader:
    """The decoder of one sound track; :attr:`facts` are complete once :meth:`blocks` is exhausted.

    Attributes:
        recording: the file.
        caps: what is refused.
        track: which of its sound tracks, from 0.
        channel: which channel of the track, from 0; None for a mix of all.
        opening: opens it, and takes what others want of it; it keeps the packets of this track.
        tracks: how many it has; known once the first block is there.
        apart: whether the track has two channels with different sound, which were mixed.
        facts: what was decoded.
        stated: seconds that the header states for it, if it does.
    """

    recording: Path
    caps: Caps
    track: int = 0
    channel: int | None = None
    opening: Opening[Any] | None = None
    tracks: int = 1
    apart: bool = False
    facts: MediaFacts = field(default_factory=MediaFacts)
    stated: float | None = None
    coverage: Coverage = WHOLE
    _heard: float = 0.0
    _length: float = 0.0
    _lost: float = 0.0
    _samples: int = 0
    _reached: float = 0.0
    _frames: int = 0
    _bad: int = 0

    def blocks(self) -> Iterator[Samples]:
        """Yield blocks of up to ten seconds of mono samples at 16 kHz, in [-1, 1], in order.

        Raises:
            AnalysisError: NoAudioStream, UnsupportedMedia, EncryptedMedia, CorruptMedia, or MediaTooLarge.
        """
        pending: list[Samples] = []
        waiting = 0
        for samples in self._parts():
            pending.append(samples)
            waiting += samples.size
            self._samples += samples.size
            if self._samples > self.caps.max_duration_seconds * SAMPLE_RATE:
                raise too_long(self._samples / SAMPLE_RATE, self.caps)
            if waiting >= _BLOCK_SECONDS * SAMPLE_RATE:
                yield np.concatenate(pending)
                pending, waiting = [], 0
        if pending:
            yield np.concatenate(pending)
        self.facts = self.facts.model_copy(update={"duration_seconds": round(self._samples / SAMPLE_RATE, 3)})

    def _parts(self) -> Iterator[Samples]:
        """Yield the samples of each part of the file; of several, one that cannot be read is a gap."""
        parts = parts_of(self.recording)
        if len(parts) == 1:
            yield from self._part(None)
            return
        failures: list[AnalysisError] = []
        lost = 0
        for part in parts:
            try:
                yield from self._part(part)
            except AnalysisError as error:
                failures.append(error)
                lost += part.end - part.start
        if len(failures) == len(parts):
            raise failures[0]
        if failures:
            gap = f"{len(failures)} of {len(parts)} parts of the file could not be heard: {failures[0].message}"
            self.coverage = self.coverage.without(lost / parts[-1].end, gap)

    def _part(self, part: Part | None) -> Iterator[Samples]:
        with opened_by(self.opening, self.recording, self.caps, part) as (container, first):
            stream = sound_track(container, self.track)
            self.tracks = len(container.streams.audio)
            self.stated = stated_seconds(container, stream)
            breaks: list[str] = []
            before, self._reached, self._frames, self._bad = self._samples, 0.0, 0, 0
            frames = frames_of(container, stream, first=first, on_bad_packet=self._lose_packet, on_break=breaks.append)
            channels = _resampled(self._watched(frames))
            if self.channel is None:
                mixer = Mixer()
                yield from _mixed(mixer, channels)
                self.apart |= mixer.apart
            else:
                yield from (part[min(self.channel, len(part) - 1)] for part in channels)
            self._finish(container, stream, (self._samples - before) / SAMPLE_RATE, broken=bool(breaks))

    def _lose_packet(self) -> None:
        self._bad += 1

    def _watched(self, frames: Iterator[object]) -> Iterator[AudioFrame]:
        """Yield the frames, and note how far their times reach: beyond the samples where sound was taken out."""
        first: float | None = None
        for frame in frames:
            if not isinstance(frame, AudioFrame):
                continue
            if frame.time is not None:
                first = frame.time if first is None else first
                self._reached = max(self._reached, frame.time - first + frame.samples / frame.sample_rate)
            self._frames += 1
            yield frame

    def _finish(
        self, container: av.container.InputContainer, stream: av.AudioStream, seconds: float, *, broken: bool
    ) -> None:
        lost = seconds * self._bad / self._frames if self._bad > 1 and self._frames else 0.0  # one may be cut off
        if lost > seconds and seconds < _LEAST_SECONDS:
            message = f"{self._bad} of {self._bad + self._frames} parts of the sound are damaged. Send it again, whole."
            raise AnalysisError(FailureReason.CORRUPT_MEDIA, message)
        reached = max(seconds + lost, self._reached)  # where no sound was stored, there was none to examine
        self._length += require_complete(container, stream, reached, broken=broken)
        self._heard += reached - lost
        self._lost += lost
        length, heard_in_all = told_apart(self._length, self._heard)
        gap = f"Of {length} s of sound, {heard_in_all} s could be decoded."
        spoilt = self._lost > _MOST_LOST * self._length
        self.coverage = replace(Coverage.of_seconds(self._heard, self._length, gap), spoilt=spoilt)
        if not self.facts.codec:
            self.facts = MediaFacts(
                container=container.format.name,
                codec=stream.codec_context.name,
                sample_rate=stream.rate,
                channels=stream.channels,
            )


def count_sound_tracks(recording: Path, caps: Caps) -> int:
    """Return how many sound tracks a recording has.

    Raises:
        AnalysisError: UnsupportedMedia, CorruptMedia, or MediaTooLarge.
    """
    with opened(recording, caps) as container:
        return len(container.streams.audio)


def _mixed(mixer: Mixer, parts: Iterator[Samples]) -> Iterator[Samples]:
    """Yield one channel, of parts with any number of them (channels x samples)."""
    pending: list[Samples] = []
    waiting = 0
    for part in parts:
        if pending and pending[0].shape[0] != part.shape[0]:
            yield mixer.mix(_joined(pending))
            pending, waiting = [], 0
        pending.append(part)
        waiting += part.shape[1]
        if waiting >= _MIXED_SAMPLES:
            yield mixer.mix(_joined(pending))
            pending, waiting = [], 0
    if pending:
        yield mixer.mix(_joined(pending))


def _joined(parts: Sequence[Samples]) -> Samples:
    """Return parts as one, with numbers in the place of what is none."""
    return np.nan_to_num(np.concatenate(parts, axis=1), copy=False, nan=0.0, posinf=1.0, neginf=-1.0)


def _resampled(frames: Iterator[AudioFrame]) -> Iterator[Samples]:
    """Yield the channels of the frames at 16 kHz."""
    resampler: AudioResampler | None = None
    layout: tuple[object, ...] | None = None
    for frame in frames:
        now = (frame.format.name, frame.layout.name, frame.sample_rate)
        if resampler is None or layout != now:  # a stream may change its layout midway; a resampler may not
            if resampler is not None:
                yield from _converted(resampler, None)
            resampler, layout = AudioResampler(format="flt", layout=frame.layout, rate=SAMPLE_RATE), now
        frame.pts = None  # gaps in timestamps are not filled: samples are counted
        yield from _converted(resampler, frame)
    if resampler is not None:
        yield from _converted(resampler, None)


def _converted(resampler: AudioResampler, frame: AudioFrame | None) -> Iterator[Samples]:
    try:
        resampled = resampler.resample(frame)
    except av.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        message = "The sound changes to a form that makes no sense: the recording is damaged. Send it again, whole."
        raise AnalysisError(FailureReason.CORRUPT_MEDIA, message) from error
    for out in resampled:
        samples: Samples = out.to_ndarray().reshape(-1, out.layout.nb_channels).T.astype(np.float32, copy=True)
        if samples.size:
            yield samples
