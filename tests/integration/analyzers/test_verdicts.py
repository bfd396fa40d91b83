"""Real services, a real S3 server and real media: each sample gets the verdict that it deserves."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from analyzer_contract import AnalysisReport, Failure, FailureReason, Result, Verdict
from tests.support.analyzers.service import Service, running
from tests.support.media.samples import EDIT, encode_frames
from tests.support.media.scene import Scene

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]
Put = Callable[[str, bytes | Path], str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def audio(s3_endpoint: str, s3: S3Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with running("audio_analyzer", tmp_path_factory.mktemp("audio"), s3_endpoint) as service:
        yield service


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def video(s3_endpoint: str, s3: S3Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with running("video_analyzer", tmp_path_factory.mktemp("video"), s3_endpoint) as service:
        yield service


async def test_a_genuine_recording_shows_no_evidence_and_the_limits_are_stated(
    audio: Service, put: Put, samples: dict[str, Path], s3: S3Client
) -> None:
    uri = put("genuine.wav", samples["genuine.wav"])
    result = await audio.last(uri, resultPrefix="s3://results/genuine/")
    assert isinstance(result, Result)
    assert result.verdict is Verdict.NO_EVIDENCE
    assert result.score < 50
    assert result.result_uri == "s3://results/genuine/audio.json"
    body = s3.get_object(Bucket="results", Key="genuine/audio.json")["Body"].read()
    report = AnalysisReport.model_validate_json(body)
    heard = next(detector for detector in report.detectors if detector.name == "SyntheticSpeech")
    assert (heard.model.id, heard.model.eval_card, heard.claim) == (
        "voice-texture",
        "docs/cards/voice-texture.md",
        Verdict.NO_EVIDENCE,
    )
    plot = s3.get_object(Bucket="results", Key="genuine/audio.png")
    assert plot["ContentType"] == "image/png"
    assert plot["Body"].read().startswith(b"\x89PNG")


async def test_a_synthetic_voice_of_a_kind_that_was_measured_is_likely_fake(
    audio: Service, put: Put, samples: dict[str, Path]
) -> None:
    result = await audio.last(put("synthetic.wav", samples["synthetic.wav"]))
    assert isinstance(result, Result)
    assert result.verdict is Verdict.LIKELY_FAKE
    assert {finding.kind for finding in result.findings} == {"SyntheticSpeech"}  # its silent pauses are no evidence


async def test_the_audio_analyzer_hears_the_sound_of_a_video(
    audio: Service, put: Put, samples: dict[str, Path]
) -> None:
    result = await audio.last(put("clean.mp4", samples["clean.mp4"]))
    assert isinstance(result, Result)
    assert result.verdict is Verdict.NO_EVIDENCE


async def test_a_clean_clip_shows_no_evidence_and_an_edited_one_where_it_was_edited(
    video: Service, put: Put, samples: dict[str, Path]
) -> None:
    clean = await video.last(put("clean.mp4", samples["clean.mp4"]))
    assert isinstance(clean, Result)
    assert (clean.verdict, clean.findings) == (Verdict.NO_EVIDENCE, [])
    edited = await video.last(put("edited.mp4", samples["edited.mp4"]))
    assert isinstance(edited, Result)
    assert edited.verdict is Verdict.SUSPICIOUS
    six_frames = 6 / 25
    copies = [finding for finding in edited.findings if finding.kind == "DuplicatedFrames"]
    assert [copy.start_seconds for copy in copies] == [pytest.approx(EDIT.duplicate_start, abs=six_frames)]
    drops = [finding.end_seconds for finding in edited.findings if finding.kind == "DroppedFrames"]
    assert any(abs(at - EDIT.dropped_at) <= six_frames for at in drops)


async def test_facts_about_the_file_are_in_the_report_and_not_among_the_evidence(
    video: Service, put: Put, samples: dict[str, Path], s3: S3Client
) -> None:
    result = await video.last(put("clean.mp4", samples["clean.mp4"]), resultPrefix="s3://results/facts/")
    assert isinstance(result, Result)
    assert result.findings == []
    body = s3.get_object(Bucket="results", Key="facts/video.json")["Body"].read()
    report = AnalysisReport.model_validate_json(body)
    facts = next(detector for detector in report.detectors if detector.name == "Provenance").findings
    assert [(fact.kind, fact.score) for fact in facts] == [("SoftwareEncoder", 0)]


async def test_a_stretch_that_runs_in_a_loop_is_suspicious(video: Service, put: Put, tmp_path: Path) -> None:
    looped = tmp_path / "looped.mp4"
    encode_frames(looped, Scene(5).frames([*range(70), *range(50, 70), *range(50, 70), *range(70, 110)]))
    result = await video.last(put("looped.mp4", looped))
    assert isinstance(result, Result)
    assert result.verdict is Verdict.SUSPICIOUS
    assert [finding.kind for finding in result.findings] == ["LoopedFrames"]
    assert result.findings[0].start_seconds == pytest.approx(70 / 25, abs=6 / 25)


async def test_a_recording_without_a_picture_is_not_for_the_video_analyzer(
    video: Service, put: Put, samples: dict[str, Path]
) -> None:
    failure = await video.last(put("genuine.wav", samples["genuine.wav"]))
    assert isinstance(failure, Failure)
    assert failure.reason is FailureReason.NO_VIDEO_STREAM


async def test_the_same_bytes_get_the_same_report_but_for_the_seconds(
    video: Service, put: Put, samples: dict[str, Path], s3: S3Client
) -> None:
    uri = put("edited.mp4", samples["edited.mp4"])
    reports, plots = [], []
    for prefix in ("one", "two"):
        await video.last(uri, resultPrefix=f"s3://results/{prefix}/")
        report = json.loads(s3.get_object(Bucket="results", Key=f"{prefix}/video.json")["Body"].read())
        del report["seconds"]
        reports.append(report)
        plots.append(s3.get_object(Bucket="results", Key=f"{prefix}/video.png")["Body"].read())
    assert reports[0] == reports[1]
    assert plots[0] == plots[1]


async def test_an_old_version_of_an_object_is_read_when_it_is_asked_for(
    audio: Service, s3: S3Client, samples: dict[str, Path]
) -> None:
    first = s3.put_object(Bucket="versioned", Key="voice", Body=samples["synthetic.wav"].read_bytes())
    second = s3.put_object(Bucket="versioned", Key="voice", Body=b"something else")
    result = await audio.last(
        "s3://versioned/voice", source={"uri": "s3://versioned/voice", "versionId": first["VersionId"]}
    )
    assert isinstance(result, Result)
    assert result.source.version_id == first["VersionId"]
    newest = await audio.last("s3://versioned/voice")
    assert isinstance(newest, Failure)
    assert newest.reason is FailureReason.UNSUPPORTED_MEDIA
    assert first["VersionId"] != second["VersionId"]
