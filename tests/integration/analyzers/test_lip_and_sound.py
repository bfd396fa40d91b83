"""Sound that was swapped, stretched, cut or saved again, in real files: the service reports it as a fact."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from analyzer_contract import AnalysisReport, Finding, Result, Verdict
from tests.support.analyzers.service import Service, running
from tests.support.media.samples import ffmpeg, synthetic_speech

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]
_ROOM = ("-f", "lavfi", "-i", "anoisesrc=color=pink:amplitude=0.02:seed=5:r=16000:d=16")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def audio(s3_endpoint: str, s3: S3Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with running("audio_analyzer", tmp_path_factory.mktemp("sound"), s3_endpoint) as service:
        yield service


@pytest.fixture(scope="module")
def phone(samples: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip as a phone leaves it: no encoder has signed the picture, and both tracks are named by one maker."""
    target = tmp_path_factory.mktemp("phone") / "phone.mov"
    ffmpeg(
        *("-i", str(samples["clean.mp4"]), "-c:v", "copy", "-bsf:v", "filter_units=remove_types=6"),
        *("-c:a", "pcm_s16le", "-metadata:s:v", "handler_name=Core Media Video"),
        *("-metadata:s:a", "handler_name=Core Media Audio", str(target)),
    )
    return target


async def facts(audio: Service, s3: S3Client, clip: Path) -> dict[str, Finding]:
    """Return what is reported of a clip's tracks and splices, by kind; none of it may make the clip Suspicious."""
    s3.upload_file(str(clip), "media", clip.name)
    result = await audio.last(f"s3://media/{clip.name}", resultPrefix=f"s3://results/sound/{clip.stem}/")
    assert isinstance(result, Result), result
    assert result.verdict is Verdict.NO_EVIDENCE
    body = s3.get_object(Bucket="results", Key=f"sound/{clip.stem}/audio.json")["Body"].read()
    detectors = {detector.name: detector for detector in AnalysisReport.model_validate_json(body).detectors}
    return {finding.kind: finding for name in ("Tracks", "AudioSplice") for finding in detectors[name].findings}


async def test_a_clip_as_a_phone_leaves_it_has_nothing_to_report(audio: Service, s3: S3Client, phone: Path) -> None:
    assert await facts(audio, s3, phone) == {}


async def test_swapped_sound_is_written_by_another_program(
    audio: Service, s3: S3Client, phone: Path, samples: dict[str, Path], tmp_path: Path
) -> None:
    swapped = tmp_path / "swapped.mov"
    ffmpeg(
        *("-i", str(phone), "-i", str(samples["genuine.wav"]), "-map", "0:v", "-map", "1:a"),
        *("-c:v", "copy", "-c:a", "aac", str(swapped)),
    )
    assert "DifferentWriters" in await facts(audio, s3, swapped)


async def test_sound_that_was_encoded_again_under_the_same_picture_is_reported(
    audio: Service, s3: S3Client, phone: Path, tmp_path: Path
) -> None:
    encoded = tmp_path / "encoded.mov"
    ffmpeg("-i", str(phone), "-c:v", "copy", "-c:a", "aac", str(encoded))
    findings = await facts(audio, s3, encoded)
    assert list(findings) == ["EncodedApart"]
    assert "Lavc" in findings["EncodedApart"].message


async def test_sound_that_drifts_from_the_picture_ends_at_another_time(
    audio: Service, s3: S3Client, samples: dict[str, Path], tmp_path: Path
) -> None:
    drifting = tmp_path / "drifting.mp4"
    ffmpeg("-i", str(samples["clean.mp4"]), "-c:v", "copy", "-af", "atempo=0.85", str(drifting))
    drift = (await facts(audio, s3, drifting))["SoundLength"]
    assert drift.end_seconds - drift.start_seconds == pytest.approx(8 / 0.85 - 8, abs=0.1)


async def test_sound_that_begins_late_is_reported_with_its_offset(
    audio: Service, s3: S3Client, samples: dict[str, Path], tmp_path: Path
) -> None:
    late, clean = tmp_path / "late.mp4", str(samples["clean.mp4"])
    ffmpeg("-i", clean, "-itsoffset", "0.6", "-i", clean, "-map", "0:v", "-map", "1:a", "-c", "copy", str(late))
    assert (await facts(audio, s3, late))["SoundOffset"].end_seconds == pytest.approx(0.6, abs=0.1)


async def test_sound_that_was_taken_out_is_reported_with_its_place(
    audio: Service, s3: S3Client, samples: dict[str, Path], tmp_path: Path
) -> None:
    cut = tmp_path / "cut.mp4"
    ffmpeg("-i", str(samples["clean.mp4"]), "-c:v", "copy", "-af", "aselect='not(between(t,3,5))'", str(cut))
    gap = (await facts(audio, s3, cut))["SoundGap"]
    assert [gap.start_seconds, gap.end_seconds] == pytest.approx([3, 5], abs=0.1)


async def test_a_voice_without_the_rooms_noise_is_a_splice_with_its_time(
    audio: Service, s3: S3Client, samples: dict[str, Path], tmp_path: Path
) -> None:
    inserted, spliced = tmp_path / "inserted.wav", tmp_path / "spliced.wav"
    synthetic_speech(inserted, "Please send it today, and tell nobody.")
    graph = (
        "[0:a][1:a]amix=normalize=0:duration=shortest,asplit[a][b];[2:a]aresample=16000,atrim=0.3:2[new];"
        "[a]atrim=0:3.5[before];[b]atrim=start=3.5[after];"
        "[before][new][after]concat=n=3:v=0:a=1"
    )
    ffmpeg(
        *("-i", str(samples["genuine.wav"]), *_ROOM, "-i", str(inserted), "-filter_complex", graph),
        *("-ac", "1", "-ar", "16000", str(spliced)),
    )
    splice = (await facts(audio, s3, spliced))["AudioSplice"]
    assert [splice.start_seconds, splice.end_seconds] == pytest.approx([3.5, 5.2], abs=0.4)
