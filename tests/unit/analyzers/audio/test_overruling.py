"""A voice is not suspicious by a model if a wider one, of which it is a part, heard the same and found nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer_contract import DetectorReport, Finding, TimelinePoint, Verdict
from analyzer_kit.analysis import Caps
from audio_analyzer.analysis import analyze
from audio_analyzer.detector import AudioDetector
from audio_analyzer.detectors.speech import NAME
from audio_analyzer.overruling import overruled
from audio_analyzer.reading import AudioReading

FORWARDED = Path(__file__).parents[3] / "support" / "media" / "cases" / "forwarded_voice.ogg"
NONE, SUSPICIOUS, FAKE, UNSURE = Verdict.NO_EVIDENCE, Verdict.SUSPICIOUS, Verdict.LIKELY_FAKE, Verdict.INCONCLUSIVE
HEARD = ((0.0, 4.0), (2.0, 6.0), (8.0, 12.0))


class Part(AudioDetector):
    """Judges nothing by itself."""

    name, version = NAME, "1"

    def __init__(self, name: str, file: str, *joins: str) -> None:
        self.id, self.file, self.joins = name, 64 * file, [64 * other for other in joins]

    def detect(self, reading: AudioReading) -> DetectorReport:
        raise NotImplementedError

    def said(self, claim: Verdict | None, *found: tuple[float, float]) -> DetectorReport:
        score = 90 if found else 10
        findings = [Finding(kind=NAME, start_seconds=start, end_seconds=end, score=90) for start, end in found]
        timeline = [TimelinePoint(start_seconds=start, end_seconds=end, score=score) for start, end in HEARD]
        return self.report(score, findings, claim=claim, timeline=timeline, sha256=self.file)


TEXTURE, WIDE, STRANGER = Part("texture", "a"), Part("wide", "b", "a"), Part("stranger", "c")
ANOTHER = Part("texture", "d")
"""What an installation uses in the place of the texture, by its name."""


@pytest.mark.parametrize(
    ("texture", "wide", "counts"),
    [
        (TEXTURE.said(SUSPICIOUS, (0, 4)), WIDE.said(NONE), NONE),
        (TEXTURE.said(SUSPICIOUS, (0, 6), (8, 12)), WIDE.said(NONE), NONE),
        (TEXTURE.said(SUSPICIOUS, (0, 12)), WIDE.said(NONE), NONE),
        (TEXTURE.said(SUSPICIOUS, (5, 8)), WIDE.said(NONE), SUSPICIOUS),  # one third of it was heard
        (TEXTURE.said(SUSPICIOUS, (0, 4), (20, 24)), WIDE.said(NONE), SUSPICIOUS),
        (TEXTURE.said(FAKE, (0, 4)), WIDE.said(NONE), FAKE),
        (TEXTURE.said(SUSPICIOUS, (0, 4)), WIDE.said(SUSPICIOUS, (0, 4)), SUSPICIOUS),
        (TEXTURE.said(SUSPICIOUS, (0, 4)), WIDE.said(UNSURE), SUSPICIOUS),
        (TEXTURE.said(SUSPICIOUS, (0, 4)), WIDE.said(None), SUSPICIOUS),
        (TEXTURE.said(SUSPICIOUS, (0, 4)), STRANGER.said(NONE), SUSPICIOUS),
        (ANOTHER.said(SUSPICIOUS, (0, 4)), WIDE.said(NONE), SUSPICIOUS),
        (TEXTURE.said(NONE), WIDE.said(SUSPICIOUS, (0, 4)), NONE),
    ],
)
def test_what_counts_of_a_model_beside_another(texture: DetectorReport, wide: DetectorReport, counts: Verdict) -> None:
    other = STRANGER if wide.model.id == STRANGER.id else WIDE
    report, beside = overruled([TEXTURE, other], [texture, wide])
    assert (report.claim, beside) == (counts, wide)
    if counts is NONE:
        assert not report.findings
        assert max(report.score, *(point.score for point in report.timeline)) < 50
    else:
        assert report == texture


def test_that_it_was_overruled_is_said() -> None:
    report, _ = overruled([TEXTURE, WIDE], [TEXTURE.said(SUSPICIOUS, (0, 4)), WIDE.said(NONE)])
    assert report.limitations[0] == (
        "By itself this model would find the voice suspicious. wide, which joins it with another model, heard the same "
        "and found nothing."
    )


def test_a_forwarded_voice_of_a_person_is_not_accused(tmp_path: Path) -> None:
    result = analyze(FORWARDED, tmp_path / "plot.png", Caps(threads=1), lambda _phase, _share: None)
    by_texture = next(report for report in result.detectors if report.model.id == "voice-texture")
    assert by_texture.limitations[0].startswith("By itself this model would find the voice suspicious.")
    assert result.verdict is NONE
