"""The spans of requests and batches, over a recorder in memory."""

from __future__ import annotations

from datetime import UTC, datetime

from analysis_operator.api import AnalysisBatch, AnalysisRequest
from analysis_operator.requests.spans import Spans
from guardian_service.tracing import OFF, Tracing
from tests.support.operator.requests import request
from tests.unit.service.test_tracing import Kept

ENDED = "2026-11-01T12:00:05Z"
FINISHED = {
    "verdict": "LikelyFake",
    "finishedAt": ENDED,
    "conditions": [{"type": "Succeeded", "status": "True", "reason": "Completed", "lastTransitionTime": ENDED}],
}


def test_a_refused_attempt_is_none_and_the_wait_goes_on_until_one_is_taken() -> None:
    kept = Kept()
    spans, asked = Spans(Tracing(kept)), request()
    spans.queued(asked, "audio")
    for outcome in (None, "PodLost"):
        assert spans.started("uid-1", "audio") is not None
        spans.ended("uid-1", "audio", "audio-1", outcome)
    assert [span.name for span, *_ in kept.spans] == ["queue audio", "attempt audio"]
    (wait, ended, *_), (attempt, _, attributes, _, error) = kept.spans
    assert (ended, wait.parent, attempt.parent) == (attempt.began, own := spans.of_request(asked), own)
    assert (attributes["guardian.pod"], error) == ("audio-1", "PodLost")
    spans.queued(asked, "audio")
    spans.dropped("uid-1", None)
    assert spans.started("uid-1", "audio") is None


def test_requests_of_a_batch_link_to_its_span() -> None:
    kept = Kept()
    spans = Spans(Tracing(kept))
    raw = request(FINISHED).model_dump(mode="json", by_alias=True)
    raw["metadata"] = raw["metadata"] | {"labels": {"silverguardian.io/batch": "batch-1"}}
    raw["metadata"].pop("batchUid", None)
    spans.on_finished(AnalysisRequest.model_validate(raw))
    meta = {"name": "november", "namespace": "bank", "uid": "batch-1"}
    status = {"startedAt": "2026-11-01T11:00:00Z", "finishedAt": ENDED}
    spec = {"source": {"prefix": "s3://media/november/"}}
    spans.on_batch_finished(AnalysisBatch.model_validate({"metadata": meta, "spec": spec, "status": status}))
    (one, ended, about, links, _), (batch, *_) = kept.spans
    assert list(links) == [batch.context]
    assert one.context.trace_id != batch.context.trace_id
    assert ended == int(datetime(2026, 11, 1, 12, 0, 5, tzinfo=UTC).timestamp()) * 10**9
    assert about["guardian.verdict"] == "LikelyFake"


def test_off_nothing_is_kept() -> None:
    spans, asked = Spans(OFF), request(FINISHED)
    spans.queued(asked, "audio")
    assert spans.started("uid-1", "audio") is None
    assert spans.report(asked) is None
    spans.ended("uid-1", "audio", "audio-1", "Result")
    spans.on_finished(asked)
    assert (spans._waits, spans._attempts) == ({}, {})
