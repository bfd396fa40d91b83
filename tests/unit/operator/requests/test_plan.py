"""The operator's decision, one sentence a row: from a request to its verdict."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from analysis_operator.api import AnalysisRequest, AnalysisState, ConditionType, RequestStatus
from analysis_operator.requests.actions import Enqueue, Notify, Stop
from analysis_operator.requests.observation import PoolView
from analysis_operator.requests.plan import plan
from analyzer_contract import Failure, FailureKind, FailureReason, Finding, Result, SourceFacts, Verdict
from tests.support.operator.requests import (
    CREATED,
    MEDIA,
    NOW,
    SOURCE,
    after,
    failure,
    observed,
    reason,
    request,
    result,
    run,
)


def state(status: RequestStatus, kind: ConditionType) -> str | None:
    found = status.condition(kind)
    return found.status if found else None


ENDS = [
    ("a verdict ends the request", result(), True, "Completed", Verdict.NO_EVIDENCE),
    ("a suspicious verdict is a success too", result(Verdict.SUSPICIOUS, 70), True, "Completed", Verdict.SUSPICIOUS),
    ("text is not media", failure(MEDIA, FailureReason.UNSUPPORTED_MEDIA), False, "UnsupportedMedia", None),
    ("a truncated file is final", failure(MEDIA, FailureReason.CORRUPT_MEDIA), False, "CorruptMedia", None),
    ("a file over the caps is final", failure(MEDIA, FailureReason.MEDIA_TOO_LARGE), False, "MediaTooLarge", None),
    ("a missing key is final", failure(SOURCE, FailureReason.SOURCE_NOT_FOUND), False, "SourceNotFound", None),
    ("a forbidden key is final", failure(SOURCE, FailureReason.SOURCE_FORBIDDEN), False, "SourceForbidden", None),
    ("a replaced object is final", failure(SOURCE, FailureReason.SOURCE_CHANGED), False, "SourceChanged", None),
    (
        "an analysis that is out of time is final",
        failure(FailureKind.DEADLINE, FailureReason.DEADLINE_EXCEEDED),
        False,
        "DeadlineExceeded",
        None,
    ),
    (
        "a recording without sound skips the only analysis",
        failure(MEDIA, FailureReason.NO_AUDIO_STREAM),
        False,
        "NoAudioStream",
        None,
    ),
]


@pytest.mark.parametrize(
    ("outcome", "succeeded", "why", "verdict"), [row[1:] for row in ENDS], ids=[row[0] for row in ENDS]
)
def test_an_outcome_that_is_final_finishes_the_request_at_once(
    outcome: Any, succeeded: bool, why: str, verdict: Verdict | None
) -> None:
    decided = plan(observed(request(), runs={"audio": run(outcome)}), NOW)
    status = decided.status
    assert status.finished
    assert decided.urgent
    assert (reason(status), status.verdict) == (why, verdict)
    assert state(status, ConditionType.SUCCEEDED) == ("True" if succeeded else "False")
    assert state(status, ConditionType.RECONCILING) == "False"
    assert state(status, ConditionType.STALLED) == (None if succeeded else "True")
    assert not [action for action in decided.actions if isinstance(action, Enqueue)]
    assert [type(action) for action in decided.actions] == [Notify]
    assert status.progress == 100
    assert status.analyses[0].attempts == 1


@pytest.mark.parametrize(
    ("share", "percent", "verdict"),
    [
        (None, None, Verdict.NO_EVIDENCE),
        (1, 100, Verdict.NO_EVIDENCE),
        (0.999, 99, Verdict.NO_EVIDENCE),
        (0.9, 90, Verdict.NO_EVIDENCE),
        (0.899, 89, Verdict.INCONCLUSIVE),
        (0, 0, Verdict.INCONCLUSIVE),
    ],
)
def test_the_share_that_was_examined_is_in_the_status_and_counts(
    share: float | None, percent: int | None, verdict: Verdict
) -> None:
    status = plan(observed(request(), runs={"audio": run(result(examined_share=share))}), NOW).status
    assert (status.analyses[0].examined_share, status.verdict) == (percent, verdict)
    succeeded = status.condition(ConditionType.SUCCEEDED)
    assert succeeded is not None
    assert ("audio examined" in succeeded.message) == (verdict is Verdict.INCONCLUSIVE)


def test_a_new_request_waits_for_a_slot_of_each_analyzer() -> None:
    decided = plan(observed(request(analyzers=["audio", "video"])), NOW)
    assert decided.actions == (Enqueue("audio", None), Enqueue("video", None))
    assert reason(decided.status) == "Queued"
    assert state(decided.status, ConditionType.FINISHED) == "False"
    assert not decided.urgent, "nothing is lost if this word comes late or never"


def test_without_ready_pods_it_says_what_is_missing() -> None:
    pools = {"audio": PoolView(slots=0, problem="Pod audio-1 has no node: untolerated taint.")}
    decided = plan(observed(request(), pools=pools), NOW)
    found = decided.status.condition(ConditionType.SUCCEEDED)
    assert found is not None
    assert found.reason == "Scaling"
    assert "untolerated taint" in found.message


def test_progress_is_the_mean_of_the_analyses_and_never_goes_back() -> None:
    asked = request(analyzers=["audio", "video"])
    decided = plan(observed(asked, runs={"audio": run(fraction=0.5), "video": run(fraction=0.9)}), NOW)
    assert decided.status.progress == 70
    assert reason(decided.status) == "Running"
    held = request({"progress": 90}, analyzers=["audio"])
    assert plan(observed(held, runs={"audio": run(fraction=0.1)}), NOW).status.progress == 90


def test_a_request_waits_two_minutes_for_an_analyzer_that_may_come() -> None:
    decided = plan(observed(request(analyzers=["lips"])), NOW)
    found = decided.status.condition(ConditionType.SUCCEEDED)
    assert found is not None
    assert (found.reason, found.status) == ("AnalyzerNotFound", "Unknown")
    assert decided.actions == ()
    assert decided.requeue_after == (CREATED + timedelta(minutes=2) - NOW).total_seconds()


def test_a_request_that_is_old_waits_as_long_for_an_analyzer_that_was_just_deleted() -> None:
    asked, later = request(analyzers=["lips"]), NOW + timedelta(hours=1)
    decided = plan(replace(observed(asked), missing_since={"lips": later - timedelta(seconds=1)}), later)
    assert not decided.status.finished
    assert plan(replace(observed(asked), missing_since={"lips": NOW}), later).status.finished


def test_what_waits_for_pods_that_refuse_says_so() -> None:
    refusing = PoolView(slots=2, refusal="Its pods are ready and refuse work: audio-1 cannot be reached.")
    decided = plan(observed(request(), pools={"audio": refusing}), NOW)
    found = decided.status.condition(ConditionType.SUCCEEDED)
    assert found is not None
    assert found.reason == "Queued"
    assert "audio-1 cannot be reached" in found.message


def test_an_unknown_analyzer_fails_the_request_in_the_end_and_names_the_known_ones() -> None:
    decided = plan(observed(request(analyzers=["audio", "lips"])), NOW + timedelta(minutes=2))
    found = decided.status.condition(ConditionType.SUCCEEDED)
    assert found is not None
    assert (found.reason, found.status) == ("AnalyzerNotFound", "False")
    assert "lips" in found.message
    assert "audio, video" in found.message


def test_cancel_stops_what_runs_and_gives_no_verdict() -> None:
    found = [{"name": "audio", "state": "Succeeded", "verdict": "Suspicious", "score": 80, "attempts": 1}]
    asked = request({"analyses": found}, analyzers=["audio", "video"], cancel=True)
    decided = plan(observed(asked, runs={"video": run()}), NOW)
    assert Stop("video") in decided.actions
    assert reason(decided.status) == "Cancelled"
    assert decided.status.finished
    assert decided.status.verdict is None


def test_a_skipped_analysis_leaves_the_decision_to_the_other() -> None:
    runs = {"audio": run(result(Verdict.SUSPICIOUS, 66)), "video": run(failure(MEDIA, FailureReason.NO_VIDEO_STREAM))}
    status = plan(observed(request(analyzers=["audio", "video"]), runs=runs), NOW).status
    assert (status.verdict, status.score, reason(status)) == (Verdict.SUSPICIOUS, 66, "Completed")
    assert [entry.state for entry in status.analyses] == [AnalysisState.SUCCEEDED, AnalysisState.SKIPPED]


def test_a_failed_analysis_beside_a_clean_one_leaves_the_verdict_open() -> None:
    runs = {"audio": run(result()), "video": run(failure(MEDIA, FailureReason.CORRUPT_MEDIA))}
    status = plan(observed(request(analyzers=["audio", "video"]), runs=runs), NOW).status
    assert (status.verdict, reason(status)) == (Verdict.INCONCLUSIVE, "PartiallyCompleted")


def test_analyses_of_different_objects_are_not_fused() -> None:
    other = SourceFacts(etag="e2", size_bytes=2)
    runs = {"audio": run(result()), "video": run(result(source=other))}
    status = plan(observed(request(analyzers=["audio", "video"]), runs=runs), NOW).status
    video = status.analysis("video")
    assert video is not None
    assert video.reason == "SourceChanged"
    assert status.source is not None
    assert status.source.etag == "e1"


def _finished(**more: Any) -> AnalysisRequest:
    status = plan(observed(request(**more), runs={"audio": run(result())}), NOW).status
    return request(**more).model_copy(update={"status": status})


def test_a_finished_request_never_changes_whatever_is_observed() -> None:
    done = _finished()
    late = {"audio": run(result(Verdict.LIKELY_FAKE, 99))}
    decided = plan(observed(done, runs=late, pools={}), NOW + timedelta(hours=1))
    assert decided.status == done.status
    assert decided.actions == (Stop("audio"),)


def test_a_finished_request_says_when_it_will_be_deleted() -> None:
    done = _finished(ttlSecondsAfterFinished=60)
    early = plan(observed(done), NOW + timedelta(seconds=20))
    assert early.status.finished_at is not None
    assert early.status.expires_at == early.status.finished_at + timedelta(seconds=60)
    again = plan(observed(done.model_copy(update={"status": early.status})), NOW + timedelta(seconds=30))
    assert again.status == early.status


@pytest.mark.parametrize("letter", ["x", "\0", "\n", "\u4e2d", "\U0001f600"])
@pytest.mark.parametrize(("count", "most_bytes"), [(2, 8_000), (8, 24_000)])
def test_a_status_is_small_whatever_analyzers_say(letter: str, count: int, most_bytes: int) -> None:
    names = [f"a{number}" + "n" * 38 for number in range(count)]
    found = [Finding(kind="K" * 63, start_seconds=1e9, end_seconds=1e9, score=100)] * 10
    uri = "s3://results/" + "x" * 900
    said: list[Result | Failure] = [
        result(Verdict.SUSPICIOUS, 70, findings=found, summary=letter * 500, result_uri=uri),
        Failure(kind=MEDIA, reason=FailureReason.UNSUPPORTED_MEDIA, message=letter * 1000),
    ]
    runs = {name: replace(run(said[number % 2]), pod="p" * 253) for number, name in enumerate(names)}
    asked = request(analyzers=names)
    decided = plan(observed(asked, pools=dict.fromkeys(names, PoolView(1)), runs=runs), NOW)
    assert decided.status.finished
    written = decided.status.model_dump_json(by_alias=True, exclude_none=True, ensure_ascii=True)
    assert len(written) < most_bytes
    RequestStatus.model_validate_json(written)


def test_planning_twice_without_news_decides_the_same() -> None:
    first = observed(request(), runs={"audio": run(fraction=0.3)})
    written = after(first)
    again = plan(replace(written, runs=first.runs), NOW + timedelta(seconds=5))
    assert again.status == written.request.status


def test_only_the_strongest_findings_go_into_the_status_in_order_of_time() -> None:
    findings = [Finding(kind="Found", start_seconds=20 - n, end_seconds=21.2 - n, score=n * 10) for n in range(9)]
    status = plan(observed(request(), runs={"audio": run(result(findings=findings))}), NOW).status
    kept = status.analyses[0].findings
    assert [found.score for found in kept] == [80, 70, 60, 50, 40]
    assert kept[0].start_seconds == 12
    assert kept[0].end_seconds == 14
