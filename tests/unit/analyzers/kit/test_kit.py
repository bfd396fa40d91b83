"""The kit's decisions that need no server: formats, limits, verdicts, messages, plots."""

from __future__ import annotations

import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from analyzer_contract import (
    MOST_POINTS,
    PLOT_MARGINS,
    SUSPICIOUS_FROM,
    Credentials,
    CredentialState,
    DetectorReport,
    FailureKind,
    FailureReason,
    Finding,
    ModelCard,
    TimelinePoint,
    Verdict,
)
from analyzer_kit.child.cgroup import oom_kills
from analyzer_kit.child.messages import CHILD_MESSAGE
from analyzer_kit.errors import AnalysisError
from analyzer_kit.plots import Filmstrip, draw_timeline
from analyzer_kit.reports import bounded, completed
from analyzer_kit.s3 import ObjectStore
from analyzer_kit.verdicts import judge


def report(score: int, *findings: Finding, claim: Verdict | None = None) -> DetectorReport:
    model = ModelCard(id="test", version="1")
    return DetectorReport(name="Test", score=score, claim=claim, findings=list(findings), model=model)


@pytest.mark.parametrize(
    ("scores", "conclusive", "verdict", "score"),
    [
        ([], True, Verdict.NO_EVIDENCE, 0),
        ([0, SUSPICIOUS_FROM - 1], True, Verdict.NO_EVIDENCE, 49),
        ([SUSPICIOUS_FROM, 0], True, Verdict.SUSPICIOUS, 50),
        ([100], True, Verdict.SUSPICIOUS, 100),
        ([100], False, Verdict.INCONCLUSIVE, SUSPICIOUS_FROM - 1),
    ],
)
def test_the_strongest_detector_decides_and_no_score_alone_is_called_fake(
    scores: list[int], conclusive: bool, verdict: Verdict, score: int
) -> None:
    assert judge([report(each) for each in scores], conclusive=conclusive) == (verdict, score)


@pytest.mark.parametrize(
    ("claims", "verdict", "score"),
    [
        ([(0, Verdict.INCONCLUSIVE), (0, None)], Verdict.INCONCLUSIVE, 0),
        ([(49, Verdict.NO_EVIDENCE), (0, None)], Verdict.NO_EVIDENCE, 49),
        ([(0, Verdict.INCONCLUSIVE), (50, None)], Verdict.SUSPICIOUS, 50),
        ([(98, Verdict.INCONCLUSIVE), (55, None)], Verdict.SUSPICIOUS, 55),  # outside of its domain: no evidence
        ([(60, Verdict.SUSPICIOUS), (0, None)], Verdict.SUSPICIOUS, 60),
        ([(60, Verdict.LIKELY_FAKE), (90, None)], Verdict.LIKELY_FAKE, 90),
        ([(60, Verdict.LIKELY_FAKE), (0, Verdict.INCONCLUSIVE)], Verdict.LIKELY_FAKE, 60),
    ],
)
def test_the_severest_claim_decides(claims: list[tuple[int, Verdict | None]], verdict: Verdict, score: int) -> None:
    for order in (claims, claims[::-1]):
        reports = [report(points, claim=claim) for points, claim in order]
        assert judge(reports, conclusive=True) == (verdict, score)
        assert judge(reports, conclusive=False) == (Verdict.INCONCLUSIVE, min(max(each for each, _ in claims), 49))


@pytest.mark.parametrize(
    ("declared", "claim", "verdict", "score"),
    [
        (95, Verdict.LIKELY_FAKE, Verdict.LIKELY_FAKE, 95),
        (75, None, Verdict.SUSPICIOUS, 75),
        (0, None, Verdict.INCONCLUSIVE, SUSPICIOUS_FROM - 1),
    ],
)
def test_what_is_declared_under_a_signature_counts_however_short_the_recording_is(
    declared: int, claim: Verdict | None, verdict: Verdict, score: int
) -> None:
    signed = Credentials(state=CredentialState.VALID)
    by_maker = report(declared, claim=claim).model_copy(update={"credentials": signed})
    for reports in ([by_maker, report(98)], [report(98), by_maker]):
        assert judge(reports, conclusive=False) == (verdict, score)


@pytest.mark.parametrize("reason", list(FailureReason))
def test_every_reason_has_somebody_at_fault(reason: FailureReason) -> None:
    failure = AnalysisError(reason, "x" * 2000).failure(1.23456)
    assert failure.kind in FailureKind
    assert (len(failure.message), failure.seconds) == (1000, 1.235)


@pytest.mark.parametrize("line", [b"", b"null", b"{}", b'{"type":"done"}', b'{"type":"ready","extra":1}', b"\xff"])
def test_a_child_that_talks_nonsense_is_not_understood(line: bytes) -> None:
    with pytest.raises(ValidationError):
        CHILD_MESSAGE.validate_json(line)


