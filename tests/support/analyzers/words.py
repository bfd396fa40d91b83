"""Transcripts that a test made, judged as the context analyzer judges them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from analyzer_contract import DetectorReport
from analyzer_kit.analysis import Assessment
from context_analyzer.assessing import assess
from context_analyzer.detector import ContextDetector
from context_analyzer.detectors.indicators import ScamIndicators
from context_analyzer.detectors.opinion import ScamModel
from context_analyzer.language_model import LanguageModel
from context_analyzer.reading import ContextReading, Transcription
from context_analyzer.settings import DEFAULT_MODEL, ContextSettings
from context_analyzer.transcript import Transcript


def scam_model(settings: ContextSettings | None = None) -> ScamModel:
    """Return the detector that asks a language model."""
    return ScamModel(LanguageModel(settings or ContextSettings(context_model=DEFAULT_MODEL), ThreadPoolExecutor(2)))


def assessed(transcription: Transcription | Transcript, opinion: DetectorReport | None = None) -> Assessment:
    """Return what the analyzer says by its rules, and by a language model's opinion if there is one."""
    if isinstance(transcription, Transcript):
        transcription = Transcription(transcription)
    pairs: list[tuple[ContextDetector, DetectorReport]] = []
    if transcript := transcription.speech:
        rules = ScamIndicators()
        pairs = [(rules, rules.detect(ContextReading(transcript, transcription.limits)))]
        if opinion is not None:
            pairs.insert(0, (scam_model(), opinion))
    return assess(transcription, pairs)
