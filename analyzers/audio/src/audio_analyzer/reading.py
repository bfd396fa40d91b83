"""A recording's sound as the detectors see it: measured while it is decoded, then cut where samples are asked for.

Two hours of sound stay in bounded memory: meters keep a few bytes for each frame, and of the samples only what a
detector asks for is kept, for as long as it works on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import MediaFacts
from analyzer_kit.analysis import Caps
from analyzer_kit.coverage import WHOLE, Coverage
from analyzer_kit.detector import Meter, Reading
from analyzer_kit.media.audio import SAMPLE_RATE, AudioReader, Samples
from analyzer_kit.media.front import Opening
from analyzer_kit.media.streams import SoundHeader, read_header

_KEPT_SAMPLES = 300 * SAMPLE_RATE
"""19 MB: a longer recording is decoded a second time where its samples are needed again."""

_BLOCK_SAMPLES = 10 * SAMPLE_RATE


class Span(NamedTuple):
    """A stretch of samples at 16 kHz, the end exclusive."""

    start: int
    end: int


class AudioMeter[T](Meter[T], Protocol):
    """A measurement of the sound."""

    def add(self, samples: Samples) -> None:
        """Take the next mono samples at 16 kHz, in [-1, 1]; blocks may have any size."""


type AnyMeter = Callable[[], AudioMeter[Any]]
"""What makes a meter: its class, or a function of a detector."""


class _Sound(Protocol):
    @property
    def facts(self) -> MediaFacts: ...

    @property
    def coverage(self) -> Coverage: ...

    @property
    def tracks(self) -> int: ...

    @property
    def apart(self) -> bool: ...

    def blocks(self) -> Iterator[Samples]: ...


class AudioReading(Reading):
    """One recording's sound, decoded once; :meth:`cut` decodes a long one once more.

    Args:
        sound: makes a decoder of the recording from its beginning.
        meters: what to measure; each is run once, however often it is named.
        recording: the file, for those who look at it themselves; None for samples that were made here.
        opening: took the header of the recording.
        on_block: called with the decoder and the number of samples so far.

    Raises:
        AnalysisError: NoAudioStream, UnsupportedMedia, CorruptMedia, or MediaTooLarge.
    """

    def __init__[D: _Sound](
        self,
        sound: Callable[[], D],
        meters: Iterable[AnyMeter],
        *,
        recording: Path | None = None,
        opening: Opening[SoundHeader] | None = None,
        on_block: Callable[[D, int], None] = lambda _decoder, _samples: None,
    ) -> None:
        self._opening = opening
        running = {meter: meter() for meter in meters}
        decoder = sound()
        self.total = 0
        """Samples in the recording."""
        kept: list[Samples] = []
        for block in decoder.blocks():
            for meter in running.values():
                meter.add(block)
            self.total += block.size
            kept = [*kept, block] if self.total <= _KEPT_SAMPLES else []
            on_block(decoder, self.total)
        self.facts = decoder.facts
        self.apart = decoder.apart
        """Whether two channels with different sound were mixed."""
        self.tracks = decoder.tracks
        """Sound tracks in the recording; this is one of them."""
        self._again: Callable[[], Iterable[Samples]] = (
            (lambda: kept) if self.total <= _KEPT_SAMPLES else (lambda: sound().blocks())
        )
        self._parts: dict[Span, Samples] = {}
        self._needed: Counter[Span] = Counter()
        super().__init__({maker: meter.result() for maker, meter in running.items()}, recording)
        self.coverage = decoder.coverage

    @property
    def header(self) -> SoundHeader | None:
        """What the header of the recording states; None where it is told of another sound of it, and of made samples.

        Raises:
            AnalysisError: as when it was decoded; only a file of several parts is opened again for it.
        """
        return self._opening.taken() if self._opening else None

    def cut(self, spans: Iterable[Span]) -> None:
        """Cut the samples of each span out of the recording, in one pass; each span is kept as often as it is named.

        Raises:
            AnalysisError: as when it was decoded first.
        """
        self._needed = Counter(spans)
        self._parts = _cut(self._again, list(self._needed))

    def samples(self, span: Span) -> Samples:
        """Return the samples of a span that was cut, as far as the recording reaches."""
        return self._parts[span]

    def release(self, spans: Sequence[Span]) -> None:
        """Let go of spans that a detector has done with, unless another one needs them."""
        self._needed.subtract(spans)
        for span in spans:
            if self._needed[span] <= 0:
                self._parts.pop(span, None)


class Place(NamedTuple):
    """Where in a recording a sound is: its track, and the channel, from 0; None for a mix of all channels."""

    track: int = 0
    channel: int | None = None

    @property
    def first(self) -> bool:
        """Whether it is the one that what the header says is told of."""
        return self.track == 0 and not self.channel


def read_sound(
    recording: Path,
    caps: Caps,
    meters: Iterable[AnyMeter],
    progress: Callable[[float, int], None],
    place: Place = Place(),  # noqa: B008 - it cannot be changed
) -> AudioReading:
    """Read a sound track of a file.

    Args:
        recording: the file.
        caps: what is refused.
        meters: what to measure.
        progress: called with the share (0-1) that is decoded, and the number of tracks; where the length is not stated,
            as if it were a minute.
        place: which sound.

    Raises:
        AnalysisError: NoAudioStream, UnsupportedMedia, EncryptedMedia, CorruptMedia, or MediaTooLarge.
    """

    def on_block(decoder: AudioReader, samples: int) -> None:
        progress(min(samples / SAMPLE_RATE / (decoder.stated or 60.0), 1.0), decoder.tracks)

    opening = Opening(recording, caps, read_header) if place.first else None  # what the header says is said once
    return AudioReading(
        lambda: AudioReader(recording, caps, *place, opening),
        meters,
        recording=recording if place.first else None,
        opening=opening,
        on_block=on_block,
    )


def read_samples(samples: Samples, meters: Iterable[AnyMeter], block: int = _BLOCK_SAMPLES) -> AudioReading:
    """Read sound that was made here: mono samples at 16 kHz, in blocks of ``block`` of them."""
    return AudioReading(lambda: _Made(samples, block), meters)


class _Made:
    coverage = WHOLE
    tracks = 1
    apart = False

    def __init__(self, samples: Samples, block: int) -> None:
        self._samples = samples
        self._block = block
        self.facts = MediaFacts(duration_seconds=samples.size / SAMPLE_RATE)

    def blocks(self) -> Iterator[Samples]:
        for start in range(0, self._samples.size, self._block):
            yield self._samples[start : start + self._block]


def _cut(blocks: Callable[[], Iterable[Samples]], spans: list[Span]) -> dict[Span, Samples]:
    if not spans:
        return {}
    parts: list[NDArray[np.float32]] = [np.empty(end - start, dtype=np.float32) for start, end in spans]
    position = 0
    for block in blocks():
        for (start, end), part in zip(spans, parts, strict=True):
            if start < position + block.size and end > position:
                held = block[max(start - position, 0) : end - position]
                first = max(position - start, 0)
                part[first : first + held.size] = held
        position += block.size
    return {span: part[: max(position - span.start, 0)] for span, part in zip(spans, parts, strict=True)}
