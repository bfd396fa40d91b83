"""Fusion: pure, monotone, and never more sure than its parts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analysis_operator.api import AnalysisState, AnalysisStatus
from analysis_operator.core.verdict import SEVERITY, fuse
from analyzer_contract import Verdict

entries = st.lists(
    st.builds(
        lambda verdict, score: AnalysisStatus(name="a", state=AnalysisState.SUCCEEDED, verdict=verdict, score=score),
        st.sampled_from(list(Verdict)),
        st.integers(0, 100),
    ),
    min_size=1,
    max_size=5,
)


@given(entries)
def test_the_severest_verdict_decides(analyses: list[AnalysisStatus]) -> None:
    fused = fuse(analyses)
    assert fused is not None
    assert SEVERITY[fused.verdict] == max(SEVERITY[entry.verdict] for entry in analyses if entry.verdict)


@given(entries, entries)
def test_more_evidence_never_makes_a_verdict_milder(some: list[AnalysisStatus], more: list[AnalysisStatus]) -> None:
    before, after = fuse(some), fuse([*some, *more])
    assert before is not None
    assert after is not None
    assert SEVERITY[after.verdict] >= SEVERITY[before.verdict]
    if after.verdict is before.verdict:
        assert after.score >= before.score


def test_what_was_not_looked_at_is_not_found_clean() -> None:
    clean = AnalysisStatus(name="a", state=AnalysisState.SUCCEEDED, verdict=Verdict.NO_EVIDENCE, score=2)
    failed = AnalysisStatus(name="v", state=AnalysisState.FAILED)
    fused = fuse([clean, failed])
    assert fused is not None
    assert fused.verdict is Verdict.INCONCLUSIVE
    assert fuse([failed]) is None
