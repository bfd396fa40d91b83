"""All sound of a recording, one track after the other: what the detectors said of each, joined into one answer.

Two channels with different sound, such as the sides of a call, are heard one after the other too: mixed, the noise of
one would hide the voice of the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from analyzer_contract import SEVERITY, DetectorReport, FailureReason, Finding, MediaFacts
from analyzer_kit import memory
from analyzer_kit.analysis import Caps, ProgressCallback
from analyzer_kit.coverage import Coverage
from analyzer_kit.errors import AnalysisError
from analyzer_kit.media.audio import count_sound_tracks
from analyzer_kit.verdicts import verdict_of
from analyzer_kit.voice_activity import VoiceMeter
from audio_analyzer.detector import AudioDetector
from audio_analyzer.levels import FRAME_SECONDS, LevelMeter, Levels, sound_frames
from audio_analyzer.overruling import overruled
from audio_analyzer.reading import AnyMeter, AudioReading, Place, Span, read_sound
from audio_analyzer.voice_activity import densest_seconds, speech_frames

_MOST_TRACKS = 4
"""Recorders write up to two, films one for each language. They are heard one after the other, and the time that an
analysis may take is one for all of them."""

_LONGEST_APART_SECONDS = 1800.0
"""Channels of a longer track are heard as one mix: each costs as much again."""

_SHORTEST_TRACK = 0.001
"""Seconds: a track without any sound still counts as one."""

_LONGEST_MESSAGE, _MOST_FINDINGS, _MOST_LIMITATIONS = 300, 200, 18
_PASSED_ON = {FailureReason.MEDIA_TOO_LARGE, FailureReason.NO_AUDIO_STREAM}
"""What refuses the whole recording, whichever track it was said of."""


@dataclass(frozen=True)
class JudgedSound:
    """One sound, as the detectors judged it: a track, or one of two channels with different sound.

    Attributes:
        place: which one.
        tracks: how many there are.
        apart: whether two channels with different sound were mixed for it.
        facts: what was decoded.
        coverage: how much of it that is.
        levels: over time.
        sound_seconds: without pauses.
        speech_seconds: how much of the four seconds in which most is said is speech.
        reports: one of each detector, in their order.
    """

    place: Place
    tracks: int
    apart: bool
    facts: MediaFacts
    coverage: Coverage
    levels: Levels
    sound_seconds: float
    speech_seconds: float
    reports: list[DetectorReport]

    @property
    def name(self) -> str:
        """Its name for a person, with a colon; empty if there is no other."""
        track = f"sound track {self.place.track + 1}" if self.tracks > 1 else ""
        channel = f"channel {self.place.channel + 1}" if self.place.channel is not None else ""
        return ", ".join(filter(None, (track, channel))).capitalize() + ": " if track or channel else ""


def hear_all(
    detectors: Sequence[AudioDetector], recording: Path, caps: Caps, progress: ProgressCallback
) -> tuple[list[JudgedSound], Coverage]:
    """Return what was heard in each sound track, and how much of all of them that is.

    Raises:
        AnalysisError: NoAudioStream, UnsupportedMedia, CorruptMedia: none can be heard; or MediaTooLarge.
    """
    hearer = _Hearer(detectors, recording, caps, progress)
    heard: list[JudgedSound] = []
    unheard: list[str] = []
    refused: AnalysisError | None = None
    tracks, track = 1, 0
    while track < tracks:
        if why := _why_not(heard, caps):
            unheard.append(f"Sound track {track + 1} of {tracks} was not heard: {why}.")
        else:
            try:
                heard += hearer.track(track)
                tracks = heard[-1].tracks
            except AnalysisError as error:
                if error.reason in _PASSED_ON:
                    raise
                tracks = count_sound_tracks(recording, caps)
                refused = refused or error
                unheard.append(f"Sound track {track + 1} of {tracks} was not heard: {error.message}"[:_LONGEST_MESSAGE])
        track += 1
    if refused is not None and not heard:
        raise refused
    return heard, _coverage(heard, unheard)


def joined(heard: Sequence[JudgedSound]) -> list[DetectorReport]:
    """Return one report of each detector for all that was heard: the severest one, with the findings of all.

    What is spoilt by damage says nothing, unless there is nothing else.
    """
    sound = [one for one in heard if not one.coverage.spoilt] or heard
    return [_joined(sound, reports) for reports in zip(*(one.reports for one in sound), strict=True)]


def _coverage(heard: Sequence[JudgedSound], unheard: Sequence[str]) -> Coverage:
    """Return the coverage of all tracks; one that was not heard counts as if it were as long as the longest."""
    lengths = [max(one.facts.duration_seconds, _SHORTEST_TRACK) for one in heard]
    examined = sum(one.coverage.share * length for one, length in zip(heard, lengths, strict=True))
    share = examined / (sum(lengths) + len(unheard) * max(lengths))
    gaps = [f"{one.name}{gap}" for one in heard for gap in one.coverage.gaps]
    mixed = [f"{one.name}Two channels with different sound were heard as one." for one in heard if one.apart]
    return Coverage(share, (*gaps, *mixed, *unheard), all(one.coverage.spoilt for one in heard))


def _why_not(heard: Sequence[JudgedSound], caps: Caps) -> str:
    """Return why no further track is heard; empty if one is."""
    if len({one.place.track for one in heard}) >= _MOST_TRACKS:
        return f"at most {_MOST_TRACKS} are"
    seconds = [one.facts.duration_seconds for one in heard]
    if seconds and sum(seconds) + max(seconds) > caps.max_duration_seconds:
        return f"at most {caps.max_duration_seconds / 60:.0f} minutes are, of all tracks together"
    return ""


class _Hearer:
    """Hears one recording, and tells how far it is: never less than before."""

    def __init__(
        self, detectors: Sequence[AudioDetector], recording: Path, caps: Caps, progress: ProgressCallback
    ) -> None:
        self._detectors = detectors
        self._recording = recording
        self._caps = caps
        self._progress = progress
        self._done = 0.0

    def track(self, track: int) -> list[JudgedSound]:
        """Return what was heard of a track: its channels, if they hold different sound, else a mix of them."""
        mixed = self._hear(Place(track))
        if not mixed.apart or mixed.facts.duration_seconds > _LONGEST_APART_SECONDS:
            return [mixed]
        return [self._hear(Place(track, channel)) for channel in (0, 1)]

    def _hear(self, place: Place) -> JudgedSound:
        def told(stage: str, share: float, tracks: int) -> None:
            self._done = max(self._done, (place.track + share) / tracks)
            self._progress(stage, self._done)

        detectors = self._detectors
        meters: list[AnyMeter] = [LevelMeter, VoiceMeter, *chain.from_iterable(each.meters for each in detectors)]
        reading = read_sound(
            self._recording, self._caps, meters, lambda share, tracks: told("decode", 0.6 * share, tracks), place
        )
        spans = [detector.spans(reading) for detector in detectors]
        memory.trim()  # what spans were found by, millions of pairs of fingerprints, makes room for what follows
        told("compare", 0.65, reading.tracks)
        reading.cut(chain.from_iterable(spans))
        reading.progress = lambda share: told("listen", 0.7 + 0.25 * share, reading.tracks)
        return JudgedSound(
            place=place,
            tracks=reading.tracks,
            apart=reading.apart,
            reports=_detect(detectors, spans, reading),
            facts=reading.facts,
            coverage=reading.coverage,
            levels=reading.measured(LevelMeter),
            sound_seconds=float(reading.computed(sound_frames).sum()) * FRAME_SECONDS,
            speech_seconds=densest_seconds(reading.computed(speech_frames)),
        )


def _detect(
    detectors: Sequence[AudioDetector], spans: Sequence[Sequence[Span]], reading: AudioReading
) -> list[DetectorReport]:
    """Return the detectors' reports, in their order.

    The last one goes first: those at the head of the registry run models, which take much memory, and by then the
    others' samples are released.
    """
    reports = []
    for detector, needed in reversed(list(zip(detectors, spans, strict=True))):
        reports.append(detector.detect(reading))
        reading.release(needed)
    return overruled(detectors, reports[::-1])


def _joined(heard: Sequence[JudgedSound], reports: Sequence[DetectorReport]) -> DetectorReport:
    if len(reports) == 1:
        return reports[0]
    decides = max(reports, key=lambda report: (SEVERITY[verdict_of(report)], report.score))
    findings = [_named(one, finding) for one, report in zip(heard, reports, strict=True) for finding in report.findings]
    limitations = dict.fromkeys(chain(decides.limitations, *(report.limitations for report in reports)))
    return decides.model_copy(
        update={
            "findings": sorted(findings, key=lambda finding: -finding.score)[:_MOST_FINDINGS],
            "limitations": list(limitations)[:_MOST_LIMITATIONS],
        }
    )


def _named(one: JudgedSound, finding: Finding) -> Finding:
    return finding.model_copy(update={"message": f"{one.name}{finding.message}"[:_LONGEST_MESSAGE]})
