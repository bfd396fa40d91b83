"""The operator's decision, one sentence a row."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from analysis_operator.api import AnalysisRequest, AnalysisState, ConditionType, RequestStatus
from analysis_operator.report.ports import Report
from analysis_operator.requests.actions import Enqueue, Notify, Stop, WriteReport
from analysis_operator.requests.limits import Limits, NamespaceLimits
from analysis_operator.requests.observation import Observation, PodLost, Policy, PoolView
from analysis_operator.requests.plan import plan
from analyzer_contract import Failure, FailureKind, FailureReason, Finding, Result, SourceFacts, Verdict
from tests.support.operator.requests import CREATED, EVERYTHING, NOW, failure, observed, request, result, run


def reason(status: RequestStatus) -> str:
    found = status.condition(ConditionType.SUCCEEDED)
    assert found is not None
    return found.reason


def state(status: RequestStatus, kind: ConditionType) -> str | None:
    found = status.condition(kind)
    return found.status if found else None


def after(observation: Observation, *, seconds: float = 0) -> Observation:
    """The observation after the plan's status was written."""
    written = plan(observation, NOW).status
    return replace(observation, request=observation.request.model_copy(update={"status": written}), runs={})


MEDIA, SOURCE, INTERNAL = FailureKind.MEDIA, FailureKind.SOURCE, FailureKind.INTERNAL

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


RETRIES = [
    ("a crash of the child", failure(INTERNAL, FailureReason.WORKER_CRASHED)),
    ("a child out of memory", failure(INTERNAL, FailureReason.OUT_OF_MEMORY)),
    ("a fault of the analyzer", failure(INTERNAL, FailureReason.INTERNAL_ERROR)),
]


@pytest.mark.parametrize("outcome", [row[1] for row in RETRIES], ids=[row[0] for row in RETRIES])
def test_a_transient_failure_is_tried_again_after_a_pause_until_the_attempts_are_spent(outcome: Any) -> None:
    first = plan(observed(request(), runs={"audio": run(outcome)}), NOW)
    assert first.urgent, "a restarted operator must not forget a spent attempt"
    assert reason(first.status) == "Retrying"
    entry = first.status.analyses[0]
    assert (entry.attempts, entry.state) == (1, AnalysisState.PENDING)
    assert entry.retry_at is not None
    assert first.requeue_after == pytest.approx(2, rel=0.21)
    assert not [action for action in first.actions if isinstance(action, Enqueue)], "not before the pause is over"

    later = replace(observed(request()), request=request().model_copy(update={"status": first.status}))
    again = plan(later, NOW + timedelta(seconds=3))
    assert Enqueue("audio", None) in again.actions

    spent = first.status.model_copy(update={"analyses": [entry.model_copy(update={"attempts": 2})]})
    asked = request().model_copy(update={"status": spent})
    third = replace(run(outcome), started_at=NOW)
    last = plan(observed(asked, runs={"audio": third}), NOW)
    assert last.status.finished
    assert last.status.analyses[0].attempts == 3
    assert reason(last.status) == str(outcome.reason)


STORAGE = [
    ("results that could not be written", failure(INTERNAL, FailureReason.RESULTS_UNAVAILABLE)),
    ("a store that answers 500", failure(SOURCE, FailureReason.SOURCE_UNAVAILABLE)),
]


def out_of_storage(outcome: Any, minutes: float, *, off: timedelta = timedelta(0)) -> tuple[AnalysisRequest, int]:
    """The request after an outage of so many minutes, each run failing at once, and how many runs there were."""
    asked, now, runs = request(maxAttempts=1), NOW, 0
    while not asked.status.finished and now - NOW <= timedelta(minutes=minutes):
        runs += 1
        failed = replace(run(outcome), started_at=now + off, ended_at=now + off)
        decided = plan(observed(asked, runs={"audio": failed}), now + off)
        assert decided.urgent, "a restarted operator must not forget since when"
        asked = asked.model_copy(update={"status": decided.status})
        now += timedelta(seconds=decided.requeue_after or 0)
    return asked, runs


@pytest.mark.parametrize("outcome", [row[1] for row in STORAGE], ids=[row[0] for row in STORAGE])
def test_an_outage_of_storage_spends_no_attempt_for_ten_minutes(outcome: Any) -> None:
    asked, runs = out_of_storage(outcome, 9)
    entry = asked.status.analyses[0]
    assert (entry.attempts, entry.state, entry.storage_fails_since) == (0, AnalysisState.PENDING, NOW)
    assert reason(asked.status) == "Retrying"
    assert runs < 20, "S3 is not hammered"

    back = plan(observed(asked, runs={"audio": run(result())}), NOW + timedelta(minutes=9))
    assert back.status.verdict == Verdict.NO_EVIDENCE
    assert back.status.analyses[0].storage_fails_since is None

    ended, _ = out_of_storage(outcome, 20)
    assert (reason(ended.status), ended.status.analyses[0].attempts) == (str(outcome.reason), 1)


