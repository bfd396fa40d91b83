"""What is said, in the report: folded in, marked, escaped, when the call turned, and advice on its kind."""

from __future__ import annotations

import re

from analysis_operator.api import AnalysisRequest, AnalysisState, AnalysisStatus, RequestStatus
from analysis_operator.report.page import render
from analysis_operator.report.ports import HelpLine
from analysis_operator.report.sections import Section
from analyzer_contract import (
    AnalysisReport,
    DetectorReport,
    Finding,
    Mark,
    MediaFacts,
    ModelCard,
    SourceFacts,
    SpokenTurn,
    Verdict,
)
from context_analyzer.phrases import SCAM_KINDS
from guardian_locales import locales

HOSTILE = "<script>alert(1)</script>"


def page(verdict: Verdict = Verdict.SUSPICIOUS, phones: dict[str, tuple[HelpLine, ...]] | None = None) -> str:
    score = 95 if verdict is Verdict.SUSPICIOUS else 3
    findings = [Finding(kind="FamilyScam", start_seconds=23, end_seconds=40, score=score)]
    turns = [
        SpokenTurn(speaker="spk_7", start_seconds=0, end_seconds=9, text=f"Hello {HOSTILE}"),
        SpokenTurn(
            speaker="spk_2",
            start_seconds=23,
            end_seconds=40,
            text="I need bail money today",
            marks=[Mark(begin=7, end=17, kind="MoneyTransfer"), Mark(begin=12, end=17, kind="Urgency")],
        ),
    ]
    report = AnalysisReport(
        id="u.context",
        analyzer="context",
        source=SourceFacts(etag="e", size_bytes=1),
        media=MediaFacts(duration_seconds=40),
        verdict=verdict,
        score=score,
        summary="",
        detectors=[
            DetectorReport(
                name="ScamClassifier", score=score, findings=findings, model=ModelCard(id="scam-words", version="1")
            )
        ],
        transcript=turns,
    )
    request = AnalysisRequest.model_validate(
        {"metadata": {"name": "call", "uid": "u"}, "spec": {"source": {"uri": "s3://media/call.wav"}}}
    )
    entry = AnalysisStatus(name="context", state=AnalysisState.SUCCEEDED, verdict=verdict, score=score)
    return render(
        request, RequestStatus(verdict=verdict, score=score, analyses=[entry]), [Section(entry, report)], phones
    )


def test_the_transcript_is_folded_in_and_marked_and_says_when_the_call_turned() -> None:
    text = page()
    assert text.count('<details class="talk">') == len(locales())
    assert text.count(">bail money</mark>") == len(locales())
    assert "The call turns at 00:23.0. From there on:" in text
    assert text.count('<li class="after">') == len(locales())
    assert '<rect class="moment" x="57.5%"' in text
    assert HOSTILE not in text
    assert re.findall(r"<b>([A-Z])</b> <span>", text) == ["A", "B"] * len(locales())


def test_there_is_advice_for_the_kind() -> None:
    text = page()
    for locale in locales():
        assert all(step in text for step in locale.advice["FamilyScam"])


def test_a_call_that_is_not_suspicious_has_neither() -> None:
    text = page(Verdict.NO_EVIDENCE)
    assert '<details class="talk">' in text
    assert "The call turns" not in text
    assert not [step for step in locales()[0].advice["FamilyScam"] if step in text]


def test_an_installation_names_who_helps() -> None:
    text = page(phones={"en": (HelpLine("999", "Police & more"),)})
    assert 'href="tel:999"' in text
    assert "Police &amp; more" in text
    assert text.count("Who helps in Korea") == 0
    assert 'href="tel:112"' in text, "the other language keeps its own"


def test_every_kind_of_fraud_has_its_advice_in_every_language() -> None:
    for locale in locales():
        assert {*locale.advice} == {f"{kind}Scam" for kind in SCAM_KINDS}
