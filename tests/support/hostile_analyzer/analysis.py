"""The taken-over detector: the recording holds the name of an attack, and what it is aimed at."""

from __future__ import annotations

import json
from pathlib import Path

from analyzer_contract import MediaFacts, Verdict
from analyzer_kit.analysis import Assessment, Caps, Models, ProgressCallback, Trust

from .attacks import ATTACKS


def analyze(recording: Path, plot: Path, _caps: Caps, _report: ProgressCallback) -> Assessment:
    """Attack as the recording says; an empty one is harmless. What comes back from here is an attack that worked."""
    order = json.loads(recording.read_bytes())
    plot.write_bytes(b"")
    told = ATTACKS[order["attack"]](order.get("target", "")) if order else "harmless"
    return Assessment(
        media=MediaFacts(container="order"),
        verdict=Verdict.NO_EVIDENCE,
        score=0,
        summary=f"It worked: {told}"[:500],
        examined_share=1.0,
        detectors=[],
    )


def warm_up(_caps: Caps, _models: Models, _trust: Trust) -> None:
    """Do nothing: there is nothing to warm up."""
