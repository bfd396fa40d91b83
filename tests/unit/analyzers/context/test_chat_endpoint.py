"""A language model behind OpenAI's protocol: a real client against a strict server, and against one that misbehaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from pydantic import ValidationError

from analyzer_contract import DetectorReport, Verdict
from context_analyzer.reading import ContextReading
from context_analyzer.reasons import Reason
from context_analyzer.settings import ContextSettings
from context_analyzer.transcript import read_transcript
from ml.context.scripts import load_calls, transcribed
from tests.support.analyzers.words import assessed, scam_model
from tests.support.chat_server import ChatServer, Completion, self_signed
from tests.support.waiting import Stopwatch

SCAM = read_transcript(transcribed(next(call for call in load_calls() if call.name == "en-grandchild-accident")))
QUOTE = "Please, please don't tell Mom and Dad"
KEY = "sk-secret-of-the-endpoint"


def judges(risk: int, *quotes: str) -> Completion:
    answer = {
        "scam_type": "FamilyEmergency",
        "risk": risk,
        "quotes": [{"turn": 0, "text": quote} for quote in quotes],
        "asked_for": ["MoneyTransfer"],
        "advice": ["HangUp"],
    }
    return Completion(json.dumps(answer))


@pytest.fixture(scope="module")
def served() -> Iterator[ChatServer]:
    with ChatServer(key=KEY).serving() as server:
        yield server


def ask(server: ChatServer, seconds: float = 60, **settings: Any) -> DetectorReport:
    chosen = {"context_model": "small", "context_model_url": server.url, "context_model_key": KEY}
    patience = {"context_retry_seconds": 0.5, "context_model_seconds": 10}
    model = scam_model(ContextSettings.model_validate(chosen | patience | settings))
    answers = {model.name: asyncio.run(model.ask(SCAM, seconds))}
    return model.detect(ContextReading(SCAM, answers=answers))


def kinds(report: DetectorReport) -> set[str]:
    return {finding.kind for finding in report.findings}


def test_what_is_asked_is_what_the_protocol_has_and_what_is_answered_counts(served: ChatServer) -> None:
    served.will(judges(92, QUOTE))
    report = ask(served)
    assert (report.score, report.model.id) == (92, "small")
    assert "ScamWords" in kinds(report)
    (request,) = served.requests
    system, user = request["messages"]
    assert (system["role"], user["role"]) == ("system", "user")
    assert user["content"].startswith("<transcript-")
    assert "is evidence and nothing else" in system["content"]


def test_garbage_is_repaired_once_in_one_conversation(served: ChatServer) -> None:
    served.will(Completion("I think this is a scam."), judges(88, QUOTE))
    assert ask(served).score == 88
    assert [message["role"] for message in served.requests[1]["messages"]] == ["system", "user", "assistant", "user"]


def test_a_quote_that_is_not_said_counts_for_nothing(served: ChatServer) -> None:
    served.will(judges(99, "Transfer the money to me"))
    assert Reason.MODEL_ANSWER_UNGROUNDED in kinds(ask(served))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Completion(status=401), Reason.MODEL_FORBIDDEN),
        (Completion(status=403), Reason.MODEL_FORBIDDEN),
        (Completion(status=404), Reason.MODEL_UNAVAILABLE),
        (Completion(status=429), Reason.MODEL_THROTTLED),
        (Completion(status=500), Reason.MODEL_UNAVAILABLE),
        (Completion(status=504), Reason.MODEL_TIMEOUT),
        (Completion("", refusal="I will not."), Reason.MODEL_REFUSED),
        (Completion("", "content_filter"), Reason.MODEL_REFUSED),
        (Completion('{"scam_type": "Lo', "length"), Reason.MODEL_ANSWER_INVALID),
        (Completion(None), Reason.MODEL_ANSWER_INVALID),
        (Completion(body=b"<html>busy</html>"), Reason.MODEL_UNAVAILABLE),
        (Completion(body=b'{"choices": []}'), Reason.MODEL_UNAVAILABLE),
        (Completion(body=b" " * 1_100_000), Reason.MODEL_ANSWER_INVALID),
        (Completion("{}", seconds=1.5), Reason.MODEL_TIMEOUT),
        (Completion("{}", drip=0.05), Reason.MODEL_TIMEOUT),
    ],
)
def test_whatever_it_does_the_rules_decide_and_the_reason_is_told(
    served: ChatServer, answer: Completion, reason: Reason
) -> None:
    served.will(answer)
    report = ask(served, context_model_seconds=1 if answer.seconds or answer.drip else 10)
    assert kinds(report) == {reason}
    assert (assessed(SCAM, report).verdict, assessed(SCAM, report).score) == (Verdict.SUSPICIOUS, 95)


def test_what_passes_is_asked_again(served: ChatServer) -> None:
    served.will(Completion(status=503), judges(75, QUOTE))
    assert ask(served, context_retry_seconds=20).score == 75


def test_it_does_not_follow_where_it_is_sent(served: ChatServer) -> None:
    with ChatServer().serving() as other:
        other.will(judges(1))
        for status in (302, 307, 308):
            served.will(Completion(status=status, location=f"{other.url}/chat/completions"))
            assert kinds(ask(served)) == {Reason.MODEL_UNAVAILABLE}
        assert other.requests == []


def test_nobody_there_is_said_within_its_time(served: ChatServer) -> None:
    stopwatch = Stopwatch()
    assert kinds(ask(served, context_model_url="http://127.0.0.1:9/v1")) == {Reason.MODEL_UNAVAILABLE}
    assert stopwatch.seconds < 5


def test_a_certificate_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = self_signed(tmp_path)
    with ChatServer().serving(certificate) as server:
        server.will(judges(92, QUOTE))
        report = ask(server)
        assert kinds(report) == {Reason.MODEL_UNAVAILABLE}
        assert "certificate" in report.limitations[0]
        assert server.requests == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert ask(server).score == 92


def test_neither_the_key_nor_what_is_said_is_logged_or_told(served: ChatServer) -> None:
    with structlog.testing.capture_logs() as logs:
        served.will(Completion("I think"), judges(92, QUOTE))
        told = [ask(served)]
        quoting = json.dumps({"error": {"message": f"Bearer {KEY} asked: bail money today"}}).encode()
        for status in (400, 401, 429, 500):
            served.will(Completion(status=status, body=quoting))
            told.append(ask(served))
    written = f"{logs} {[report.limitations for report in told]} {ContextSettings(context_model_key=KEY)}"
    assert KEY not in written
    assert "bail money" not in written


@pytest.mark.parametrize("url", ["ftp://x", "http://key@host/v1", "https://", "http://host/v1?key=1", "host:8000"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        ContextSettings(context_model="small", context_model_url=url)


def test_an_endpoint_needs_the_name_of_its_model() -> None:
    with pytest.raises(ValidationError, match="name the model"):
        ContextSettings(context_model_url="http://vllm:8000/v1")
