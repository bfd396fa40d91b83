"""`guardian words`: transcripts in, one line each out, in a form that stays, whatever is in the file."""

from __future__ import annotations

import io
import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from analysis_operator.cli.app import app
from context_analyzer import words
from context_analyzer.words import CallLine, judge_file, judge_line
from ml.context.scripts import Call, load_calls

CALLS = load_calls()
ODD_TIMES: list[Any] = [None, "", "-", -1, 1e400, "나중에", [], True]
ODD_SPEAKERS: list[Any] = [None, 1, "", "상담원", "화자 1", "x" * 500, ["A"]]

FIELDS = {
    *("schemaVersion", "line", "id", "verdict", "score", "reason", "message", "language"),
    *("kind", "stages", "firstRiskTurn", "firstRiskSeconds", "signs"),
}


def line_of(call: Call, **more: Any) -> bytes:
    turns = [
        {"speaker": speaker, "text": text, "start": 4.0 * place} for place, (speaker, text) in enumerate(call.turns)
    ]
    return json.dumps({"id": call.name, "language": call.language, "turns": turns, **more}, ensure_ascii=False).encode()


def judged(content: bytes) -> list[CallLine]:
    return list(judge_file(io.BytesIO(content)))


def named(name: str) -> Call:
    return next(call for call in CALLS if call.name == name)


def test_every_line_has_every_field() -> None:
    content = b"\n".join([line_of(named("ko-prosecutor")), line_of(named("ko-hospital")), b"{}", b""])
    for line in judged(content):
        assert set(json.loads(line.model_dump_json(by_alias=True))) == FIELDS


def test_a_fraud_has_its_kind_its_stages_and_the_moment_when_it_turned() -> None:
    (line,) = judged(line_of(named("ko-prosecutor")))
    assert (line.verdict, line.kind, line.language) == ("Suspicious", "Agency", "ko")
    assert {"IdentityClaim", "Incident"} & set(line.stages)
    assert line.first_risk_turn is not None
    assert line.first_risk_seconds == 4.0 * line.first_risk_turn
    assert {sign.kind for sign in line.signs} >= {"SafeAccount", "AuthorityClaim"}


@pytest.mark.parametrize(
    "call",
    [call for call in CALLS if call.scam and call.split != "hard"],
    ids=lambda c: c.name,
)
def test_plain_frauds_are_found(call: Call) -> None:
    assert judge_line(line_of(call)).verdict == "Suspicious"


def test_hard_calls_are_mostly_told_apart() -> None:
    hard = [(call.scam, judge_line(line_of(call)).verdict == "Suspicious") for call in CALLS if call.split == "hard"]
    assert sum(accused for scam, accused in hard if scam) >= 5
    assert sum(accused for scam, accused in hard if not scam) <= 1


def test_a_call_without_turns_and_marks_is_judged_alike() -> None:
    call = named("ko-prosecutor")
    text = " ".join(text for _, text in call.turns).replace(".", "").replace(",", "").replace("?", "")
    line = judge_line(json.dumps({"id": 1, "turns": [{"text": text}]}).encode())
    assert (line.verdict, line.kind, line.first_risk_turn, line.first_risk_seconds) == ("Suspicious", "Agency", 0, None)


def test_other_languages_and_silence_are_inconclusive() -> None:
    def asked(text: str, language: str = "") -> tuple[Any, str]:
        line = judge_line(json.dumps({"id": "x", "language": language, "turns": [{"text": text}]}).encode())
        return line.verdict, line.reason

    assert asked("네 네") == ("Inconclusive", "NoSpeech")
    assert asked("xin chào tôi là nhân viên ngân hàng gọi cho bạn", "vi") == ("Inconclusive", "UnsupportedLanguage")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"no json", "TranscriptInvalid"),
        (b'{"id": 1}', "TranscriptInvalid"),
        (b'{"id": 1, "turns": [{"text": {"x": 1}}]}', "TranscriptInvalid"),
        (b'{"id": 1, "turns": {"text": "x"}}', "TranscriptInvalid"),
        (b'{"id": [], "turns": []}', "TranscriptInvalid"),
        (b"[" * 100_000, "TranscriptInvalid"),
        (b"\xff\xfe\x00", "TranscriptInvalid"),
        (json.dumps({"id": 1, "turns": [{"text": "x" * 400_000}] * 2}).encode(), "TranscriptInvalid"),
        (json.dumps({"id": 1, "turns": [{"text": "x"}] * 30_000}).encode(), "TranscriptInvalid"),
    ],
)
def test_what_is_no_call_is_said_and_the_next_line_is_judged(line: bytes, reason: str) -> None:
    wrong, right = judged(line + b"\n" + line_of(named("ko-hospital")))
    assert (wrong.verdict, wrong.score, wrong.reason) == (None, None, reason)
    assert (right.line, right.verdict) == (2, "NoEvidence")


