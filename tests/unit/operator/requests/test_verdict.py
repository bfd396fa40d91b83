"""Fusion: pure, monotone, and never more sure than its parts."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis_operator.api import AnalysisState, AnalysisStatus
from analysis_operator.requests.verdict import Fused, fuse
from analyzer_contract import LEAST_EXAMINED, SEVERITY, SUSPICIOUS_FROM, DetectorReport, ModelCard, Verdict
from analyzer_kit.verdicts import judge

EVIDENT = {Verdict.SUSPICIOUS, Verdict.LIKELY_FAKE}
FAILED = AnalysisStatus(name="f", state=AnalysisState.FAILED)
SKIPPED = AnalysisStatus(name="s", state=AnalysisState.SKIPPED)


def spoke(verdict: Verdict, score: int) -> AnalysisStatus:
    return AnalysisStatus(name="a", state=AnalysisState.SUCCEEDED, verdict=verdict, score=score)


verdicts = st.builds(spoke, st.sampled_from(list(Verdict)), st.integers(0, 100))
entries = st.lists(verdicts, min_size=1, max_size=5)
parts = st.lists(st.one_of(verdicts, st.just(FAILED), st.just(SKIPPED)), max_size=5)


def fused(analyses: list[AnalysisStatus]) -> Fused:
    found = fuse(analyses)
    assert found is not None
    return found


def at_least(after: Fused, before: Fused) -> bool:
    return SEVERITY[after.verdict] >= SEVERITY[before.verdict] and after.score >= before.score


@given(entries)
def test_the_severest_verdict_decides(analyses: list[AnalysisStatus]) -> None:
    assert SEVERITY[fused(analyses).verdict] == max(SEVERITY[entry.verdict] for entry in analyses if entry.verdict)


@given(entries, parts)
def test_more_analyses_never_make_the_result_milder(some: list[AnalysisStatus], more: list[AnalysisStatus]) -> None:
    assert at_least(fused([*some, *more]), fused(some))


@given(entries, st.data())
def test_a_higher_score_or_a_severer_verdict_never_makes_the_result_milder(
    analyses: list[AnalysisStatus], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(analyses) - 1))
    before = analyses[at]
    assert before.verdict is not None
    assert before.score is not None
    as_severe = [verdict for verdict in Verdict if SEVERITY[verdict] >= SEVERITY[before.verdict]]
    after = spoke(data.draw(st.sampled_from(as_severe)), data.draw(st.integers(before.score, 100)))
    assert at_least(fused([*analyses[:at], after, *analyses[at + 1 :]]), fused(analyses))


@given(entries, parts, st.randoms())
def test_the_order_does_not_matter(some: list[AnalysisStatus], more: list[AnalysisStatus], chance: Random) -> None:
    analyses = [*some, *more]
    shuffled = list(analyses)
    chance.shuffle(shuffled)
    assert fuse(shuffled) == fuse(analyses)


@given(entries, entries)
def test_what_is_fused_in_groups_is_what_is_fused_at_once(
    some: list[AnalysisStatus], more: list[AnalysisStatus]
) -> None:
    groups = [spoke(found.verdict, found.score) for found in (fused(some), fused(more))]
    assert fused(groups) == fused([*some, *more])


@given(entries)
def test_the_same_evidence_told_twice_is_not_stronger(analyses: list[AnalysisStatus]) -> None:
    assert fused([*analyses, *analyses]) == fused(analyses)


@given(entries)
def test_the_score_is_a_number_that_no_analysis_exceeds_and_tells_whether_there_is_evidence(
    analyses: list[AnalysisStatus],
) -> None:
    found = fused(analyses)
    assert 0 <= found.score <= 100
    assert found.score <= max(SUSPICIOUS_FROM, *(entry.score or 0 for entry in analyses))
    assert (found.score >= SUSPICIOUS_FROM) == (found.verdict in EVIDENT)


@pytest.mark.parametrize(
    ("verdict", "score"),
    [
        (Verdict.NO_EVIDENCE, 0),
        (Verdict.NO_EVIDENCE, 49),
        (Verdict.INCONCLUSIVE, 30),
        (Verdict.SUSPICIOUS, 50),
        (Verdict.SUSPICIOUS, 95),
        (Verdict.LIKELY_FAKE, 100),
    ],
)
def test_one_analysis_that_keeps_to_the_scale_is_left_as_it_is(verdict: Verdict, score: int) -> None:
    assert fuse([spoke(verdict, score)]) == Fused(verdict, score)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([(Verdict.NO_EVIDENCE, 40), (Verdict.NO_EVIDENCE, 40)], (Verdict.NO_EVIDENCE, 40)),
        ([(Verdict.SUSPICIOUS, 55), (Verdict.INCONCLUSIVE, 98)], (Verdict.SUSPICIOUS, 55)),
        ([(Verdict.NO_EVIDENCE, 12), (Verdict.INCONCLUSIVE, 98)], (Verdict.INCONCLUSIVE, 49)),
        ([(Verdict.LIKELY_FAKE, 71), (Verdict.SUSPICIOUS, 95)], (Verdict.LIKELY_FAKE, 95)),
        ([(Verdict.LIKELY_FAKE, 71), (Verdict.NO_EVIDENCE, 0)], (Verdict.LIKELY_FAKE, 71)),
    ],
)
def test_the_examples_of_the_documentation(told: list[tuple[Verdict, int]], expected: tuple[Verdict, int]) -> None:
    assert fuse([spoke(*row) for row in told]) == Fused(*expected)


@given(entries)
def test_what_was_skipped_takes_nothing_away(analyses: list[AnalysisStatus]) -> None:
    assert fuse([*analyses, SKIPPED]) == fuse(analyses)


@given(entries)
def test_what_was_not_looked_at_is_not_found_clean(analyses: list[AnalysisStatus]) -> None:
    before, after = fused(analyses), fused([*analyses, FAILED])
    clean = before.verdict is Verdict.NO_EVIDENCE
    assert after == Fused(Verdict.INCONCLUSIVE if clean else before.verdict, before.score)


@given(entries, st.integers(0, 100))
def test_what_was_looked_at_too_little_counts_like_what_failed(analyses: list[AnalysisStatus], share: int) -> None:
    partly = analyses[0].model_copy(update={"examined_share": share})
    enough = share >= 100 * LEAST_EXAMINED
    assert fuse([partly, *analyses[1:]]) == fuse(analyses if enough else [*analyses, FAILED])


@given(entries)
def test_an_analyzer_joins_its_detectors_as_the_operator_joins_analyses(analyses: list[AnalysisStatus]) -> None:
    card = ModelCard(id="x", version="1")
    reports = [DetectorReport(name="X", score=a.score or 0, claim=a.verdict, model=card) for a in analyses]
    verdict, score = judge(reports, conclusive=True)
    assert Fused(verdict, score) == fuse(analyses)


def test_without_any_verdict_there_is_none() -> None:
    assert fuse([]) is None
    assert fuse([FAILED, SKIPPED]) is None
