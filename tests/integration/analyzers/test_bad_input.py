"""What bad input gets: the reason that says what really happened, at once, and nothing is read or fetched besides."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from analyzer_contract import Failure, FailureKind, FailureReason, Verdict
from tests.support.analyzers.service import Service, running
from tests.support.media import hostile
from tests.support.media import samples as media

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]
Put = Callable[[str, bytes | Path], str]
Services = dict[str, Service]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(s3_endpoint: str, s3: S3Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Services]:
    scratch = tmp_path_factory.mktemp("scratch")
    async with (
        running("audio_analyzer", scratch, s3_endpoint) as audio,
        running("video_analyzer", scratch, s3_endpoint) as video,
    ):
        yield {"audio": audio, "video": video}


async def refused(service: Service, uri: str, **job: Any) -> Failure:
    failure = await service.last(uri, **job)
    assert isinstance(failure, Failure), failure
    assert len(failure.message) > 20
    assert service.leftovers() == []
    return failure


@pytest.mark.parametrize("name", ["audio", "video"])
@pytest.mark.parametrize(
    ("what", "content"),
    [
        ("nothing at all", b""),
        ("a letter", b"Dear grandma, this is not a recording.\n" * 50),
        ("noise without a header", os.urandom(50_000).replace(b"\xff", b"\x00")),
        ("a PNG", b"\x89PNG\r\n\x1a\n" + bytes(1000)),
        ("a Subtitle", b"1\n00:00:01,000 --> 00:00:02,000\nHello\n"),
        ("a DASH manifest", b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>'),
        ("a session description", b"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n"),
    ],
)
async def test_what_is_no_recording_is_unsupported(
    services: Services, put: Put, name: str, what: str, content: bytes
) -> None:
    failure = await refused(services[name], put("none.mp4", content))
    assert (failure.kind, failure.reason) == (FailureKind.MEDIA, FailureReason.UNSUPPORTED_MEDIA), what


@pytest.mark.parametrize("name", ["audio", "video"])
@pytest.mark.parametrize("share", [0.02, 0.4, 0.8])
async def test_a_truncated_recording_is_corrupt(
    services: Services, put: Put, samples: dict[str, Path], *, tmp_path: Path, name: str, share: float
) -> None:
    whole = samples["genuine.wav" if name == "audio" else "clean.mp4"]
    media.truncated(whole, tmp_path / "cut", share)
    failure = await refused(services[name], put("cut", tmp_path / "cut"))
    assert failure.reason is FailureReason.CORRUPT_MEDIA


async def test_a_truncated_recording_says_how_far_it_goes(
    services: Services, put: Put, samples: dict[str, Path], tmp_path: Path
) -> None:
    media.truncated(samples["genuine.wav"], tmp_path / "cut", 0.5)
    failure = await refused(services["audio"], put("cut", tmp_path / "cut"))
    assert "3.5 s of 7.1 s could be decoded" in failure.message


async def test_a_truncated_video_is_corrupt_for_the_audio_analyzer_too(
    services: Services, put: Put, samples: dict[str, Path], tmp_path: Path
) -> None:
    media.truncated(samples["clean.mp4"], tmp_path / "cut", 0.5)
    failure = await refused(services["audio"], put("cut", tmp_path / "cut"))
    assert failure.reason is FailureReason.CORRUPT_MEDIA


async def test_a_video_without_sound_has_no_audio_stream(
    services: Services, put: Put, samples: dict[str, Path], tmp_path: Path
) -> None:
    hostile.silent_clip(samples["clean.mp4"], tmp_path / "silent")
    failure = await refused(services["audio"], put("silent", tmp_path / "silent"))
    assert failure.reason is FailureReason.NO_AUDIO_STREAM


async def test_cover_art_is_no_video(services: Services, put: Put, tmp_path: Path) -> None:
    hostile.cover_art_only(tmp_path / "song")
    uri = put("song", tmp_path / "song")
    failure = await refused(services["video"], uri)
    assert failure.reason is FailureReason.NO_VIDEO_STREAM
    assert not isinstance(await services["audio"].last(uri), Failure)


async def test_more_than_two_hours_are_refused_by_what_the_header_says(
    services: Services, put: Put, tmp_path: Path
) -> None:
    hostile.sparse_clip(tmp_path / "sparse", 3)
    for name, content in (("audio", hostile.wav_claiming(3 * 3600)), ("video", tmp_path / "sparse")):
        failure = await refused(services[name], put("long", content))
        assert failure.reason is FailureReason.MEDIA_TOO_LARGE
        assert "180 minutes" in failure.message


@pytest.mark.parametrize(("width", "height"), [(8256, 128), (128, 8256)])
async def test_a_picture_wider_or_higher_than_8192_is_refused(
    services: Services, put: Put, tmp_path: Path, width: int, height: int
) -> None:
    hostile.wide_picture(tmp_path / "wide", width, height)
    failure = await refused(services["video"], put("wide", tmp_path / "wide"))
    assert failure.reason is FailureReason.MEDIA_TOO_LARGE
    assert f"{width} x {height}" in failure.message


@pytest.mark.parametrize("name", ["audio", "video"])
@pytest.mark.parametrize("write", [media.hls_playlist, media.concat_playlist])
@pytest.mark.parametrize("extension", ["m3u8", "mp4", "wav"])
async def test_a_playlist_is_refused_and_nothing_is_fetched_or_read(
    services: Services,
    put: Put,
    samples: dict[str, Path],
    *,
    tmp_path: Path,
    name: str,
    write: Callable[[Path, str], None],
    extension: str,
) -> None:
    canary = tmp_path / "canary.wav"
    canary.write_bytes(samples["genuine.wav"].read_bytes())
    with hostile.tripwire() as (port, visitors), hostile.unread(canary):
        for url in (f"http://127.0.0.1:{port}/segment.ts", str(canary), f"file://{canary}"):
            write(tmp_path / "playlist", url)
            failure = await refused(services[name], put(f"list.{extension}", tmp_path / "playlist"))
            assert failure.reason is FailureReason.UNSUPPORTED_MEDIA
        assert visitors == []


async def test_an_mov_whose_sound_and_pictures_are_in_another_file_does_not_open_it(
    services: Services, put: Put, tmp_path: Path
) -> None:
    """FFmpeg reads the other file if an option allows it, which proves that the reference is real; here it is not."""
    canary, pointing = tmp_path / "canary.mov", tmp_path / "pointing.mov"
    hostile.small_mov(canary)
    hostile.pointing_mov(canary, pointing, hostile.alias(canary))
    follow = ["-enable_drefs", "1", "-use_absolute_path", "1"]
    media.ffmpeg(*follow, "-i", str(pointing), "-map", "0:a", "-f", "s16le", str(tmp_path / "followed"))
    assert len(set((tmp_path / "followed").read_bytes())) > 200
    uri = put("pointing.mov", pointing)
    for name in ("audio", "video"):
        with hostile.unread(canary):
            failure = await refused(services[name], uri)
        assert failure.reason is FailureReason.CORRUPT_MEDIA


@pytest.mark.parametrize("scheme", ["http", "tcp", "file"])
async def test_an_mov_whose_sound_and_pictures_are_behind_a_url_does_not_fetch_it(
    services: Services, put: Put, tmp_path: Path, scheme: str
) -> None:
    """Nothing but zeros is in the file itself: no picture, and silence, about which nothing can be said."""
    canary, pointing = tmp_path / "canary.mov", tmp_path / "pointing.mov"
    hostile.small_mov(canary)
    with hostile.tripwire() as (port, visitors):
        url = f"file://{canary}" if scheme == "file" else f"{scheme}://127.0.0.1:{port}/canary.mov"
        for entry in (hostile.location(url), hostile.alias(Path(url))):
            hostile.pointing_mov(canary, pointing, entry)
            uri = put("pointing.mov", pointing)
            with hostile.unread(canary):
                heard = await services["audio"].last(uri)
                seen = await services["video"].last(uri)
            assert isinstance(heard, Failure) or heard.verdict is Verdict.INCONCLUSIVE
            assert isinstance(seen, Failure)
        assert visitors == []


async def test_a_missing_key_a_missing_bucket_and_a_wrong_etag(
    services: Services, put: Put, samples: dict[str, Path]
) -> None:
    audio = services["audio"]
    for uri in ("s3://media/no-such-key", "s3://no-such-bucket/key"):
        failure = await refused(audio, uri)
        assert (failure.kind, failure.reason) == (FailureKind.SOURCE, FailureReason.SOURCE_NOT_FOUND)
    uri = put("changed.wav", samples["genuine.wav"])
    failure = await refused(audio, uri, source={"uri": uri, "etag": "0" * 32})
    assert failure.reason is FailureReason.SOURCE_CHANGED
    failure = await refused(audio, uri, source={"uri": uri, "versionId": "no-such-version"})
    assert failure.reason is FailureReason.SOURCE_NOT_FOUND


async def test_plain_json_answers_are_problems_with_the_status_of_the_fault(services: Services, put: Put) -> None:
    text = put("letter", b"Dear grandma")
    for uri, status, reason in (
        (text, 422, "UnsupportedMedia"),
        ("s3://media/no-such-key", 404, "SourceNotFound"),
    ):
        async with services["audio"].post(uri, "application/json") as answer:
            problem = await answer.json(content_type="application/problem+json")
            assert (answer.status, problem["status"], problem["reason"]) == (status, status, reason)
            assert problem["detail"]


@pytest.mark.parametrize(
    "wrong",
    [{"source": {"uri": "http://example.org/a"}}, {"deadlineSeconds": 0}, {"id": "a b"}],
)
async def test_a_wrong_request_is_a_problem_before_anything_starts(services: Services, wrong: dict[str, Any]) -> None:
    async with services["audio"].post("s3://media/key", **wrong) as answer:
        assert answer.status == 422
        problem = await answer.json(content_type="application/problem+json")
        assert next(iter(wrong)) in problem["detail"]
