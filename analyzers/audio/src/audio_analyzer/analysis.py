"""The audio analysis: read the recording once, cut what the detectors ask for, and let each of them judge."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from analyzer_contract import SEVERITY, Finding, Verdict
from analyzer_kit.analysis import NO_TRUST, Assessment, Caps, Models, ProgressCallback, Setup, Trust
from analyzer_kit.coverage import Coverage
from analyzer_kit.detector import InstalledDetectors, deciding_summary
from analyzer_kit.media.audio import SAMPLE_RATE
from analyzer_kit.plots import draw_timeline
from analyzer_kit.reports import completed
from analyzer_kit.verdicts import judge, of_the_whole
from analyzer_kit.voice_activity import VoiceMeter
from audio_analyzer.detector import AudioDetector
from audio_analyzer.detectors import DETECTORS
from audio_analyzer.detectors.speech import NO_SPEECH
from audio_analyzer.hearing import JudgedSound, hear_all, joined
from audio_analyzer.levels import LevelMeter, Levels
from audio_analyzer.reading import AnyMeter, read_samples
from audio_analyzer.windows import LEAST_SPEECH_SECONDS

_LEAST_SOUND_SECONDS = 1.0

type _Detectors = InstalledDetectors[AudioDetector, Setup]

_installed: _Detectors | None = None
"""This process's own, once it is warm."""


def analyze(recording: Path, plot: Path, caps: Caps, progress: ProgressCallback) -> Assessment:
    """Look for evidence in the sound tracks of ``recording``.

    Raises:
        AnalysisError: NoAudioStream, UnsupportedMedia, CorruptMedia, or MediaTooLarge.
    """
    installed = _installed or _install(caps, Models(), NO_TRUST)
    heard, covered = hear_all(installed.all, recording, caps, progress)
    progress("plot", 0.95)
    return _assess(installed, heard, covered, plot)


def warm_up(caps: Caps, models: Models, trust: Trust = NO_TRUST) -> None:
    """Install the detectors, run them over two seconds of noise, and draw a plot into nothing.

    Raises:
        Misconfigured: a model or the trust list is missing, or cannot be used.
    """
    global _installed  # noqa: PLW0603 - a child process has one
    _installed = _install(caps, models, trust)
    # Noise enough, and without numpy.random, which nothing else here uses and an idle process would keep.
    noise = (0.1 * np.modf(1e4 * np.sin(np.arange(2 * SAMPLE_RATE)))[0]).astype(np.float32)
    reading = read_samples(noise, _meters(_installed.all))
    reading.cut(chain.from_iterable(detector.spans(reading) for detector in _installed.all))
    for detector in _installed.all:
        detector.warm_up(reading)
    _draw(Path(os.devnull), "", 1.0, reading.measured(LevelMeter), [])


def _install(caps: Caps, models: Models, trust: Trust) -> _Detectors:
    return InstalledDetectors(DETECTORS, Setup(caps, models, trust))


def _meters(detectors: Sequence[AudioDetector]) -> list[AnyMeter]:
    return [LevelMeter, VoiceMeter, *chain.from_iterable(detector.meters for detector in detectors)]


def _assess(installed: _Detectors, heard: Sequence[JudgedSound], covered: Coverage, plot: Path) -> Assessment:
    shown = max(heard, key=lambda one: one.sound_seconds)
    reports, levels = joined(heard), shown.levels
    seconds = max(one.facts.duration_seconds for one in heard)
    conclusive = shown.sound_seconds >= _LEAST_SOUND_SECONDS and not covered.spoilt
    speech = max(one.speech_seconds for one in heard) >= LEAST_SPEECH_SECONDS
    verdict, score = judge(reports, conclusive=conclusive)
    gaps = " ".join(installed.gaps)
    sentence = deciding_summary(zip(installed.all, reports, strict=True), verdict)
    summary = sentence or _without_evidence(verdict, gaps, shown.sound_seconds)
    if conclusive and not speech and SEVERITY[verdict] < SEVERITY[Verdict.SUSPICIOUS]:
        verdict, summary = Verdict.INCONCLUSIVE, f"{NO_SPEECH} No traces of editing in the sound."
    verdict, summary = of_the_whole(verdict, summary, covered)
    findings = [finding for report in reports for finding in report.findings]
    _draw(plot, f"Sound: {verdict}, score {score}", seconds, levels, findings)
    return Assessment(
        media=heard[0].facts.model_copy(update={"duration_seconds": seconds}),
        verdict=verdict,
        score=score,
        summary=summary,
        examined_share=covered.share,
        unexamined=covered.sentences,
        detectors=[completed(report, seconds=seconds, limitation=gaps) for report in reports],
    )


def _draw(target: Path, title: str, seconds: float, levels: Levels, findings: Sequence[Finding]) -> None:
    draw_timeline(
        target,
        title=title,
        axis="waveform",
        seconds=seconds,
        low=levels.low if levels.low.size else np.zeros(1, dtype=np.float32),
        high=levels.high if levels.high.size else np.zeros(1, dtype=np.float32),
        findings=findings,
    )


def _without_evidence(verdict: Verdict, gaps: str, sound_seconds: float) -> str:
    if verdict is Verdict.INCONCLUSIVE:
        return f"Only {sound_seconds:.1f} s of sound: too little to say anything. Send a longer recording."
    return f"No traces of editing or of a simple synthetic voice in the sound. {gaps}".rstrip()
