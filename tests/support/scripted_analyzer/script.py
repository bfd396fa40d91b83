"""The detector module: follows the script. Imported in the child."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

from analyzer_contract import DetectorReport, MediaFacts, ModelCard, Verdict
from analyzer_kit.detector import Assessment, Caps, ReportStage

_STEP_SECONDS = 0.2
_BLOCK_BYTES = 32 * 1024 * 1024
# The smallest PNG: one transparent pixel.
_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


def warm_up() -> None:
    """There is nothing to warm up."""


def analyze(recording: Path, plot: Path, caps: Caps, report: ReportStage) -> Assessment:
    """Follow the script in `recording`."""
    script = json.loads(recording.read_text())
    _crash(script.get("crash"))
    _spend(float(script.get("seconds", 0)), report)
    plot.write_bytes(_PIXEL)
    score = int(script.get("score", 3))
    card = ModelCard(id="script", version="1")
    return Assessment(
        media=MediaFacts(container="json"),
        verdict=Verdict(script.get("verdict", "NoEvidence")),
        score=score,
        summary="The script said so.",
        detectors=[DetectorReport(name="Script", score=score, model=card)],
    )


def _spend(seconds: float, report: ReportStage) -> None:
    began = time.monotonic()
    while (gone := time.monotonic() - began) < seconds:
        report("script", gone / seconds)
        time.sleep(min(_STEP_SECONDS, seconds - gone))


def _crash(how: str | None) -> None:
    match how:
        case "sigkill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "oom":
            blocks = []
            while True:
                blocks.append(b"\1" * _BLOCK_BYTES)
        case "hang":
            while True:
                time.sleep(60)
