"""How much was examined, and what follows for the verdict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer_contract import LEAST_EXAMINED, MOST_GAPS, Result, SourceFacts, Verdict
from analyzer_kit.coverage import WHOLE, Coverage, told_apart
from analyzer_kit.verdicts import of_the_whole

GAP = "The second track was not listened to."


@pytest.mark.parametrize(
    ("examined", "length", "share", "percent"),
    [
        (30.0, 30.0, 1.0, 100),
        (30.2, 30, 1, 100),
        (0, 0, 1, 100),
        (29, 100, 0.29, 29),
        (99.9, 100, 0.999, 99),
        (15.999998, 16, 1, 100),  # a header that rounds
        (15.96, 16, 1, 100),
        (0.1, 0.14, 0.714, 71),
        (0, 9, 0, 0),
    ],
)
def test_the_share_of_seconds_is_never_rounded_up_to_the_whole(
    examined: float, length: float, share: float, percent: int
) -> None:
    coverage = Coverage.of_seconds(examined, length, GAP)
    assert coverage.share == pytest.approx(share, abs=1e-3)
    assert coverage.percent == percent
    assert coverage.gaps == (() if share == 1 else (GAP,))


@given(whole=st.floats(0.01, 7200), part=st.floats(0, 1))
def test_where_a_part_is_missing_the_sentence_has_two_different_numbers(whole: float, part: float) -> None:
    coverage = Coverage.of_seconds(part * whole, whole, GAP)
    texts = told_apart(whole, part * whole)
    assert coverage == WHOLE or texts[0] != texts[1]
    assert told_apart(16, 9) == ("16", "9")
    assert told_apart(16.2, 15.8) == ("16.2", "15.8")


def test_parts_that_were_left_out_add_up() -> None:
    coverage = WHOLE.without(0.5, GAP).without(0.7, "Nor the third.")
    assert (coverage.share, coverage.gaps) == (0, (GAP, "Nor the third."))


@pytest.mark.parametrize(
    ("verdict", "share", "expected"),
    [
        (Verdict.NO_EVIDENCE, 1, Verdict.NO_EVIDENCE),
        (Verdict.NO_EVIDENCE, LEAST_EXAMINED, Verdict.NO_EVIDENCE),
        (Verdict.NO_EVIDENCE, 1 - 0.1, Verdict.NO_EVIDENCE),
        (Verdict.NO_EVIDENCE, 0.89, Verdict.INCONCLUSIVE),
        (Verdict.NO_EVIDENCE, 0, Verdict.INCONCLUSIVE),
        (Verdict.INCONCLUSIVE, 0.5, Verdict.INCONCLUSIVE),
        (Verdict.SUSPICIOUS, 0.5, Verdict.SUSPICIOUS),
        (Verdict.LIKELY_FAKE, 0.01, Verdict.LIKELY_FAKE),
    ],
)
def test_only_where_nothing_was_found_it_matters_what_was_not_examined(
    verdict: Verdict, share: float, expected: Verdict
) -> None:
    found, sentence = of_the_whole(verdict, "Before.", Coverage(share, (GAP,)))
    assert found is expected
    if verdict is Verdict.INCONCLUSIVE:
        assert sentence == f"Before. {GAP}"
    elif found is verdict:
        assert sentence == "Before."
    else:
        assert GAP in sentence
        assert f"only {100 * share:.0f} %" in sentence


@given(st.floats(0, 1), st.lists(st.text(max_size=1000), max_size=30))
def test_whatever_was_not_examined_fits_a_result(share: float, gaps: list[str]) -> None:
    coverage = Coverage(share, tuple(gaps))
    verdict, summary = of_the_whole(Verdict.NO_EVIDENCE, "", coverage)
    result = Result(
        verdict=verdict,
        score=0,
        summary=summary,
        examined_share=coverage.share,
        unexamined=coverage.sentences,
        source=SourceFacts(etag="e", size_bytes=1),
        seconds=0,
    )
    assert len(result.unexamined) == min(len(gaps), MOST_GAPS)