@pytest.mark.parametrize(
    "more",
    [
        *(
            {"language": name}
            for name in ("ko-KR", "ko_KR", "korean", "Korean", "KOR", "한국어", "kr", "unknown", "", None)
        ),
        {"language": "vi"},  # it is written in Korean letters
        *({"id": name} for name in (None, 7, 7.5, "통화 7", "")),
    ],
    ids=str,
)
def test_names_of_languages_and_calls_have_no_line_refused(more: dict[str, Any]) -> None:
    line = judge_line(line_of(named("ko-prosecutor"), **more))
    assert (line.verdict, line.kind, line.language) == ("Suspicious", "Agency", "ko")
    assert line.id == more.get("id", "ko-prosecutor")


@pytest.mark.parametrize(
    ("turn", "seconds"),
    [
        ({"start": "12.5"}, 12.5),
        ({"start": "00:01:15.5"}, 75.5),
        ({"start": "1:15"}, 75.0),
        ({"start": "3.2s"}, 3.2),
        *(({"start": start}, None) for start in ODD_TIMES),
        *(({"speaker": speaker}, None) for speaker in ODD_SPEAKERS),
    ],
    ids=str,
)
def test_odd_speakers_and_times_have_no_line_refused(turn: dict[str, Any], seconds: float | None) -> None:
    text = " ".join(text for _, text in named("ko-prosecutor").turns)
    line = judge_line(json.dumps({"id": 1, "turns": [{"text": text, **turn}]}).encode())
    assert (line.verdict, line.first_risk_turn, line.first_risk_seconds) == ("Suspicious", 0, seconds)


def test_one_call_is_judged_alike_however_it_is_laid_out() -> None:
    call = named("ko-prosecutor")
    texts = [text for _, text in call.turns]
    words = " ".join(texts).split()
    layouts: list[Any] = [
        [{"text": "\n".join(texts)}],
        [
            {
                "text": "\r\n".join(
                    f"{name}: {text}" for name, text in zip(["수사관", "피해자"] * 99, texts, strict=False)
                )
            }
        ],
        [{"text": "".join(words)}],  # some recognisers set no spaces
        [{"text": unicodedata.normalize("NFD", " ".join(texts))}],
        [{"text": text} for text in words],
        [turn for text in texts for turn in ({"text": text}, {"text": ""}, {"text": None}, {"text": "…"})],
        texts,
        " ".join(texts),
    ]
    lines = [judge_line(json.dumps({"id": 1, "turns": layout}).encode()) for layout in layouts]
    assert {(line.verdict, line.kind, line.score) for line in lines} == {(lines[0].verdict, "Agency", lines[0].score)}
    assert judge_line(b"\xef\xbb\xbf" + line_of(call)).verdict == "Suspicious"
    assert judge_line(json.dumps({"id": 1, "text": " ".join(texts)}).encode()).verdict == "Suspicious"


def test_thousands_of_turns_are_judged() -> None:
    turns = [{"text": text} for _, text in named("ko-prosecutor").turns] + [{"text": "네"}] * 9000
    assert judge_line(json.dumps({"id": 1, "turns": turns}).encode()).verdict == "Suspicious"


def test_a_line_without_end_is_passed_over_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "MOST_BYTES", 1000)
    wrong, right = judged(b"x" * 5000 + b"\n" + line_of(named("ko-parcel"))[:999] + b"\n")
    assert (wrong.reason, right.line) == ("LineTooLong", 2)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=8), st.sampled_from(["", "ko", "en", "fr", "zz-ZZ"]))
def test_whatever_is_said_there_is_a_line(texts: list[str], language: str) -> None:
    content = json.dumps({"id": "x", "language": language, "turns": [{"text": text} for text in texts]})
    line = judge_line(content.encode())
    assert line.verdict in ("NoEvidence", "Inconclusive", "Suspicious")
    assert line.first_risk_turn is None or 0 <= line.first_risk_turn < len(texts)


def test_the_command_writes_lines_and_says_by_its_exit_code_whether_each_has_a_verdict() -> None:
    line = line_of(named("ko-prosecutor"))
    fine = CliRunner().invoke(app, ["words", "-"], input=line + b"\n" + line)
    assert fine.exit_code == 0
    assert [json.loads(row)["verdict"] for row in fine.stdout.splitlines()] == ["Suspicious", "Suspicious"]
    assert CliRunner().invoke(app, ["words", "-"], input=b"{}\n" + line).exit_code == 1
    assert CliRunner().invoke(app, ["words", "/nowhere.jsonl"]).exit_code == 2
