"""The interface between the kit and an analyzer: what its analysis module gets, and what it returns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from pydantic import Field

from analyzer_contract import (
    MOST_DETECTORS,
    DetectorReport,
    ExaminedShare,
    Gaps,
    MediaFacts,
    SpokenTurn,
    TranscriptObject,
    Verdict,
    Wire,
)

ProgressCallback = Callable[[str, float], None]
"""Called with a stage's name and the fraction (0-1) of the whole analysis that is done."""


class Caps(Wire):
    """Limits: what is over them is refused before it is decoded."""

    max_duration_seconds: float = Field(default=7200, gt=0)
    max_side_pixels: int = Field(default=8192, gt=0, description="Of a frame's width and of its height.")
    max_streams: int = Field(default=512, gt=0, description="Of all kinds: a film has dozens of subtitles and fonts.")
    threads: int = Field(default=2, ge=1, description="For decoding and for array work.")


class Models(Wire):
    """The detection models that an installation asks for."""

    folder: str | None = Field(default=None, description="A folder of models with manifests; without one, its own.")
    ids: tuple[str, ...] = Field(default=(), description="Of models in that folder; none named: all that it can use.")


class Trust(Wire):
    """Whose content credentials an installation trusts."""

    folder: str | None = Field(default=None, description="A folder of certificates, *.pem; without one, none.")


NO_TRUST = Trust()


class Setup(NamedTuple):
    """What the detectors of a media analyzer are installed with."""

    caps: Caps
    models: Models
    trust: Trust = NO_TRUST


class Assessment(Wire):
    """The result of one analysis, without what only the service knows."""

    media: MediaFacts
    verdict: Verdict
    score: int = Field(ge=0, le=100)
    summary: str = Field(max_length=500)
    examined_share: ExaminedShare
    unexamined: Gaps = Field(default_factory=list)
    detectors: list[DetectorReport] = Field(max_length=MOST_DETECTORS)
    transcript: list[SpokenTurn] = Field(default_factory=list)
    transcript_source: TranscriptObject | None = None


class AnalysisModule(Protocol):
    """What the module named by :attr:`analyzer_kit.analyzer.Analyzer.module` must offer."""

    def analyze(self, recording: Path, plot: Path, caps: Caps, progress: ProgressCallback) -> Assessment:
        """Read ``recording``, write a PNG to ``plot``, and return the assessment.

        Raises:
            AnalysisError: the recording is refused or cannot be decoded.
        """

    def warm_up(self, caps: Caps, models: Models, trust: Trust) -> None:
        """Load the models, and run the detectors once over a made-up signal, so that the first analysis is not slower.

        Raises:
            Misconfigured: a model or a trust list that was asked for is missing, or cannot be used.
        """
