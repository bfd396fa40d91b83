"""The video analysis: one pass over small gray frames, then each detector judges what was measured."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import cv2
import numpy as np

from analyzer_contract import DetectorReport, Finding, Verdict
from analyzer_kit.analysis import NO_TRUST, Assessment, Caps, Models, ProgressCallback, Setup, Trust
from analyzer_kit.detector import InstalledDetectors, deciding_summary
from analyzer_kit.media.gray import GrayFrame
from analyzer_kit.plots import Filmstrip, draw_timeline
from analyzer_kit.reports import completed
from analyzer_kit.verdicts import judge, of_the_whole
from video_analyzer.detector import VideoDetector
from video_analyzer.detectors import DETECTORS
from video_analyzer.jumps import measure_jump
from video_analyzer.motion import NEIGHBOURS, MotionMeter
from video_analyzer.reading import AnyMeter, VideoReading, read_frames, read_picture

_FEWEST_FRAMES = 2 * NEIGHBOURS + 2
_EVIDENCE_ONLY = "Evidence is looked for, not proof: what is not found may still be there."

type _Detectors = InstalledDetectors[VideoDetector, Setup]

_installed: _Detectors | None = None
"""This process's own, once it is warm."""


def analyze(recording: Path, plot: Path, caps: Caps, progress: ProgressCallback) -> Assessment:
    """Look for evidence in the first video track of ``recording``.

    Raises:
        AnalysisError: NoVideoStream, UnsupportedMedia, CorruptMedia, or MediaTooLarge.
    """
    installed = _installed or _install(caps, Models(), NO_TRUST)
    _set_threads(installed, caps)
    reading = read_picture(recording, caps, _meters(installed), lambda share: progress("decode", 0.8 * share))
    progress("compare", 0.8)
    reports = [detector.detect(reading) for detector in installed.all]
    progress("plot", 0.95)
    return _assess(installed, reading, reports, plot)


def warm_up(caps: Caps, models: Models, trust: Trust = NO_TRUST) -> None:
    """Install the detectors, run them over twenty frames of noise, and draw a plot into nothing.

    Raises:
        Misconfigured: a model or the trust list is missing, or cannot be used.
    """
    global _installed  # noqa: PLW0603 - a child process has one
    _installed = _install(caps, models, trust)
    cv2.setNumThreads(1)  # the children are copies of this process, and threads are not copied
    # Noise enough, and without numpy.random, which nothing else here uses and an idle process would keep.
    numbers = np.arange(20 * 180 * 320, dtype=np.uint32)
    noise = (numbers * numbers * np.uint32(2654435761) >> 24).astype(np.uint8).reshape(20, 180, 320)
    reading = read_frames(noise, _meters(_installed))
    for detector in _installed.all:
        detector.warm_up(reading)
    measure_jump(0, (noise[0], noise[1], noise[2], noise[3]), noise[0], 1.0)  # noise has no jump to measure
    _draw(Path(os.devnull), "", 1.0, reading, [])


class _Film:
    """The filmstrip of the plot, as a meter."""

    def __init__(self) -> None:
        self._film = Filmstrip()

    def add(self, time: float, frame: GrayFrame, *, begins: bool) -> None:
        del begins
        self._film.add(time, frame)

    def result(self) -> Filmstrip:
        return self._film


def _install(caps: Caps, models: Models, trust: Trust) -> _Detectors:
    return InstalledDetectors(DETECTORS, Setup(caps, models, trust))


def _meters(installed: _Detectors) -> list[AnyMeter]:
    return [MotionMeter, _Film, *chain.from_iterable(detector.meters for detector in installed.all)]


def _set_threads(installed: _Detectors, caps: Caps) -> None:
    """Use one thread, unless a detector is worth more: frames are so small that others mostly wait, which costs CPU."""
    cv2.setNumThreads(caps.threads if any(detector.threads for detector in installed.all) else 1)


def _assess(installed: _Detectors, reading: VideoReading, reports: Sequence[DetectorReport], plot: Path) -> Assessment:
    frames, seconds = reading.measured(MotionMeter).times.size, reading.facts.duration_seconds
    verdict, score = judge(reports, conclusive=frames >= _FEWEST_FRAMES and not reading.coverage.spoilt)
    pairs = list(zip(installed.all, reports, strict=True))
    limits = " ".join([*installed.gaps, *reading.coverage.sentences])
    verdict, summary = of_the_whole(verdict, _summary(verdict, pairs, frames, limits), reading.coverage)
    findings = [finding for report in reports for finding in report.findings if finding.score > 0]
    _draw(plot, f"Picture: {verdict}, score {score}", seconds, reading, findings)
    return Assessment(
        media=reading.facts,
        verdict=verdict,
        score=score,
        summary=summary,
        examined_share=reading.coverage.share,
        unexamined=reading.coverage.sentences,
        detectors=[completed(report, seconds=seconds, limitation=limits or _EVIDENCE_ONLY) for report in reports],
    )


def _draw(target: Path, title: str, seconds: float, reading: VideoReading, findings: Sequence[Finding]) -> None:
    change = reading.measured(MotionMeter).change
    draw_timeline(
        target,
        title=title,
        axis="change",
        seconds=seconds,
        low=np.zeros(change.size, dtype=np.float32),
        high=change,
        findings=findings,
        film=reading.measured(_Film),
    )


def _summary(verdict: Verdict, pairs: Sequence[tuple[VideoDetector, DetectorReport]], frames: int, limits: str) -> str:
    if verdict is Verdict.INCONCLUSIVE:
        return f"Only {frames} frames: too little to say anything. Send a longer recording."
    edits = [edit for detector, report in pairs if (edit := detector.edit(report))]
    if edits and verdict is not Verdict.LIKELY_FAKE:
        return f"Edited: {'; '.join(edits)}."
    sentence = deciding_summary(pairs, verdict) or "No duplicated, looped, frozen or missing stretches of picture."
    return f"{sentence} {limits}"[:500].rstrip()
