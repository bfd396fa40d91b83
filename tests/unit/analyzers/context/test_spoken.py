"""The transcript in the result: numbers masked, marked where a warning rests on it, and nowhere else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from analyzer_contract import SpokenTurn, Verdict
from analyzer_kit.analysis import Assessment
from analyzer_kit.detector import InstalledDetectors
from context_analyzer.answer import Answer, Quote, ScamType
from context_analyzer.backend import conclude
from context_analyzer.detector import ContextSetup
from context_analyzer.detectors import DETECTORS
from context_analyzer.language_model import Opinion
from context_analyzer.masking import masked
from context_analyzer.reading import Transcription
from context_analyzer.settings import ContextSettings
from context_analyzer.transcript import Transcript, read_transcript
from ml.context.scripts import Call, load_calls, transcribed
from tests.support.analyzers.words import scam_model

CALLS = {call.name: call for call in load_calls()}
SCAM = read_transcript(transcribed(CALLS["ko-prosecutor"]))


def concluded(transcript: Transcript, *, keep: bool = True, opinion: Opinion | None = None) -> Assessment:
    with ThreadPoolExecutor(1) as threads:
        model = "gemma" if opinion else "none"
        url = "http://127.0.0.1:9/v1" if opinion else ""
        settings = ContextSettings(context_model=model, context_model_url=url)
        installed = InstalledDetectors(DETECTORS, ContextSetup(settings, threads))
        return conclude(installed, Transcription(transcript), {"ScamModel": opinion}, keep=keep)[0]


def said(*turns: str) -> Transcript:
    return read_transcript(transcribed(Call("t", "en-US", False, "", tuple(("spk_0", turn) for turn in turns))))


def passages(turns: list[SpokenTurn]) -> list[tuple[str, str]]:
    return [(mark.kind, turn.text[mark.begin : mark.end]) for turn in turns for mark in turn.marks]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("계좌는 110-234-567890 입니다", "계좌는 •••-•••-•••••• 입니다"),
        ("인증번호 1234 불러 주세요", "인증번호 •••• 불러 주세요"),
        ("공일공에 일이삼사에 오육칠팔 번", "•••• ••••• •••• 번"),
        ("my code is one two three four", "my code is ••• ••• ••••• ••••"),
        ("5,000,000원, $4 ,500", "5,000,000원, $4 ,500"),
        ("11월 27일 3시 30분에 오십만 원", "11월 27일 3시 30분에 오십만 원"),
    ],
)
def test_numbers_are_masked_and_amounts_are_not(text: str, expected: str) -> None:
    assert masked(text) == expected
    assert len(masked(text)) == len(text)


def test_of_a_fraud_the_passages_are_marked_that_the_rules_found() -> None:
    turns = concluded(SCAM).transcript
    assert [turn.start_seconds for turn in turns] == [round(turn.start, 2) for turn in SCAM.turns]
    assert ("SafeAccount", "금융감독원 안전계좌") in passages(turns)


def test_what_a_language_model_quotes_is_marked_too_and_not_in_the_summary() -> None:
    words = "그런 통장 만든 적 없어요"
    answer = Answer(scam_type=ScamType.LOAN, risk=99, quotes=[Quote(turn=3, text=words)], asked_for=[], advice=[])
    assessment = concluded(SCAM, opinion=Opinion(answer))
    assert ("ScamWords", words) in passages(assessment.transcript)
    assert words not in assessment.summary


def test_in_an_honest_call_nothing_is_marked() -> None:
    call = read_transcript(transcribed(CALLS["en-doctor"]))
    assessment = concluded(call)
    assert assessment.verdict is not Verdict.SUSPICIOUS
    assert len(assessment.transcript) == len(call.turns)
    assert passages(assessment.transcript) == []


def test_numbers_are_masked_in_findings_too() -> None:
    call = said(
        "Grandma, I had an accident, please do not tell anybody.",
        "I need bail money today, transfer it to account 110 234 567890 now, my lawyer will pick up the cash.",
    )
    assessment = concluded(call)
    assert assessment.verdict is Verdict.SUSPICIOUS
    assert "567890" not in assessment.model_dump_json()


def test_an_installation_may_keep_no_transcripts() -> None:
    assert concluded(SCAM, keep=False).transcript == []


def test_the_quote_of_an_opinion_stays_out_of_the_status() -> None:
    model = scam_model()
    answer = Answer(
        scam_type=ScamType.LOAN, risk=99, quotes=[Quote(turn=4, text="안전계좌로")], asked_for=[], advice=[]
    )
    report = model.report_on(Opinion(answer), SCAM)
    assert model.summary(report) == "What is said resembles a phishing call. It sounds like a false loan."
