"""Every detector and every kind of finding has words in each language; a new one is shown before it has any."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from analysis_operator.api import AnalysisRequest, AnalysisState, AnalysisStatus, RequestStatus, StatusFinding
from analysis_operator.report.page import render
from analysis_operator.report.sections import Section
from analyzer_contract import AnalysisReport, SourceFacts, Verdict
from analyzer_kit.analysis import Caps, Models
from analyzer_kit.provenance import judging
from analyzer_kit.provenance.marks import MARKS
from audio_analyzer import analysis as audio
from audio_analyzer import detectors as audio_detectors
from context_analyzer.detectors.classifier import KIND_SUFFIX, STAGE_PREFIX, ScamClassifier
from context_analyzer.detectors.indicators import ScamIndicators
from context_analyzer.detectors.opinion import ScamModel
from context_analyzer.lexicon import INDICATORS
from context_analyzer.phrases import SCAM_KINDS, SCAM_STAGES
from context_analyzer.reasons import Reason as ContextReason
from guardian_locales import Locale, locales
from status_api import page as status_page
from tests.support.analyzers.listener import babble, wav
from tests.support.analyzers.toy_detectors import KIND, NAME, ToyAudioDetector
from tests.support.locales import TOY_WORDS, locales_in, write_words
from video_analyzer import detectors as video_detectors

REGISTRIES = (audio_detectors, video_detectors)
CONTEXT_DETECTORS = {ScamClassifier.name, ScamIndicators.name, ScamModel.name, "Transcript"}
OTHER_NAMES = {"Lavc"}
"""In the analyzers' modules, and spelled like a kind of finding."""


def constants(registry: ModuleType) -> set[str]:
    """Return what is spelled like a kind of finding, or like a detector's name, in the analyzer of a registry."""
    modules = Path(str(registry.__file__)).parents[1].rglob("*.py")
    nodes = [node for module in modules for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))]
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in texts if re.fullmatch(r"(?:[A-Z]+[a-z]+)+", text)} - OTHER_NAMES


@pytest.mark.parametrize("locale", locales(), ids=lambda locale: locale.code)
@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.__name__)
def test_every_detector_of_the_registries_and_what_it_finds_has_words(registry: ModuleType, locale: Locale) -> None:
    names = {entry.name for entry in registry.DETECTORS if hasattr(entry, "name")}
    kinds = constants(registry)
    assert len(kinds) >= len(registry.DETECTORS)
    assert (names | kinds) - {*locale.kinds, *locale.detectors} == set()


@pytest.mark.parametrize("locale", locales(), ids=lambda locale: locale.code)
def test_what_files_say_of_themselves_has_words(locale: Locale) -> None:
    judged = ast.walk(ast.parse(Path(str(judging.__file__)).read_text(encoding="utf-8")))
    texts = {node.value for node in judged if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    kinds = {text for text in texts if re.fullmatch(r"(?:[A-Z]+[a-z]+){2,}", text)}
    assert len(kinds) > 5
    assert kinds | {mark.kind for mark in MARKS} <= set(locale.kinds)


@pytest.mark.parametrize("locale", locales(), ids=lambda locale: locale.code)
def test_what_the_context_analyzer_finds_has_words(locale: Locale) -> None:
    kinds = {indicator.kind for indicator in INDICATORS} | set(ContextReason)
    kinds |= {"ScamPattern", "ScamWords", "CallerWants", "ScamAdvice"}
    kinds |= {f"{kind}{KIND_SUFFIX}" for kind in SCAM_KINDS} | {f"{STAGE_PREFIX}{stage}" for stage in SCAM_STAGES}
    assert kinds <= set(locale.kinds)
    assert {*locale.kinds, *locale.detectors} >= CONTEXT_DETECTORS


@pytest.fixture
def result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AnalysisReport]:
    """A result of the audio analyzer, to whose registry a detector was added."""
    monkeypatch.setattr(audio, "DETECTORS", (ToyAudioDetector(),))
    recording = tmp_path / "voice.wav"
    recording.write_bytes(wav(babble(3)))
    audio.warm_up(Caps(threads=1), Models())
    assessment = audio.analyze(recording, tmp_path / "plot.png", Caps(threads=1), lambda _stage, _fraction: None)
    yield AnalysisReport(
        id="0.audio", analyzer="audio", source=SourceFacts(etag='"a"', size_bytes=1), **dict(assessment)
    )
    audio._installed = None