@pytest.mark.parametrize("count", [1, 2000, 2001, 20_000])
def test_a_long_timeline_is_thinned_and_keeps_its_peaks(count: int) -> None:
    points = [
        TimelinePoint(start_seconds=at, end_seconds=at + 1, score=90 if at == count // 2 else at % 7)
        for at in range(count)
    ]
    thin = completed(report(0).model_copy(update={"timeline": points}), seconds=count).timeline
    assert len(thin) <= 2000
    assert (thin[0].start_seconds, thin[-1].end_seconds) == (0, count)
    assert all(one.end_seconds == other.start_seconds for one, other in pairwise(thin))
    (peak,) = (point for point in thin if point.score == 90)
    assert peak.start_seconds <= count // 2 < peak.end_seconds


def test_what_was_given_up_writes_no_result_over_a_later_one(monkeypatch: pytest.MonkeyPatch) -> None:
    store = ObjectStore(connect_seconds=1, read_seconds=1, retry_seconds=1, max_bytes=1)
    asked: list[str] = []
    monkeypatch.setattr(store, "client", lambda: asked.append("S3"))
    given_up = threading.Event()
    given_up.set()
    store.put("s3://results/a/audio.json", b"{}", "application/json", 1.0, given_up)
    assert asked == []


def test_the_timeline_has_the_strongest_finding_of_each_moment() -> None:
    findings = [
        Finding(kind="AaaBbb", start_seconds=1.2, end_seconds=2.5, score=40),
        Finding(kind="AaaBbb", start_seconds=2.0, end_seconds=2.0, score=60),
        Finding(kind="AaaBbb", start_seconds=90, end_seconds=99, score=99),
    ]
    whole = completed(report(60, *findings), seconds=3.5, limitation="Nobody knows.")
    told = [(point.start_seconds, point.end_seconds, point.score) for point in whole.timeline]
    assert told == [(0, 1.2, 0), (1.2, 2, 40), (2, 2.04, 60), (2.04, 2.5, 40), (2.5, 3.5, 0)]
    assert whole.limitations == ["Nobody knows."]


@pytest.mark.parametrize(
    ("content", "kills"), [("low 0\noom 3\noom_kill 2\n", 2), ("oom_kill_disable 0\noom_kill 1\n", 1), ("", 0)]
)
def test_the_kernels_kills_for_memory_are_counted(tmp_path: Path, content: str, kills: int) -> None:
    (tmp_path / "events").write_text(content)
    assert oom_kills((tmp_path / "absent", tmp_path / "events")) == kills


@pytest.mark.parametrize("size", [1, 7, 5000])
def test_a_plot_is_a_picture_and_the_same_each_time(tmp_path: Path, size: int) -> None:
    curve = np.linspace(0, 1, size).astype(np.float32)
    finding = Finding(kind="AaaBbb", start_seconds=1, end_seconds=2, score=80)
    for name in ("one", "two"):
        draw_timeline(tmp_path / name, title="T", axis="a", seconds=3, low=-curve, high=curve, findings=[finding] * 3)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with Image.open(tmp_path / "one") as picture:
        assert picture.size == (1200, 300)


def film_of(seconds: float, shape: tuple[int, ...], rate: float = 25) -> Filmstrip:
    """Frames whose brightness tells their time: black at the start, white at the end."""
    film = Filmstrip()
    for index in range(int(seconds * rate)):
        film.add(index / rate, np.full(shape, 255 * index / (seconds * rate), dtype=np.uint8))
    return film


@pytest.mark.parametrize("seconds", [0.2, 8, 900])
@pytest.mark.parametrize("shape", [(180, 320), (180, 320, 3), (320, 180), (300, 320)])
def test_frames_stand_below_the_curve_at_their_time(tmp_path: Path, seconds: float, shape: tuple[int, ...]) -> None:
    film = film_of(seconds, shape)
    zeros = np.zeros(1, dtype=np.float32)
    draw_timeline(tmp_path / "p", title="T", axis="a", seconds=seconds, low=zeros, high=zeros, findings=[], film=film)
    left, _, right, bottom = PLOT_MARGINS
    with Image.open(tmp_path / "p") as picture:
        count = len(film.pictures(seconds))
        across = picture.width - left - right
        y = picture.height - bottom - 104 // 2
        middles = [left + across * (2 * index + 1) // (2 * count) for index in range(count)]
        shown = [picture.convert("L").getpixel((x, y)) for x in middles]
    expected = [255 * (index + 0.5) / count for index in range(count)]
    assert 3 <= count <= 12
    assert shown == pytest.approx(expected, abs=52 if seconds < 1 else 8)


def test_a_recording_without_frames_has_a_plot_all_the_same(tmp_path: Path) -> None:
    zeros = np.zeros(1, dtype=np.float32)
    draw_timeline(tmp_path / "p", title="T", axis="a", seconds=3, low=zeros, high=zeros, findings=[], film=Filmstrip())
    with Image.open(tmp_path / "p") as picture:
        assert picture.size == (1200, 300)


def test_a_result_holds_the_strongest_findings_of_all_detectors_and_says_what_it_leaves_out() -> None:
    def one(score: int) -> DetectorReport:
        point = TimelinePoint(start_seconds=0, end_seconds=1, score=score)
        found = Finding(kind="Splice", start_seconds=0, end_seconds=1, score=score)
        return report(score).model_copy(update={"findings": [found] * 200, "timeline": [point] * 2000})

    reports = [one(30), *[one(80)] * 5, *[one(40)] * 6]
    whole = bounded(reports)
    assert [len(each.findings) for each in whole] == [0, *[200] * 5, *[0] * 6]
    assert sum(len(each.timeline) for each in whole) <= MOST_POINTS
    assert max(point.score for point in whole[1].timeline) == 80
    assert whole[0].limitations[-1] == "200 weaker findings are left out: a result holds 1,000."
    assert whole[1].limitations == reports[1].limitations
    assert bounded([one(30)]) == [one(30)]