@pytest.mark.parametrize("outcome", [row[1] for row in STORAGE], ids=[row[0] for row in STORAGE])
def test_a_run_that_took_as_long_as_the_patience_is_an_attempt(outcome: Any) -> None:
    long = replace(run(outcome), started_at=NOW - timedelta(minutes=11))
    assert plan(observed(request(), runs={"audio": long}), NOW).status.analyses[0].attempts == 1


def test_the_pause_doubles_and_is_bounded() -> None:
    crash = failure(INTERNAL, FailureReason.WORKER_CRASHED)
    pauses = []
    for attempts in range(9):
        entry = {"name": "audio", "state": "Pending", "attempts": attempts}
        asked = request({"analyses": [entry]}, maxAttempts=10)
        pauses.append(plan(observed(asked, runs={"audio": run(crash)}), NOW).requeue_after or 0)
    assert pauses[1] > pauses[0]
    assert pauses[2] > pauses[1]
    assert max(pauses) <= 60 * 1.2


def test_a_lost_pod_spends_no_attempt_and_is_planned_again_at_once() -> None:
    decided = plan(observed(request(), runs={"audio": run(PodLost("Connection reset."))}), NOW)
    entry = decided.status.analyses[0]
    assert (entry.attempts, entry.disruptions, entry.state) == (0, 1, AnalysisState.PENDING)
    assert Enqueue("audio", None) in decided.actions
    assert decided.urgent


def test_pods_lost_without_end_end_the_request() -> None:
    asked = request({"analyses": [{"name": "audio", "state": "Pending", "disruptions": 20}]})
    decided = plan(observed(asked, runs={"audio": run(PodLost("Connection reset."))}), NOW)
    assert decided.status.finished
    assert reason(decided.status) == "TooManyDisruptions"


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


def test_work_that_another_operator_started_goes_on_where_it_was() -> None:
    left = request({"analyses": [{"name": "audio", "state": "Running", "progress": 60, "pod": "audio-9"}]})
    decided = plan(observed(left), NOW)
    assert Enqueue("audio", None, resume_on="audio-9") in decided.actions
    (entry,) = decided.status.analyses
    assert (entry.attempts, entry.disruptions, entry.reason) == (0, 1, "Interrupted")
    assert (
        Enqueue("audio", None, resume_on="audio-9")
        in plan(observed(left.model_copy(update={"status": decided.status})), NOW).actions
    )


def test_an_operator_that_ends_again_and_again_does_not_begin_the_work_for_ever() -> None:
    left = request({"analyses": [{"name": "audio", "state": "Running", "pod": "audio-9", "disruptions": 20}]})
    ended = plan(observed(left), NOW).status.analyses[0]
    assert (ended.state, ended.reason) == ("Failed", "TooManyDisruptions")


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


def test_a_namespace_reads_only_what_it_was_granted() -> None:
    policy = Policy(grants={"bank": ("s3://media/bank/",), "*": ()})
    refused = plan(observed(request(namespace="bank"), policy=policy), NOW)
    assert reason(refused.status) == "SourceForbidden"
    granted = request(namespace="bank", source={"uri": "s3://media/bank/call.wav"})
    assert Enqueue("audio", None) in plan(observed(granted, policy=policy), NOW).actions
    assert reason(plan(observed(request(), policy=policy), NOW).status) == "SourceForbidden"


@pytest.mark.parametrize("key", ["bank/../other/call.wav", "bank/./a", "bank/a\u202egpj.wav", "bank/a\x9b"])
def test_a_key_that_is_not_what_it_looks_like_is_refused_though_it_was_stored_before_the_rule(key: str) -> None:
    policy = Policy(grants={"bank": ("s3://media/bank/",)})
    asked = request(namespace="bank", source={"uri": f"s3://media/{key}"})
    status = plan(observed(asked, policy=policy), NOW).status
    found = status.condition(ConditionType.SUCCEEDED)
    assert found is not None
    assert (found.reason, key in found.message) == ("SourceForbidden", False)


@pytest.mark.parametrize("uri", ["s3://media/bank-evil/call.wav", "s3://media-evil/bank/call.wav", "s3://media/ban"])
def test_a_grant_does_not_reach_what_only_begins_like_it(uri: str) -> None:
    policy = Policy(grants={"bank": ("s3://media/bank/",)})
    asked = request(namespace="bank", source={"uri": uri})
    assert reason(plan(observed(asked, policy=policy), NOW).status) == "SourceForbidden"


def test_without_a_grant_nothing_is_analysed() -> None:
    assert reason(plan(observed(request(), policy=Policy()), NOW).status) == "SourceForbidden"


