"""What a detector of the context analyzer is."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import NamedTuple

from analyzer_contract import DetectorReport, Finding
from analyzer_kit.detector import Detector, DetectorSource
from context_analyzer import ANALYZER
from context_analyzer.reading import ContextReading
from context_analyzer.settings import ContextSettings
from context_analyzer.transcript import Transcript


class ContextSetup(NamedTuple):
    """What the detectors of this analyzer are installed with.

    Attributes:
        settings: which services there are.
        threads: where calls of them wait.
    """

    settings: ContextSettings
    threads: Executor


class ContextDetector(Detector[ContextReading]):
    """A detector over what is said in a recording."""

    version = ANALYZER.version

    async def ask(self, transcript: Transcript, seconds: float) -> object:
        """Return what a service answers about a transcript: ``reading.answers[name]`` has it when it detects.

        :meth:`detect` runs in a thread, and calls no service.

        Args:
            transcript: with speech in it.
            seconds: until the job's deadline.
        """
        del transcript, seconds
        return None

    def shown(self, report: DetectorReport) -> Sequence[Finding]:
        """Return the findings to shade in the plot."""
        return report.findings


type ContextEntry = ContextDetector | DetectorSource[ContextDetector, ContextSetup]


def phishing(message: str) -> str:
    """Return the summary of a detector that found a phishing call."""
    return f"What is said resembles a phishing call. {message}"[:500]


def unable(report: DetectorReport) -> str:
    """Return the summary of a detector that could not look: its last limitation says why."""
    return f"The rules found no phishing call, and more could not be looked at. {report.limitations[-1]}"[:500]
