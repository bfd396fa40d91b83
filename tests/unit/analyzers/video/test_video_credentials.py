"""Content credentials of recordings with a picture, through the whole video analyzer."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer_contract import CredentialState, DetectorReport, Verdict
from analyzer_kit.analysis import Assessment, Caps, Models, Trust
from tests.support.media.credentials import CAPTURED, GENERATED, authority, created, sign, signer
from tests.support.media.samples import ffmpeg
from video_analyzer import analysis

ROOT = authority("Roots")
MAKER = signer(ROOT, "Maker")
STRANGER = signer(authority("Other"), "Maker")


@pytest.fixture(autouse=True)
def warm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "trust"
    folder.mkdir()
    (folder / "list.pem").write_bytes(ROOT.pem)
    monkeypatch.setattr(analysis, "_installed", None)
    analysis.warm_up(Caps(threads=1), Models(), Trust(folder=str(folder)))


def filmed(target: Path) -> Path:
    """Write a second of a moving picture with sound."""
    picture, sound = "testsrc=size=160x120:rate=12:duration=1", "sine=440:duration=1"
    ffmpeg("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, "-pix_fmt", "yuv420p", str(target))
    return target


def analysed(recording: Path) -> tuple[Assessment, DetectorReport]:
    assessment = analysis.analyze(
        recording, recording.with_suffix(".png"), Caps(threads=1), lambda _stage, _share: None
    )
    (report,) = (report for report in assessment.detectors if report.name == "Credentials")
    return assessment, report


@pytest.mark.parametrize("form", ["mp4", "m4v", "mov", "avi"])
def test_a_picture_that_a_trusted_maker_declares_generated_is_likely_fake(form: str, tmp_path: Path) -> None:
    plain = filmed(tmp_path / f"plain.{form}")
    assessment, report = analysed(sign(plain, tmp_path / f"signed.{form}", MAKER, [created(GENERATED)]))
    assert (assessment.verdict, assessment.score) == (Verdict.LIKELY_FAKE, 95)
    assert report.credentials is not None
    assert report.credentials.state is CredentialState.TRUSTED


def test_one_byte_of_the_picture_less_and_the_declaration_counts_no_more(tmp_path: Path) -> None:
    signed = sign(filmed(tmp_path / "plain.mp4"), tmp_path / "signed.mp4", MAKER, [created(GENERATED)])
    content = bytearray(signed.read_bytes())
    content[content.index(b"mdat") + 2000] ^= 1
    signed.write_bytes(content)
    assessment, report = analysed(signed)
    assert (report.claim, [(finding.kind, finding.score) for finding in report.findings]) == (
        None,
        [("CredentialsBroken", 0)],
    )
    assert assessment.verdict is not Verdict.LIKELY_FAKE


def test_a_stranger_declares_and_the_picture_is_suspicious(tmp_path: Path) -> None:
    signed = sign(filmed(tmp_path / "plain.mp4"), tmp_path / "signed.mp4", STRANGER, [created(GENERATED)])
    assessment, _ = analysed(signed)
    assert (assessment.verdict, assessment.score) == (Verdict.SUSPICIOUS, 75)


def test_a_trusted_camera_changes_neither_verdict_nor_score(tmp_path: Path) -> None:
    plain = filmed(tmp_path / "plain.mp4")
    signed = sign(plain, tmp_path / "signed.mp4", MAKER, [created(CAPTURED)])
    without, _ = analysed(plain)
    assessment, report = analysed(signed)
    assert [(finding.kind, finding.score) for finding in report.findings] == [("SignedCapture", 0)]
    assert (assessment.verdict, assessment.score) == (without.verdict, without.score)
