"""The detector interface: what every detector of every analyzer is, and what it looks at.

An analyzer is a tuple of detectors, its ``DETECTORS``, over one reading of the recording. A detector declares what it
needs of the reading (meters, spans of samples, an answer); the analyzer's loop provides that and knows no detector by
name. A new detector is one module, one entry in ``DETECTORS``, its words in the locale files, and its test.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, cast

from analyzer_contract import SEVERITY, DetectorReport, Finding, ModelCard, TimelinePoint, Verdict
from analyzer_kit.coverage import WHOLE
from analyzer_kit.verdicts import verdict_of


class Meter[T](Protocol):
    """A measurement that takes a recording piece by piece, as it is decoded."""

    def result(self) -> T:
        """Return what was measured so far."""


class Reading:
    """One recording, read once, as all detectors see it.

    Args:
        measured: the result of each meter, by what makes the meter.
        recording: the file, for those who look at it themselves; None for what was made here.
    """

    def __init__(
        self, measured: Mapping[Callable[[], Meter[Any]], Any] | None = None, recording: Path | None = None
    ) -> None:
        self.recording = recording
        self._measured = measured or {}
        self._computed: dict[Callable[[Any], Any], Any] = {}
        self.coverage = WHOLE
        """What of the recording was examined; who reads it says what is missing."""
        self.progress: Callable[[float], None] = lambda _share: None
        """For a detector that takes long: the share (0-1) of its work that is done."""

    def measured[T](self, meter: Callable[[], Meter[T]]) -> T:
        """Return the result of a meter that some detector lists in ``meters``.

        Raises:
            LookupError: no detector does.
        """
        if meter not in self._measured:
            raise LookupError(f"{meter!r} was not run: list it in the `meters` of the detector that needs it")
        return cast("T", self._measured[meter])

    def computed[T](self, compute: Callable[[Self], T]) -> T:
        """Return ``compute(self)``, computed once however many detectors, or steps of one, ask for it."""
        if compute not in self._computed:
            self._computed[compute] = compute(self)
        return cast("T", self._computed[compute])


class Detector[R: Reading](ABC):
    """One kind of evidence that is looked for. An instance serves every recording: it keeps nothing of any.

    Attributes:
        name: of its reports; the locale files name it in each language.
        id: of its model card.
        version: of its model card.
        limitations: what it cannot say, one sentence each.
        eval_card: the page that states its error rates, if they were measured.
    """

    name: str
    id: str
    version: str
    limitations: Sequence[str] = ()
    eval_card: str | None = None

    _MOST_FINDINGS: ClassVar[int] = 200

    @abstractmethod
    def detect(self, reading: R) -> DetectorReport:
        """Return the report on one recording; :meth:`report` makes it.

        Raises:
            AnalysisError: the recording cannot be read as far as this detector needs it.
        """

    def summary(self, report: DetectorReport) -> str:
        """Return its verdict for a person, in one sentence that stands alone; empty if it has nothing to say.

        It is shown if this detector decides the recording's verdict. By default: the strongest finding's message.
        """
        if SEVERITY[verdict_of(report)] < SEVERITY[Verdict.SUSPICIOUS]:
            return ""
        strongest = max(report.findings, key=lambda finding: finding.score, default=None)
        return strongest.message if strongest else f"{self.name}: score {report.score}."

    def warm_up(self, reading: R) -> None:
        """Run once over a made-up recording, so that the first real one does not wait for what is done only once."""
        self.detect(reading)

    def report(
        self,
        score: int,
        findings: Iterable[Finding] = (),
        *,
        claim: Verdict | None = None,
        limitations: Sequence[str] | None = None,
        timeline: Sequence[TimelinePoint] = (),
        reference_percentile: float | None = None,
        sha256: str | None = None,
    ) -> DetectorReport:
        """Return a report with this detector's name, limitations and model card.

        Args:
            score: 0-100.
            findings: at most 200 of them are kept.
            claim: a verdict for which its errors were measured, or that it could not look.
            limitations: in place of the detector's own.
            timeline: scores over time; without one it follows from the findings.
            reference_percentile: the share of genuine reference recordings that score lower, in per cent.
            sha256: of its weights, if it has any.
        """
        return DetectorReport(
            name=self.name,
            score=score,
            claim=claim,
            reference_percentile=reference_percentile,
            findings=list(findings)[: self._MOST_FINDINGS],
            limitations=list(self.limitations if limitations is None else limitations),
            timeline=list(timeline),
            model=ModelCard(id=self.id, version=self.version, sha256=sha256, eval_card=self.eval_card),
        )


class DetectorSource[D, S](ABC):
    """An entry of a registry that stands for several detectors, such as one for each installed model."""

    @abstractmethod
    def install(self, setup: S) -> Sequence[D]:
        """Return the detectors that run in this process.

        Raises:
            Misconfigured: what was asked for is missing, or cannot be used.
        """

    @abstractmethod
    def gap(self, installed: Sequence[D]) -> str:
        """Return what the analyzer cannot say because of what is not installed, in one sentence; empty for nothing."""


class InstalledDetectors[D: Detector[Any], S]:
    """The detectors of an analyzer in this process.

    Args:
        registry: the analyzer's ``DETECTORS``.
        setup: what its sources are installed with.

    Attributes:
        all: in the order of their reports.
        gaps: what the analyzer cannot say as it is installed, one sentence each.

    Raises:
        Misconfigured: what was asked for is missing, or cannot be used.
    """

    def __init__(self, registry: Sequence[D | DetectorSource[D, S]], setup: S) -> None:
        self.all: list[D] = []
        self.gaps: list[str] = []
        for entry in registry:
            if not isinstance(entry, DetectorSource):
                self.all.append(entry)
                continue
            installed = entry.install(setup)
            self.all += installed
            if gap := entry.gap(installed):
                self.gaps.append(gap)


def deciding_summary(pairs: Iterable[tuple[Detector[Any], DetectorReport]], verdict: Verdict) -> str:
    """Return the sentence of the detector that decided, of those with this verdict; empty if none has anything to say.

    Of evidence the highest score decides; of equal ones, and where there is none, a claim goes first, then the order of
    the registry.
    """
    evident = SEVERITY[verdict] >= SEVERITY[Verdict.SUSPICIOUS]
    sentences = [
        (report, sentence)
        for detector, report in pairs
        if verdict_of(report) is verdict and (sentence := detector.summary(report))
    ]
    _, sentence = max(
        sentences,
        key=lambda pair: (pair[0].score if evident else 0, pair[0].claim is not None),
        default=(None, ""),
    )
    return sentence