def test_an_analyzer_is_asked_by_namespaces_that_may() -> None:
    limits = {"*": NamespaceLimits(analyzers=("audio", "video")), "bank": NamespaceLimits(analyzers=("*",))}
    policy = Policy(grants=EVERYTHING, limits=Limits(limits))
    refused = plan(observed(request(analyzers=["audio", "context"]), policy=policy), NOW)
    assert reason(refused.status) == "AnalyzerForbidden"
    assert not [action for action in refused.actions if isinstance(action, Enqueue)]
    allowed = plan(observed(request(namespace="bank", analyzers=["audio"]), policy=policy), NOW)
    assert Enqueue("audio", None) in allowed.actions


def test_what_a_namespaces_own_limits_leave_out_is_as_for_every_other() -> None:
    limits = Limits({"*": NamespaceLimits(analyzers=("audio",), max_priority=0), "a": NamespaceLimits(max_running=2)})
    assert limits.refused("a", ["audio", "context"]) == ["context"]
    assert (limits.running("a"), limits.running("b")) == (2, None)
    assert (limits.priority("a", 1000), limits.priority("a", -5)) == (0, -5)


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


def test_the_second_attempt_is_pinned_to_the_object_of_the_first() -> None:
    asked = request({"source": {"etag": "e1", "sizeBytes": 1}})
    (action,) = plan(observed(asked), NOW).actions
    assert isinstance(action, Enqueue)
    assert action.source is not None
    assert action.source.etag == "e1"


REPORTING = Policy(grants=EVERYTHING, results_uri="s3://results")


def test_the_report_comes_before_the_verdict_and_both_in_one_write() -> None:
    runs = {"audio": run(result(result_uri="s3://results/audio.json"))}
    first = plan(observed(request(), runs=runs, policy=REPORTING), NOW)
    assert not first.status.finished
    assert first.status.verdict is None
    (action,) = first.actions
    assert isinstance(action, WriteReport)
    assert action.status.verdict is Verdict.NO_EVIDENCE
    second = plan(observed(request(), runs=runs, policy=REPORTING, report=Report("s3://results/report.html")), NOW)
    assert second.status.finished
    assert second.status.report_uri == "s3://results/report.html"


def test_a_recording_that_cannot_be_read_gets_a_page_that_says_so() -> None:
    refused = failure(MEDIA, FailureReason.UNSUPPORTED_MEDIA)
    first = plan(observed(request(), runs={"audio": run(refused)}, policy=REPORTING), NOW)
    assert [type(action) for action in first.actions] == [WriteReport]
    second = plan(observed(request(), runs={"audio": run(refused)}, policy=REPORTING, report=Report("s3://r")), NOW)
    assert second.status.finished
    assert (second.status.verdict, second.status.report_uri) == (None, "s3://r")


def test_without_a_results_bucket_there_is_no_report() -> None:
    decided = plan(observed(request(), runs={"audio": run(result())}), NOW)
    assert decided.status.finished
    assert decided.status.report_uri is None
    assert not any(isinstance(action, WriteReport) for action in decided.actions)


def test_what_was_cancelled_or_never_looked_at_gets_no_page() -> None:
    tried = {"analyses": [{"name": "audio", "attempts": 1}]}
    for asked in (request(tried, cancel=True), request(analyzers=["nosuch"])):
        decided = plan(observed(asked, policy=REPORTING), NOW + timedelta(minutes=2))
        assert decided.status.finished
        assert not any(isinstance(action, WriteReport) for action in decided.actions)


def test_a_report_that_cannot_be_written_takes_no_verdict_away() -> None:
    runs = {"audio": run(result(result_uri="s3://results/audio.json"))}
    problem = Report(None, "The report could not be written.")
    status = plan(observed(request(), runs=runs, policy=REPORTING, report=problem), NOW).status
    found = status.condition(ConditionType.SUCCEEDED)
    assert found is not None
    assert status.verdict is Verdict.NO_EVIDENCE
    assert "could not be written" in found.message


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


SET: list[tuple[str, timedelta]] = [
    ("back a day", -timedelta(days=1)),
    ("forward an hour", timedelta(hours=1)),
    ("forward eight days", timedelta(days=8)),
]


@pytest.mark.parametrize("by", [row[1] for row in SET], ids=[row[0] for row in SET])
def test_a_clock_that_is_set_makes_no_wait_longer(by: timedelta) -> None:
    crash = failure(INTERNAL, FailureReason.WORKER_CRASHED)
    retrying = after(observed(request(), runs={"audio": run(crash)}))
    retried = plan(retrying, NOW + by)
    assert retried.requeue_after is None
    assert Enqueue("audio", None) in retried.actions, "the pause before an attempt is over, or says nothing"

    missing = replace(observed(request(), pools={}), missing_since={"audio": NOW})
    waiting = plan(missing, NOW + by)
    assert waiting.status.finished or (waiting.requeue_after or 0) <= missing.policy.missing_analyzer_seconds


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
