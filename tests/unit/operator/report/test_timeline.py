"""The pictures of the report: scores and findings over time, and the plot."""

from __future__ import annotations

import pytest

from analysis_operator.report import timeline
from analysis_operator.report.page import render
from analysis_operator.report.sections import Section, read_plot
from analyzer_contract import PLOT_WIDTH, AnalysisReport, DetectorReport, Finding, MediaFacts, ModelCard, TimelinePoint
from guardian_locales import locales
from tests.support.operator.report import entry, png, request, result, status


def scored(points: list[tuple[float, float, float]], seconds: float, *found: Finding) -> AnalysisReport:
    line = [TimelinePoint(start_seconds=start, end_seconds=end, score=score) for start, end, score in points]
    detector = DetectorReport(
        name="RepeatedAudio", score=71, findings=list(found), timeline=line, model=ModelCard(id="x", version="1")
    )
    media = MediaFacts(duration_seconds=seconds)
    return result().model_copy(update={"detectors": [detector], "media": media})


def drawn(report: AnalysisReport) -> timeline.Chart:
    chart = timeline.chart(report, timeline.groups(report, 1))
    assert chart is not None
    return chart


def test_scores_lie_over_the_time_that_they_are_about() -> None:
    chart = drawn(scored([(0, 5, 0), (5, 8, 80), (8, 10, 20)], 10))
    assert chart.line == "M0 100H500V20H800V80H1000"
    assert [second for _, second in chart.ticks] == [0, 2, 4, 6, 8, 10]


def test_findings_are_numbered_where_there_is_room_and_never_too_thin_to_see() -> None:
    found = [
        Finding(kind="RepeatedAudio", start_seconds=at, end_seconds=at + 0.001, score=60) for at in (1, 2, 50, 99.99)
    ]
    bars = drawn(scored([], 100, *found)).lanes[0].bars
    assert [bar.number for bar in bars] == [1, 2, 3, 4]
    assert [bar.labelled for bar in bars] == [True, False, True, True]
    assert all(bar.width >= 0.5 and bar.left + bar.width <= 100.01 for bar in bars)


@pytest.mark.parametrize("seconds", [float("inf"), 0.0, 1e-9, 1e300])
def test_a_length_that_no_recording_has_breaks_no_page(seconds: float) -> None:
    finding = Finding(kind="RepeatedAudio", start_seconds=1, end_seconds=1e9, score=60)
    report = scored([(0, 1e9, 100)] * 2000, seconds, finding)
    page = render(request(), status(entry()), [Section(entry(), report)])
    assert len(page) < 100_000


def test_a_plot_with_the_agreed_margins_is_cut_to_the_recording_and_kept_once() -> None:
    plot, other = read_plot(png(PLOT_WIDTH, 300)), read_plot(png(640, 300))
    assert plot is not None
    assert other is not None
    assert plot.crop == (70, 64, 1110, 196)
    assert other.crop == (0, 0, 640, 300)
    page = render(request(), status(entry()), [Section(entry(), result(), plot)])
    assert page.count("data:image/png") == 1
    assert page.count('viewBox="70 64 1110 196"') == 2 * len(locales())  # and once larger, for a phone


def test_a_fact_that_is_no_evidence_has_no_strength_and_no_bar() -> None:
    fact = Finding(kind="SoftwareEncoder", start_seconds=0, end_seconds=10, score=0, message="By x264.")
    report = scored([], 10, fact)
    page = render(request(), status(entry()), [Section(entry(), report)])
    assert page.count('class="how">for information</span>') == 1
    assert page.count('class="how">참고</span>') == 1
    assert drawn(report).lanes == ()
