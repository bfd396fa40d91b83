"""The context analyzer as a service: S3 and Transcribe by moto over HTTP, Bedrock by a scripted server."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import pytest_asyncio

from analyzer_contract import Failure, FailureReason, Progress, Result, TranscriptObject, Verdict
from context_analyzer.reasons import Reason
from context_analyzer.settings import DEFAULT_MODEL
from ml.context.scripts import load_calls, transcribed
from tests.support.analyzers.context import TRANSCRIPTS, job_of, kinds, report_of
from tests.support.analyzers.service import CREDENTIALS, Service, eventually, running
from tests.support.aws.scripted import Reply, ScriptedAws, judges, refuses, says
from tests.support.waiting import Stopwatch

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_transcribe import TranscribeServiceClient

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

CALLS = {call.name: call for call in load_calls()}
SCAM = transcribed(CALLS["ko-prosecutor"])
BENIGN = transcribed(CALLS["en-doctor"])
QUOTE = (5, "계좌에 있는 돈을 금융감독원 안전계좌로 옮기셔야")
Start = Callable[..., AbstractAsyncContextManager[Service]]


@pytest.fixture(scope="module")
def bedrock() -> Iterator[ScriptedAws]:
    with ScriptedAws().serving() as server:
        yield server


@pytest.fixture(scope="module")
def transcribe(s3_endpoint: str) -> TranscribeServiceClient:
    return boto3.client(
        "transcribe",
        endpoint_url=s3_endpoint,
        region_name=CREDENTIALS["AWS_REGION"],
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )


@pytest.fixture(scope="module")
def start(s3_endpoint: str, bedrock: ScriptedAws, tmp_path_factory: pytest.TempPathFactory) -> Start:
    def begin(env: dict[str, str] | None = None, **settings: Any) -> AbstractAsyncContextManager[Service]:
        more = {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock.url, **(env or {})}
        chosen = {"context_model": DEFAULT_MODEL, "context_retry_seconds": 3, **settings}
        return running("context_analyzer", tmp_path_factory.mktemp("scratch"), s3_endpoint, env=more, **chosen)

    return begin


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def on_aws(start: Start) -> AsyncIterator[Service]:
    async with start(context_transcripts=TRANSCRIPTS) as service:
        yield service


@pytest.fixture
def recording(s3: S3Client) -> Callable[[bytes], str]:
    """Put a recording of which Transcribe will say ``transcript``, and return its URI."""

    def put(transcript: bytes) -> str:
        key = f"calls/{uuid.uuid4().hex}.wav"
        s3.put_object(Bucket="media", Key=key, Body=key.encode())
        uri = f"s3://media/{key}"
        # moto's jobs end, and write nothing: what a job of this name would write is there already.
        s3.put_object(Bucket="results", Key=f"transcripts/incoming/{job_of(s3, uri)}.json", Body=transcript)
        return uri

    return put


async def test_a_recording_is_transcribed_read_and_tidied_up(
    on_aws: Service,
    s3: S3Client,
    transcribe: TranscribeServiceClient,
    bedrock: ScriptedAws,
    recording: Callable[[bytes], str],
) -> None:
    bedrock.will(judges(97, "AuthorityImpersonation", [QUOTE]))
    uri = recording(SCAM)
    events = await on_aws.events(uri, id="u.context", resultPrefix="s3://results/u1/")
    result = events[-1]
    assert isinstance(result, Result)
    assert (result.verdict, result.score) == (Verdict.SUSPICIOUS, 97)
    assert result.findings[0].kind == "ScamWords"
    assert isinstance(events[0], Progress)
    assert events[0].stage == "find"
    report = report_of(s3, result)
    assert (report.analyzer, report.id) == ("context", "u.context")
    assert {"ScamWords", "SafeAccount", "Secrecy", "CallerWants", "ScamAdvice"} <= kinds(report)
    assert s3.get_object(Bucket="results", Key="u1/context.png")["Body"].read(8) == b"\x89PNG\r\n\x1a\n"
    name = job_of(s3, uri)
    assert transcribe.list_transcription_jobs(JobNameContains=name)["TranscriptionJobSummaries"] == []
    listed = [entry["Key"] for entry in s3.list_objects_v2(Bucket="results", Prefix="transcripts/")["Contents"]]
    assert [key for key in listed if name in key] == [f"transcripts/{name}.json"]


async def test_the_same_recording_is_transcribed_once(
    on_aws: Service, bedrock: ScriptedAws, recording: Callable[[bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bedrock.will(judges(97, "AuthorityImpersonation", [QUOTE]))
    uri = recording(SCAM)
    first = await on_aws.last(uri)
    again = await on_aws.last(uri, id="again")  # a second job would find no output: moto writes none
    assert isinstance(first, Result)
    assert isinstance(again, Result)
    assert (first.verdict, first.score, first.findings) == (again.verdict, again.score, again.findings)


async def test_a_job_that_runs_already_is_joined(
    on_aws: Service,
    s3: S3Client,
    transcribe: TranscribeServiceClient,
    bedrock: ScriptedAws,
    recording: Callable[[bytes], str],
) -> None:
    bedrock.will(judges(3, "None"))
    uri = recording(BENIGN)
    transcribe.start_transcription_job(
        TranscriptionJobName=job_of(s3, uri), Media={"MediaFileUri": uri}, LanguageCode="en-US"
    )
    result = await on_aws.last(uri)
    assert isinstance(result, Result)
    assert result.verdict is Verdict.NO_EVIDENCE


async def test_sixteen_at_once_wait_side_by_side(
    on_aws: Service, bedrock: ScriptedAws, recording: Callable[[bytes], str]
) -> None:
    answer = judges(3, "None")
    bedrock.will(Reply(answer.body, seconds=1.0))
    uris = [recording(BENIGN) for _ in range(16)]
    results = await asyncio.gather(*(on_aws.last(uri, id=f"r{number}") for number, uri in enumerate(uris)))
    assert {result.verdict for result in results if isinstance(result, Result)} == {Verdict.NO_EVIDENCE}
    assert len(results) == 16
    assert bedrock.most_at_once > 4, "they do not queue for one another"


async def test_a_client_that_goes_frees_its_slot(
    on_aws: Service, bedrock: ScriptedAws, recording: Callable[[bytes], str]
) -> None:
    bedrock.will(says("{}", seconds=20))
    async with on_aws.post(recording(BENIGN)) as answer:
        await eventually(lambda: len(bedrock.requests) == 1, "the model is asked")
        answer.close()
    await eventually(lambda: _idle(on_aws), "the slot is free")


async def _idle(service: Service) -> bool:
    return bool((await service.health())["busy"] == 0)


async def test_the_deadline_holds_and_the_transcription_goes_on(
    start: Start, s3: S3Client, put: Callable[[str, bytes | Path], str]
) -> None:
    with ScriptedAws().serving() as aws:
        aws.will(Reply({"TranscriptionJob": {"TranscriptionJobStatus": "IN_PROGRESS"}}))
        env = {"AWS_ENDPOINT_URL_TRANSCRIBE": aws.url}
        async with start(env, context_transcripts=TRANSCRIPTS) as service:
            stopwatch = Stopwatch()
            failure = await service.last(put("calls/slow.wav", b"slow"), deadlineSeconds=3)
            assert isinstance(failure, Failure)
            assert failure.reason is FailureReason.DEADLINE_EXCEEDED
            assert stopwatch.seconds < 8
            assert aws.asked("DeleteTranscriptionJob") == [], "the next analysis joins it"


TROUBLE = [
    ("StartTranscriptionJob", refuses("AccessDeniedException"), Reason.TRANSCRIBER_FORBIDDEN),
    (
        "StartTranscriptionJob",
        refuses("BadRequestException", message="The specified S3 bucket can't be accessed."),
        Reason.TRANSCRIBER_FORBIDDEN,
    ),
    ("StartTranscriptionJob", refuses("LimitExceededException"), Reason.TRANSCRIBER_THROTTLED),
    ("GetTranscriptionJob", refuses("InternalFailureException", 500), Reason.TRANSCRIBER_UNAVAILABLE),
    (
        "GetTranscriptionJob",
        Reply({"TranscriptionJob": {"TranscriptionJobStatus": "FAILED", "FailureReason": "Unsupported format"}}),
        Reason.TRANSCRIBER_UNAVAILABLE,
    ),
]


async def test_whatever_transcribe_does_the_reason_is_reported(
    start: Start, s3: S3Client, put: Callable[[str, bytes | Path], str]
) -> None:
    with ScriptedAws().serving() as aws:
        env = {"AWS_ENDPOINT_URL_TRANSCRIBE": aws.url}
        async with start(env, context_transcripts=TRANSCRIPTS, context_retry_seconds=0.5) as service:
            for number, (operation, reply, reason) in enumerate(TROUBLE):
                aws.by_operation.clear()
                aws.will(Reply({"TranscriptionJob": {"TranscriptionJobStatus": "QUEUED"}}))
                aws.will(reply, operation=operation)
                uri = put(f"calls/trouble-{number}.wav", b"sound")
                result = await service.last(uri, id="x.context", resultPrefix=f"s3://results/x{number}/")
                assert isinstance(result, Result), result
                assert result.verdict is Verdict.INCONCLUSIVE
                assert kinds(report_of(s3, result)) == {reason}
                failed = reply.body.get("TranscriptionJob", {}).get("TranscriptionJobStatus") == "FAILED"
                assert len(aws.asked("DeleteTranscriptionJob")) == int(failed), "a failed job must not be joined again"


async def test_a_version_that_is_not_current_is_not_mistaken_for_the_one_that_is(on_aws: Service, s3: S3Client) -> None:
    key = "calls/replaced.wav"
    old = s3.put_object(Bucket="versioned", Key=key, Body=b"old")["VersionId"]
    s3.put_object(Bucket="versioned", Key=key, Body=b"new")
    source = {"uri": f"s3://versioned/{key}", "versionId": old}
    result = await on_aws.last("", source=source, id="v.context", resultPrefix="s3://results/v/")
    assert isinstance(result, Result)
    assert kinds(report_of(s3, result)) == {Reason.VERSION_NOT_CURRENT}


async def test_without_aws_a_transcript_beside_the_recording_is_judged_by_rules(
    start: Start, s3: S3Client, put: Callable[[str, bytes | Path], str], bedrock: ScriptedAws
) -> None:
    bedrock.will(judges(0, "None"))
    async with start(context_model="none") as service:
        uri = put("calls/given.wav", b"sound")
        missing = await service.last(uri, id="a.context", resultPrefix="s3://results/a/")
        assert isinstance(missing, Result)
        assert missing.verdict is Verdict.INCONCLUSIVE
        assert kinds(report_of(s3, missing)) == {Reason.TRANSCRIBER_MISSING}
        put("calls/given.wav.transcript.json", BENIGN)
        clear = await service.last(uri, id="d.context", resultPrefix="s3://results/d/")
        assert isinstance(clear, Result)
        assert clear.verdict is Verdict.INCONCLUSIVE
        put("calls/given.wav.transcript.json", SCAM)
        supplied = await service.last(uri, id="b.context", resultPrefix="s3://results/b/")
        assert isinstance(supplied, Result)
        assert supplied.verdict is Verdict.SUSPICIOUS
        assert {Reason.TRANSCRIPT_SUPPLIED, "ScamPattern", "SafeAccount"} <= kinds(report_of(s3, supplied))
        lies = s3.head_object(Bucket="media", Key="calls/given.wav.transcript.json")
        assert report_of(s3, supplied).transcript_source == TranscriptObject(
            uri=f"{uri}.transcript.json", etag=lies["ETag"].strip('"')
        )
        put("calls/given.wav.transcript.json", b"[" * 5_000)
        broken = await service.last(uri, id="c.context", resultPrefix="s3://results/c/")
        assert isinstance(broken, Result)
        assert Reason.TRANSCRIPT_INVALID in kinds(report_of(s3, broken))
        nowhere = await service.last("s3://media/calls/nowhere.wav")
        assert isinstance(nowhere, Failure)
        assert nowhere.reason is FailureReason.SOURCE_NOT_FOUND
    assert bedrock.requests == []


async def test_every_scripted_call_goes_the_whole_way(
    on_aws: Service, bedrock: ScriptedAws, recording: Callable[[bytes], str]
) -> None:
    """With a model that passes everything: what classifier and rules say of a development call is the floor."""
    bedrock.will(judges(0, "None"))
    calls = [call for call in CALLS.values() if call.split == "development"]
    uris = [recording(transcribed(call)) for call in calls]
    results: list[Any] = []
    for begin in range(0, len(uris), 10):
        batch = uris[begin : begin + 10]
        results += await asyncio.gather(*(on_aws.last(uri, id=f"c{begin + n}") for n, uri in enumerate(batch)))
    wrong = [
        call.name
        for call, result in zip(calls, results, strict=True)
        if (result.verdict is Verdict.SUSPICIOUS) is not call.scam
    ]
    assert wrong == ["en-fraud-call-honest"], "docs/cards/words.md names it"
    prompts = json.dumps(bedrock.asked(), ensure_ascii=False)
    assert "안전계좌로" in prompts
    assert CREDENTIALS["AWS_SECRET_ACCESS_KEY"] not in prompts
