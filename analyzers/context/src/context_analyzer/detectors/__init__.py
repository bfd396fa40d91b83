"""The detectors of the context analyzer, one module each."""

from __future__ import annotations

from collections.abc import Sequence

from context_analyzer.detector import ContextEntry
from context_analyzer.detectors.classifier import ScamClassifier
from context_analyzer.detectors.indicators import ScamIndicators
from context_analyzer.detectors.opinion import ScamModels

DETECTORS: Sequence[ContextEntry] = (ScamModels(), ScamClassifier(), ScamIndicators())
"""In the order of their reports."""
