"""What names an analyzer. Apart from :mod:`analyzer_kit.detector`, so that a service can start without pydantic."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Analyzer:
    """Which analyzer a service runs.

    Attributes:
        name: names the results (``<name>.json``) and metrics.
        version: of the detectors; part of every model card.
        port: where it listens unless told otherwise.
        module: dotted name of the :class:`analyzer_kit.analysis.AnalysisModule`, imported in the child only. Empty for
            an analyzer that decodes no media, and brings a :class:`analyzer_kit.backend.Backend` of its own.
    """

    name: str
    version: str
    port: int
    module: str = ""
