"""What the context analyzer makes of words alone: transcripts, rules, and the verdict without a language model."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer_contract import SUSPICIOUS_FROM, Verdict
from context_analyzer.classifier.judging import judge_texts
from context_analyzer.detectors.indicators import PATTERN, ScamIndicators, find_hits
from context_analyzer.reading import ContextReading, Transcription
from context_analyzer.reasons import NotDone, Reason
from context_analyzer.transcript import Transcript, Turn, Word, read_transcript
from context_analyzer.words import judge_line
from ml.context.scripts import Call, load_calls, transcribed
from tests.support.analyzers.words import assessed

CALLS = load_calls()


def said(*turns: str, language: str = "en-US") -> Transcript:
    """A transcript of turns that take a second a word."""
    call = Call("test", language, False, "", tuple((f"spk_{number % 2}", turn) for number, turn in enumerate(turns)))
    return read_transcript(transcribed(call))


def item(content: str, start: float | None = None, **more: Any) -> dict[str, Any]:
    times = {} if start is None else {"start_time": str(start), "end_time": str(start + 0.4)}
    kind = "punctuation" if start is None else "pronunciation"
    return {"type": kind, "alternatives": [{"content": content, "confidence": "0.9"}], **times, **more}


def output(*items: dict[str, Any], **results: Any) -> bytes:
    return json.dumps({"jobName": "j", "results": {"items": items, "transcripts": [], **results}}).encode()


def test_turns_follow_the_speakers_and_keep_their_times() -> None:
    first, second = {"speaker_label": "spk_0"}, {"speaker_label": "spk_1"}
    content = output(item("Hello", 1.0, **first), item("there", 1.5, **first), item("."), item("Yes", 2.5, **second))
    turns = read_transcript(content).turns
    assert [(turn.speaker, turn.text, turn.start, turn.stop) for turn in turns] == [
        ("spk_0", "Hello there.", 1.0, 1.9),
        ("spk_1", "Yes", 2.5, 2.9),
    ]


def test_a_long_silence_ends_a_turn() -> None:
    turns = read_transcript(output(item("Hello", 1.0), item("again", 9.0))).turns
    assert [turn.text for turn in turns] == ["Hello", "again"]


def test_speakers_may_be_told_apart_from_the_words() -> None:
    labels = {"segments": [{"items": [{"start_time": "1.0", "speaker_label": "spk_3"}]}]}
    assert read_transcript(output(item("Hello", 1.0), speaker_labels=labels)).turns[0].speaker == "spk_3"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"[]", b"not json", b'{"results": {}}', output(item("x", -1)), output(item("x", 1e99)),
        b'{"results": {"items": [{"type": "pronunciation", "alternatives": []}]}}', b"\xff\xfe", b"[" * 100_000,
        output({"type": "pronunciation", "alternatives": [{"content": "x"}], "start_time": "NaN", "end_time": "1"}),
    ],
)  # fmt: skip
def test_what_is_no_transcript_is_said(content: bytes) -> None:
    with pytest.raises(NotDone) as caught:
        read_transcript(content)
    assert caught.value.reason is Reason.TRANSCRIPT_INVALID


def test_a_transcript_without_end_is_refused_before_rules_look_at_it() -> None:
    words = [item("word" * 99, float(number)) for number in range(1_300)]
    with pytest.raises(NotDone, match="four hours") as caught:
        read_transcript(output(*words))
    assert caught.value.reason is Reason.TRANSCRIPT_INVALID


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=12), st.floats(0, 1e6), st.sampled_from(["", "a", "b"])), max_size=30))
def test_whatever_the_words_are_turns_and_findings_lie_within_the_recording(
    words: list[tuple[str, float, str]],
) -> None:
    content = output(*(item(text, start, speaker_label=speaker) for text, start, speaker in words))
    transcript = read_transcript(content)
    for turn in transcript.turns:
        assert all(turn.text[word.begin : word.end].strip() for word in turn.words)
    for finding in ScamIndicators().report_on(transcript).findings:
        assert 0 <= finding.start_seconds <= finding.end_seconds <= 1e6 + 1


@pytest.mark.parametrize("call", [call for call in CALLS if call.split == "development"], ids=lambda call: call.name)
def test_the_calls_that_the_rules_were_written_on_are_told_apart(call: Call) -> None:
    report = ScamIndicators().report_on(read_transcript(transcribed(call)))
    assert (report.score >= SUSPICIOUS_FROM) is call.scam, [finding.message for finding in report.findings]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Go and buy gift cards for me.", "GiftCards"),
        ("Please install the program AnyDesk now.", "RemoteControl"),
        ("Read me the code that you got.", "SecretsDemand"),
        ("A courier will pick up the cash.", "CashHandover"),
        ("You must not tell anybody.", "Secrecy"),
        ("안전 계좌로 옮기셔야 합니다.", "SafeAccount"),
        ("보안카드 번호를 불러 주세요.", "SecretsDemand"),
        ("문화상품권 좀 사다 줘.", "GiftCards"),
        ("원격제어 앱을 설치해 주세요.", "RemoteControl"),
        ("가족한테 절대 말하지 마세요.", "Secrecy"),
        ("결과 나올 때까지 다른 금융사에서 한도 조회를 하지 마세요.", "LenderIsolation"),
        ("다른 데서 한도 조회하시면 중복으로 잡혀서 부결 나니까 참아 주세요.", "LenderIsolation"),
        ("당분간 다른 데 알아보지 마시고요.", "LenderIsolation"),
        ("과장님이 공일공으로 전화드릴 거니까 꼭 받아 주세요.", "MobileAssessor"),
    ],
)
def test_each_sign_is_found_by_itself(words: str, kind: str) -> None:
    language = "en-US" if words.isascii() else "ko-KR"
    assert kind in {hit.indicator.kind for hit in find_hits(said(words, language=language))}


@pytest.mark.parametrize(
    "words",
    [
        "We will never ask you for your PIN or password.",
        "Do not give any code to people who call you.",
        "Hang up and call the number on your card right now.",
        "저희는 전화로 비밀번호를 절대 묻지 않습니다.",
        "비밀번호는 아무에게도 알려주지 마세요.",
    ],
)
def test_warnings_of_fraud_are_no_demands(words: str) -> None:
    language = "en-US" if words.isascii() else "ko-KR"
    assert not [hit for hit in find_hits(said(words, language=language)) if hit.indicator.demand]


def test_a_warning_does_not_hide_the_demand_beside_it() -> None:
    words = "We never ask you for your password, so transfer the money to the safe account right now."
    assert {"MoneyTransfer", "SafeAccount"} <= {hit.indicator.kind for hit in find_hits(said(words))}


def test_a_lender_who_wants_nothing_yet_is_accused_by_what_no_honest_one_says() -> None:
    desk = [
        "네 은행 고객 센터 상담원입니다 대출은 앱이나 지점에서 직접 신청하실 수 있어요.",
        "한도와 금리는 심사 결과에 따라 달라지고 중도 상환 수수료가 없는 상품이에요.",
        "소득 서류는 자동으로 제출되니까 따로 내실 건 없으세요.",
    ]
    alone, call = "그때까지 다른 데서 한도 조회를 하지 마세요.", "심사 과장님이 휴대폰으로 전화드리니까 꼭 받으세요."
    cleared = judge_texts([*desk, alone, call])
    assert cleared is not None
    assert cleared.score < SUSPICIOUS_FROM  # by the classifier, which hears an honest desk
    accused = ScamIndicators().detect(ContextReading(said(*desk, alone, call, language="ko-KR")))
    assert accused.score >= SUSPICIOUS_FROM
    assert "LoanScam" in {finding.kind for finding in accused.findings}
    line = judge_line(json.dumps({"turns": [*desk, alone, call]}).encode())
    assert (line.verdict, line.kind, line.first_risk_turn) == (Verdict.SUSPICIOUS, "Loan", 4)
    for one in (alone, call):
        assert judge_line(json.dumps({"turns": [*desk, one]}).encode()).verdict is Verdict.NO_EVIDENCE


@pytest.mark.parametrize(
    "words",
    [
        "다른 은행에서 조회하지 말라고 하던데 진짜예요.",
        "다른 은행도 비교해 보시고 여러 군데 조회하셔도 괜찮아요.",
        "기사님이 휴대폰으로 전화드릴 거예요.",
    ],
)
def test_what_a_false_lender_said_is_not_said_by_who_tells_of_it(words: str) -> None:
    signs = {hit.indicator.kind for hit in find_hits(said(words, language="ko-KR"))}
    assert not signs & {"LenderIsolation", "MobileAssessor"}


def test_pressure_without_a_demand_stays_below_the_line() -> None:
    words = (
        "This is officer Miller, there is a warrant, an accident, hurry, right now, do not tell anybody, never hang up."
    )
    report = ScamIndicators().report_on(said(words))
    assert report.score == SUSPICIOUS_FROM - 1
    assert PATTERN not in {finding.kind for finding in report.findings}


def test_a_finding_names_the_second_at_which_it_is_said() -> None:
    words = (Word(0, 5, 7.0, 7.4), Word(6, 10, 7.5, 7.9), Word(11, 16, 8.0, 8.4))
    turn = Turn("spk_0", "Three gift cards", words)
    (hit,) = find_hits(Transcript((turn,)))
    assert (hit.start, hit.stop, hit.text) == (7.5, 8.4, "gift cards")


def test_the_verdict_is_suspicious_at_most() -> None:
    call = next(call for call in CALLS if call.name == "en-grandchild-accident")
    found = assessed(Transcription(read_transcript(transcribed(call))))
    assert (found.verdict, found.score) == (Verdict.SUSPICIOUS, 95)
    assert "bail" not in found.summary, "the summary names kinds, not words of the recording"


@pytest.mark.parametrize(
    ("transcription", "reason"),
    [
        (Transcription(None, (NotDone(Reason.TRANSCRIBER_MISSING),)), Reason.TRANSCRIBER_MISSING),
        (Transcription(Transcript(())), Reason.NO_SPEECH),
        (Transcription(said("Hello? Hello?")), Reason.NO_SPEECH),
    ],
)
def test_without_words_nothing_is_concluded(transcription: Transcription, reason: Reason) -> None:
    found = assessed(transcription)
    assert (found.verdict, found.score) == (Verdict.INCONCLUSIVE, 0)
    assert found.detectors[0].findings[0].kind == reason


def test_in_a_language_that_the_rules_do_not_know_their_silence_says_nothing() -> None:
    found = assessed(Transcription(said("Bonjour madame je vous appelle de la banque.", language="fr-FR")))
    assert found.verdict is Verdict.INCONCLUSIVE


SUPPLIED = (NotDone(Reason.TRANSCRIPT_SUPPLIED),)


def test_a_transcript_that_was_supplied_clears_no_call() -> None:
    heard = assessed(said("Could you pick me up at the station?"))
    assert heard.verdict is Verdict.NO_EVIDENCE
    found = assessed(Transcription(said("Could you pick me up at the station?"), SUPPLIED))
    assert (found.verdict, found.score) == (Verdict.INCONCLUSIVE, heard.score)
    assert found.summary == str(SUPPLIED[0])
    assert found.unexamined == [str(SUPPLIED[0])]
    assert Reason.TRANSCRIPT_SUPPLIED in {finding.kind for finding in found.detectors[0].findings}


def test_what_a_supplied_transcript_says_is_evidence() -> None:
    scam = read_transcript(transcribed(next(call for call in CALLS if call.name == "en-tax-gift-cards")))
    heard, found = assessed(scam), assessed(Transcription(scam, SUPPLIED))
    assert heard.verdict is Verdict.SUSPICIOUS
    assert (found.verdict, found.score, found.summary) == (heard.verdict, heard.score, heard.summary)