def report_on(result: AnalysisReport) -> dict[str, str]:
    """Return what the report says in each language."""
    entry = AnalysisStatus(
        name="audio", state=AnalysisState.SUCCEEDED, verdict=result.verdict, score=result.score, message=result.summary
    )
    request = AnalysisRequest.model_validate(
        {"metadata": {"name": "call", "uid": "0"}, "spec": {"source": {"uri": "s3://media/call.wav"}}}
    )
    status = RequestStatus(verdict=result.verdict, score=result.score, analyses=[entry])
    report = render(request, status, [Section(entry, result)])
    return dict(re.findall(r'<main class="page" id="(\w+)".*?>(.*?)</main>', report, re.DOTALL))


def test_a_new_detector_is_in_the_report_in_each_language_before_it_has_words(result: AnalysisReport) -> None:
    report = report_on(result)
    message = result.detectors[0].findings[0].message
    assert [*report] == [locale.code for locale in locales()]
    for text in report.values():
        assert "<h4>Toy finding " in text
        assert f'<p lang="en">{message}</p>' in text
        assert "<h4>Toy detector</h4>" in text


def test_the_words_of_a_new_detector_are_in_the_report_and_on_the_page(result: AnalysisReport, tmp_path: Path) -> None:
    folder = tmp_path / "locales"
    folder.mkdir()
    write_words(folder, TOY_WORDS)
    with locales_in(folder):
        report = report_on(result)
        page = status_page._files()["words.json"].content.decode()
    for code in TOY_WORDS:
        kind, text = TOY_WORDS[code]["kinds"][KIND], report[code]
        assert f"<h4>{kind['title']} " in text
        assert f"<p>{kind['what']}</p>" in text
        assert kind["honest"] in text
        assert f"<h4>{TOY_WORDS[code]['detectors'][NAME]}</h4>" in text
        assert all(word in page for word in kind.values())


def test_the_headline_says_which_kind_of_evidence_there_is() -> None:
    def entry(name: str, verdict: Verdict | None, score: int, *kinds: str) -> AnalysisStatus:
        findings = [StatusFinding(kind=kind, start_seconds=0, end_seconds=1, score=score) for kind in kinds]
        return AnalysisStatus(name=name, verdict=verdict, score=score, findings=findings)

    words, english = entry("context", Verdict.SUSPICIOUS, 80, "LoanScam"), locales()[0]
    voice = entry("audio", Verdict.LIKELY_FAKE, 70, "SyntheticSpeech")
    nothing = entry("video", Verdict.NO_EVIDENCE, 90)
    assert english.headline(Verdict.SUSPICIOUS, [nothing, words]) == "This call sounds like fraud"
    assert english.headline(Verdict.LIKELY_FAKE, [words, voice]) == "The voice sounds made by a machine"
    edited = [
        entry("audio", Verdict.SUSPICIOUS, 60, "AudioSplice"),
        entry("video", Verdict.SUSPICIOUS, 90, "LoopedFrames"),
    ]
    assert english.headline(Verdict.SUSPICIOUS, edited) == "The picture seems edited"
    assert english.headline(Verdict.NO_EVIDENCE, [nothing]) == english.meaning(Verdict.NO_EVIDENCE).title
    assert (
        english.headline(Verdict.SUSPICIOUS, [entry("toy", Verdict.SUSPICIOUS, 60)])
        == english.meaning(Verdict.SUSPICIOUS).title
    )
    assert english.headline(None, []) == english.meaning(None).title
