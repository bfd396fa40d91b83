"""The video analysis: one pass over small gray frames, then what can only be said of all of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from analyzer_contract import DetectorReport, MediaFacts, Verdict
from analyzer_kit.detector import Assessment, Caps, Models, ReportStage
from analyzer_kit.media.video import VideoReader
from analyzer_kit.plots import Filmstrip, draw_timeline
from analyzer_kit.reports import completed
from analyzer_kit.verdicts import judge
from video_analyzer import ANALYZER
from video_analyzer.duplicates import find_copies, report_copies
from video_analyzer.freezes import detect_freezes
from video_analyzer.jumps import measure_jump, report_drops
from video_analyzer.motion import NEIGHBOURS, Motion, MotionMeter

NO_FACE_DETECTOR = "No detector that was measured for swapped or generated faces is installed."
_FEWEST_FRAMES = 2 * NEIGHBOURS + 2
_PROGRESS_FRAMES = 10


def analyze(recording: Path, plot: Path, caps: Caps, report: ReportStage) -> Assessment:
    """Looks for evidence in the first video track of ``recording``.

    Raises:
        AnalysisError: NoVideoStream, UnsupportedMedia, CorruptMedia, or MediaTooLarge.
    """
    cv2.setNumThreads(caps.threads)
    reader = VideoReader(recording, caps)
    meter, film = MotionMeter(), Filmstrip()
    for index, (time, frame) in enumerate(reader.frames()):
        meter.add(time, frame)
        film.add(time, frame)
        if index % _PROGRESS_FRAMES == 0:
            report("decode", 0.8 * min(time / (reader.stated or 60.0), 1.0))
    motion = meter.motion()
    report("compare", 0.8)
    copies = find_copies(motion.thumbs)
    seams = [seam for copy in copies for seam in (copy.second, copy.second + copy.frames)]
    detectors = [
        report_copies(copies, motion.times, ANALYZER.version),
        detect_freezes(motion, ANALYZER.version),
        report_drops(motion.jumps, motion.times, seams, ANALYZER.version),
    ]
    report("plot", 0.95)
    return _assess(reader.facts, motion, detectors, film, plot)


def warm_up(_caps: Caps, _models: Models) -> None:
    """Runs the detectors over twenty frames of noise."""
    noise = np.random.default_rng(0).integers(0, 255, (20, 180, 320), dtype=np.uint8)
    meter = MotionMeter()
    for index, frame in enumerate(noise):
        meter.add(index / 25, frame)
    motion = meter.motion()
    find_copies(motion.thumbs)
    detect_freezes(motion, ANALYZER.version)
    measure_jump(0, (noise[0], noise[1], noise[2], noise[3]), 1.0)


def _assess(
    facts: MediaFacts, motion: Motion, detectors: list[DetectorReport], film: Filmstrip, plot: Path
) -> Assessment:
    verdict, score = judge(detectors, conclusive=motion.times.size >= _FEWEST_FRAMES)
    findings = [finding for detector in detectors for finding in detector.findings]
    draw_timeline(
        plot,
        title=f"Picture: {verdict}, score {score}",
        axis="change",
        seconds=facts.duration_seconds,
        low=np.zeros(motion.change.size, dtype=np.float32),
        high=motion.change,
        findings=findings,
        film=film,
    )
    seconds = facts.duration_seconds
    return Assessment(
        media=facts,
        verdict=verdict,
        score=score,
        summary=_summary(verdict, detectors, motion.times.size),
        detectors=[completed(each, seconds=seconds, limitation=NO_FACE_DETECTOR) for each in detectors],
    )


_WHAT = {
    "DuplicatedFrames": (
        "a stretch of the picture repeats an earlier one",
        "{} stretches of the picture repeat earlier ones",
    ),
    "FrozenFrames": ("the moving picture freezes once", "the moving picture freezes {} times"),
    "DroppedFrames": ("a stretch of the picture is missing", "{} stretches of the picture are missing"),
}
"""What is said of one finding, and of several."""


def _summary(verdict: Verdict, detectors: list[DetectorReport], frames: int) -> str:
    if verdict is Verdict.INCONCLUSIVE:
        return f"Only {frames} frames: too little to say anything. Send a longer recording."
    found = [_WHAT[each.name][len(each.findings) > 1].format(len(each.findings)) for each in detectors if each.findings]
    if verdict is Verdict.SUSPICIOUS:
        return f"Edited: {'; '.join(found)}."
    return f"No duplicated, frozen or missing stretches of picture. {NO_FACE_DETECTOR}"
