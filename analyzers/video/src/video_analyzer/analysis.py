"""The video analysis: one pass over small gray frames, then what can only be said of all of them."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np

from analyzer_contract import DetectorReport, Finding, Verdict
from analyzer_kit.analysis import Assessment, Caps, Models, ProgressCallback
from analyzer_kit.media.video import VideoReader
from analyzer_kit.plots import Filmstrip, draw_timeline
from analyzer_kit.reports import completed
from analyzer_kit.verdicts import judge
from video_analyzer import ANALYZER
from video_analyzer.duplicates import find_copies, report_copies
from video_analyzer.freezes import detect_freezes
from video_analyzer.jumps import measure_jump, report_cuts, report_drops
from video_analyzer.models import VideoModel, load_models, say
from video_analyzer.motion import NEIGHBOURS, Motion, MotionMeter
from video_analyzer.provenance import report_provenance
from video_analyzer.shrinking import shrink

NO_FACE_DETECTOR = "No detector that was measured for swapped or generated faces is installed."
_FEWEST_FRAMES = 2 * NEIGHBOURS + 2
_PROGRESS_FRAMES = 10
_models: list[VideoModel] = []
"""Loaded by :func:`warm_up`; a child process analyses one recording at a time."""


def analyze(recording: Path, plot: Path, caps: Caps, report: ProgressCallback) -> Assessment:
    """Looks for evidence in the first video track of ``recording``.

    Raises:
        AnalysisError: NoVideoStream, UnsupportedMedia, CorruptMedia, or MediaTooLarge.
    """
    _set_threads(caps)
    reader = VideoReader(recording, caps, shrink)
    meter, film = MotionMeter(), Filmstrip()
    models = _models
    for model in models:
        model.reset()
    for index, (time, frame) in enumerate(reader.frames()):
        begins = reader.begins[-1] == index
        meter.add(time, frame, begins=begins)
        film.add(time, frame)
        for model in models:
            model.add(time, frame, begins=begins)
        if index % _PROGRESS_FRAMES == 0:
            report("decode", 0.8 * min(time / (reader.stated or 60.0), 1.0))
    motion = meter.motion()
    report("compare", 0.8)
    detectors = [
        *_motion_reports(motion),
        report_provenance(recording, caps, reader.facts.duration_seconds, ANALYZER.version),
        *(model.report() for model in models),
    ]
    report("plot", 0.95)
    return _assess(reader, motion, detectors, film, plot)


def warm_up(caps: Caps, models: Models) -> None:
    """Loads the models, runs the other detectors over twenty frames of noise, and draws a plot that nobody sees.

    Raises:
        Misconfigured: a model is missing, or cannot be used.
    """
    _models[:] = load_models(models)
    _set_threads(caps)
    # Noise enough, and without numpy.random, which nothing else here uses and an idle process would keep.
    numbers = np.arange(20 * 180 * 320, dtype=np.uint32)
    noise = (numbers * numbers * np.uint32(2654435761) >> 24).astype(np.uint8).reshape(20, 180, 320)
    meter, film = MotionMeter(), Filmstrip()
    for index, frame in enumerate(noise):
        meter.add(index / 25, frame)
        film.add(index / 25, frame)
    motion = meter.motion()
    _motion_reports(motion)
    measure_jump(0, (noise[0], noise[1], noise[2], noise[3]), 1.0)
    _draw(Path(os.devnull), "", 1.0, motion, [], film)


def _set_threads(caps: Caps) -> None:
    """Only models are worth more than one thread: frames are so small that others mostly wait, which costs CPU."""
    cv2.setNumThreads(caps.threads if _models else 1)


def _motion_reports(motion: Motion) -> list[DetectorReport]:
    copies = find_copies(motion.thumbs)
    seams = [seam for copy in copies.found for seam in (copy.second, copy.second + copy.frames)]
    return [
        *report_copies(copies, motion.times, ANALYZER.version),
        detect_freezes(motion, ANALYZER.version),
        report_drops(motion.jumps, motion.times, seams, ANALYZER.version),
        report_cuts(motion.jumps, motion.times, ANALYZER.version),
    ]


def _assess(
    reader: VideoReader, motion: Motion, detectors: list[DetectorReport], film: Filmstrip, plot: Path
) -> Assessment:
    verdict, score = judge(detectors, conclusive=motion.times.size >= _FEWEST_FRAMES)
    seconds = reader.facts.duration_seconds
    findings = [finding for detector in detectors for finding in detector.findings if finding.score > 0]
    _draw(plot, f"Picture: {verdict}, score {score}", seconds, motion, findings, film)
    said = [] if any(model.measured for model in _models) else [NO_FACE_DETECTOR]
    if not reader.whole:
        share = reader.seen_seconds / max(seconds, 0.001)
        said.append(f"Only {reader.seen_seconds:.0f} of {seconds:.0f} s were looked at ({share:.0%}), in stretches.")
    return Assessment(
        media=reader.facts,
        verdict=verdict,
        score=score,
        summary=_summary(verdict, detectors, motion.times.size, said),
        detectors=[completed(each, seconds=seconds, limitation=" ".join(said) or _EVIDENCE_ONLY) for each in detectors],
    )


def _draw(  # noqa: PLR0917 - what a plot is made of
    target: Path, title: str, seconds: float, motion: Motion, findings: list[Finding], film: Filmstrip
) -> None:
    draw_timeline(
        target,
        title=title,
        axis="change",
        seconds=seconds,
        low=np.zeros(motion.change.size, dtype=np.float32),
        high=motion.change,
        findings=findings,
        film=film,
    )


_EVIDENCE_ONLY = "Evidence is looked for, not proof: what is not found may still be there."
_WHAT = {
    "DuplicatedFrames": (
        "a stretch of the picture repeats an earlier one",
        "{} stretches of the picture repeat earlier ones",
    ),
    "LoopedFrames": ("a stretch of the picture runs in a loop", "{} stretches of the picture run in loops"),
    "FrozenFrames": ("the moving picture freezes once", "the moving picture freezes {} times"),
    "DroppedFrames": ("a stretch of the picture is missing", "{} stretches of the picture are missing"),
}
"""What is said of one finding, and of several."""


def _summary(verdict: Verdict, detectors: list[DetectorReport], frames: int, said: list[str]) -> str:
    if verdict is Verdict.INCONCLUSIVE:
        return f"Only {frames} frames: too little to say anything. Send a longer recording."
    limits = " ".join(said)
    if verdict is Verdict.LIKELY_FAKE:
        return f"{say(_models)} {limits}"[:500].rstrip()
    edits = [
        _WHAT[each.name][len(each.findings) > 1].format(len(each.findings))
        for each in detectors
        if each.findings and each.name in _WHAT
    ]
    if edits:
        return f"Edited: {'; '.join(edits)}."
    if verdict is Verdict.SUSPICIOUS:
        strongest = max((finding for each in detectors for finding in each.findings), key=lambda each: each.score)
        return f"{strongest.message} {limits}"[:500].rstrip()
    return f"No duplicated, looped, frozen or missing stretches of picture. {limits}".rstrip()
