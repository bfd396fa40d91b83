"""Tracks: what the container says of sound and picture that does not go together.

Swapped sound leaves such traces, and so does honest editing: every score here stays far below Suspicious. The bounds
are wider than what encoders do. ffmpeg, MediaCodec and AVFoundation start a track up to an AAC frame or three picture
frames off, phones and messengers end one up to half a second before the other, and encoder delay is taken off by edit
lists (ISO 14496-12, 8.6.6), of which a recorder writes one entry.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import MAX_SECONDS, DetectorReport, Finding
from analyzer_kit.media.audio import SAMPLE_RATE
from analyzer_kit.media.streams import StreamFacts, TrackFacts
from audio_analyzer.background import BackgroundMeter
from audio_analyzer.detector import AudioDetector
from audio_analyzer.reading import AudioReading

_OFFSET_SECONDS = 0.25
_LENGTH_SECONDS, _LENGTH_SHARE = 1.0, 0.01
_CREATED_SECONDS = 60.0
_WIDE_RATE = 32_000
_NARROW_BANDS, _NARROW_DB = 4, 58.0
"""The highest bands, 4.5 to 7.6 kHz, and how far their loudest moments lie below the loudest band: 10 to 24 dB in 31 of
32 prompts at 16 kHz (57 in one), 59 to 71 dB in 12 of them after 8 kHz µ-law and then AAC at 48 kHz."""

_SIGNED_BY_SOFTWARE = frozenset({"h264", "hevc", "mpeg4"})
"""Codecs whose encoders in FFmpeg sign the first frame; those of cameras, phones and graphics cards do not."""

_LEAST_FRAMES = 60
_MOST_GAPS = 20


class Tracks(AudioDetector):
    """Contradictions between sound and picture; without a picture there are none."""

    name = "Tracks"
    id = "audio.tracks"
    limitations = (
        "Honest editing, added music, screen recorders and live streams leave the same traces; a careful swap leaves "
        "none.",
        "Time stamps inside a track are looked at in MP4 and QuickTime only; encoder tags can be forged, and "
        "messengers remove them.",
        "The scores were set by what encoders write, not measured on swapped recordings.",
    )
    meters = (BackgroundMeter,)

    def detect(self, reading: AudioReading) -> DetectorReport:
        """Return the report on one recording.

        Raises:
            AnalysisError: as when it was decoded.
        """
        if reading.header is None:
            return self.report(0)
        return self.report_on(reading.header.streams, reading.measured(BackgroundMeter), reading.total / SAMPLE_RATE)

    def report_on(self, streams: StreamFacts, bands: NDArray[np.float16], seconds: float) -> DetectorReport:
        """Return the report on two tracks.

        Args:
            streams: of both.
            bands: levels of the sound, frames x 20 in dBFS: the result of :class:`BackgroundMeter`.
            seconds: length of the recording.
        """
        findings: list[Finding] = []
        if streams.sound is not None and streams.picture is not None:
            end = max(seconds, streams.picture.seconds or 0.0)
            findings += _times(streams.sound, streams.picture, end)
            findings += _histories(streams.sound, streams.picture, end)
            findings += _narrow(streams.sound, bands, end)
        return self.report(max((finding.score for finding in findings), default=0), findings)


def _finding(kind: str, start: float, end: float, score: int, message: str) -> Finding:
    first, last = (round(min(max(second, 0.0), MAX_SECONDS), 3) for second in (start, end))  # headers may say anything
    return Finding(kind=kind, start_seconds=first, end_seconds=max(first, last), score=score, message=message[:300])


def _times(sound: TrackFacts, picture: TrackFacts, end: float) -> Iterator[Finding]:
    if sound.start is not None and picture.start is not None:
        offset = sound.start - picture.start
        if abs(offset) > _OFFSET_SECONDS:
            when = "after" if offset > 0 else "before"
            message = f"The sound begins {abs(offset):.2f} s {when} the picture; recorders stay within 0.1 s."
            yield _finding("SoundOffset", 0, abs(offset), 15, message)
    if sound.seconds is not None and picture.seconds is not None:
        longer = sound.seconds - picture.seconds
        if abs(longer) > max(_LENGTH_SECONDS, _LENGTH_SHARE * picture.seconds):
            which = "longer" if longer > 0 else "shorter"
            message = f"The sound is {abs(longer):.2f} s {which} than the picture ({picture.seconds:.2f} s)."
            yield _finding("SoundLength", end - abs(longer), end, 15, message)
    for start, length in sound.gaps[:_MOST_GAPS]:
        message = (
            f"The time stamps of the sound jump by {length:.2f} s here: something was taken out, or lost on the way."
        )
        yield _finding("SoundGap", start, start + length, 20, message)


def _histories(sound: TrackFacts, picture: TrackFacts, end: float) -> Iterator[Finding]:
    if sound.writer is not None and picture.writer is not None and sound.writer != picture.writer:
        message = f"{sound.writer} wrote the sound track, {picture.writer} the picture's: one of them was put in later."
        yield _finding("DifferentWriters", 0, end, 25, message)
    elif sound.tag and not picture.tag and picture.writer is None:  # the other way round is usual in MP4
        message = f"Only the sound names its encoder ({sound.tag}): it was encoded when the picture was copied."
        yield _finding("DifferentWriters", 0, end, 15, message)
    elif sound.signature.startswith("Lavc") and not picture.signature and picture.codec in _SIGNED_BY_SOFTWARE:
        message = (
            f"The sound was encoded by FFmpeg ({sound.signature}), the picture by another encoder, as a camera's: "
            "the sound was encoded again, or is another one."
        )
        yield _finding("EncodedApart", 0, end, 15, message)
    if sound.created is not None and picture.created is not None:
        apart = abs((sound.created - picture.created).total_seconds())
        if apart > _CREATED_SECONDS:
            message = f"The headers say that sound and picture were made {apart:.0f} s apart."
            yield _finding("DifferentDates", 0, end, 25, message)
    if sound.edits > max(picture.edits, 1):
        message = (
            f"The sound is put together from {sound.edits} stretches by an edit list, "
            f"the picture from {max(picture.edits, 1)}."
        )
        yield _finding("EditedSound", 0, end, 25, message)


def _narrow(sound: TrackFacts, bands: NDArray[np.float16], end: float) -> Iterator[Finding]:
    if sound.rate is None or sound.rate < _WIDE_RATE or len(bands) < _LEAST_FRAMES:
        return
    loud = np.percentile(bands.astype(np.float32), 99, axis=0)
    below = float(loud.max() - loud[-_NARROW_BANDS:].max())
    if below > _NARROW_DB:
        message = (
            f"The track has {sound.rate} samples a second, but nothing above 4.5 kHz ({below:.0f} dB below the rest): "
            "the sound went through a telephone or a narrow codec before it was put under the picture."
        )
        yield _finding("NarrowSound", 0, end, 20, message)
