"""The operator's decision about the report: when it is written, and that it takes no verdict away."""

from __future__ import annotations

from datetime import timedelta

from analysis_operator.api import ConditionType
from analysis_operator.report.ports import Report
from analysis_operator.requests.actions import WriteReport
from analysis_operator.requests.observation import Policy
from analysis_operator.requests.plan import plan
from analyzer_contract import FailureReason, Verdict
from tests.support.operator.requests import EVERYTHING, MEDIA, NOW, failure, observed, request, result, run

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
