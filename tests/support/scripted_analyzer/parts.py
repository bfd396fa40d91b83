"""Three scripted analyzers for one object, which holds a script for each of them under its name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from analyzer_kit.analysis import Assessment, Caps, ProgressCallback

from .analysis import obey

PARTS = ("audio", "video", "context")


def part(name: str) -> Callable[[Path, Path, Caps, ProgressCallback], Assessment]:
    """Return the analyzer that obeys the script under this name; without one it finds nothing."""

    def analyze(recording: Path, plot: Path, _caps: Caps, report: ProgressCallback) -> Assessment:
        script = json.loads(recording.read_bytes()).get(name, {})
        return obey(json.dumps(script).encode(), plot, report)

    return analyze
