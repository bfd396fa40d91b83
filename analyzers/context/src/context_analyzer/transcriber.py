"""Amazon Transcribe: one job for each version of a recording, however often it is asked for.

The job's name follows from the object's version and the options, so a retry, or another pod, finds the job that runs
and waits for it. What comes out is kept under the same name until the bucket's lifecycle removes it: asking again costs
nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from functools import cached_property
from typing import TYPE_CHECKING, cast

import structlog

from analyzer_contract import FailureReason, SourceFacts, SourceObject
from analyzer_kit.errors import AnalysisError
from analyzer_kit.s3 import ObjectStore
from context_analyzer.aws import AwsError, Trouble, call, make_client
from context_analyzer.reasons import NotDone, Reason
from context_analyzer.settings import ContextSettings
from context_analyzer.transcript import MOST_BYTES, PAUSE_SECONDS
from guardian_service.s3 import split_uri

if TYPE_CHECKING:
    from mypy_boto3_transcribe import TranscribeServiceClient
    from mypy_boto3_transcribe.literals import LanguageCodeType
    from mypy_boto3_transcribe.type_defs import TranscriptionJobTypeDef

_FIRST_POLL_SECONDS, _LONGEST_POLL_SECONDS, _POLL_GROWTH = 1.0, 5.0, 1.4
"""GetTranscriptionJob may be called 20 times a second in an account; a pod of 16 slots stays far below."""

_READ_SECONDS = 10.0
_S3_SECONDS = 20.0
_GONE = {"NotFoundException", "BadRequestException"}
"""The answers of GetTranscriptionJob for a job that does not exist."""

_REASONS = {
    Trouble.FORBIDDEN: Reason.TRANSCRIBER_FORBIDDEN,
    Trouble.THROTTLED: Reason.TRANSCRIBER_THROTTLED,
}

log = structlog.get_logger(__name__)

WaitingCallback = Callable[[], None]


class Transcriber:
    """The client of Amazon Transcribe, with this process's own AWS identity.

    Args:
        settings: where transcripts go, and in which languages there is speech.
        store: reads and writes them.
        threads: where calls wait.
    """

    pause_seconds = PAUSE_SECONDS

    def __init__(self, settings: ContextSettings, store: ObjectStore, threads: Executor) -> None:
        self._settings = settings
        self._store = store
        self._threads = threads

    async def start(self) -> None:
        """Nothing: the client is made when it is first needed."""

    async def stop(self) -> None:
        """Nothing runs here."""

    async def transcribe(
        self, source: SourceObject, facts: SourceFacts, waiting: WaitingCallback = lambda: None, seconds: float = 0.0
    ) -> bytes:
        """Return the transcript, in Transcribe's format. Cancelling it leaves the job to the next request.

        Args:
            source: the recording.
            facts: pin what it has to be.
            waiting: called each time the job is not done yet.
            seconds: until the deadline, at which the caller cancels it.

        Raises:
            NotDone: there is none, and why.
            AnalysisError: S3 does not answer.
        """
        del seconds
        name, kept = self.job_name(source, facts), self.kept(source, facts)
        if (content := await self._read(kept)) is not None:
            return content
        await self._check_current(source, facts)
        await self._start(name, source)
        status = await self._finished(name, waiting)
        if status is None:  # another pod was faster, and has tidied up
            if (content := await self._read(kept)) is not None:
                return content
            raise NotDone(Reason.TRANSCRIBER_UNAVAILABLE, "The job has disappeared.")
        try:
            content = await self._collect(name, kept, source, facts, status)
        except NotDone:  # where it was cancelled, or S3 failed, the finished job waits for the next request
            await self._tidy_up(name)
            raise
        await self._tidy_up(name)
        return content

    def job_name(self, source: SourceObject, facts: SourceFacts) -> str:
        """Return the job's name: the same for the same bytes and options."""
        options = (*self._settings.context_languages, str(self._settings.context_speakers))
        pin = facts.version_id or facts.etag
        digest = hashlib.sha256("\n".join([source.uri, pin, *options]).encode()).hexdigest()
        return f"guardian-{digest[:48]}"

    def kept(self, source: SourceObject, facts: SourceFacts) -> str:
        """Return where the transcript is kept for other requests."""
        return f"{self._settings.context_transcripts}{self.job_name(source, facts)}.json"

    @cached_property
    def _client(self) -> TranscribeServiceClient:
        return cast("TranscribeServiceClient", make_client("transcribe", "", _READ_SECONDS))

    async def _check_current(self, source: SourceObject, facts: SourceFacts) -> None:
        """Check that the version is the current one, the only one that Transcribe reads.

        Raises:
            NotDone: VersionNotCurrent.
        """
        loop = asyncio.get_running_loop()
        current = SourceObject(uri=source.uri)
        now = await loop.run_in_executor(self._threads, self._store.head, current, _S3_SECONDS, threading.Event())
        if now.etag != facts.etag:
            raise NotDone(Reason.VERSION_NOT_CURRENT)

    async def _start(self, name: str, source: SourceObject) -> None:
        bucket, prefix = split_uri(self._settings.context_transcripts)
        try:
            await self._call(
                lambda: self._client.start_transcription_job(
                    TranscriptionJobName=name,
                    Media={"MediaFileUri": source.uri},
                    IdentifyLanguage=True,
                    LanguageOptions=cast("list[LanguageCodeType]", list(self._settings.context_languages)),
                    Settings={"ShowSpeakerLabels": True, "MaxSpeakerLabels": self._settings.context_speakers},
                    OutputBucketName=bucket,
                    OutputKey=f"{prefix}incoming/{name}.json",
                )
            )
        except AwsError as error:
            if error.code == "ConflictException":
                log.info("transcription joined", job=name)
                return
            raise _not_done(error) from error

    async def _finished(self, name: str, waiting: WaitingCallback) -> TranscriptionJobTypeDef | None:
        """Wait for the end of a job, and return it; None if there is none any more."""
        pause = _FIRST_POLL_SECONDS
        while True:
            try:
                answer = await self._call(lambda: self._client.get_transcription_job(TranscriptionJobName=name))
            except AwsError as error:
                if error.code in _GONE:
                    return None
                raise _not_done(error) from error
            job: TranscriptionJobTypeDef = answer["TranscriptionJob"]
            if job["TranscriptionJobStatus"] in {"COMPLETED", "FAILED"}:
                return job
            waiting()
            await asyncio.sleep(pause)
            pause = min(pause * _POLL_GROWTH, _LONGEST_POLL_SECONDS)

    async def _collect(
        self, name: str, kept: str, source: SourceObject, facts: SourceFacts, job: TranscriptionJobTypeDef
    ) -> bytes:
        if job["TranscriptionJobStatus"] == "FAILED":
            raise NotDone(Reason.TRANSCRIBER_UNAVAILABLE, f"It says: {str(job.get('FailureReason', ''))[:300]}")
        # The object may have been replaced after the job began: then it is not known which one was transcribed.
        await self._check_current(source, facts)
        content = await self._read(self._incoming(name))
        if content is None:
            raise NotDone(Reason.TRANSCRIBER_UNAVAILABLE, "The job has ended, and its transcript is not there.")
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._threads, self._store.put, kept, content, "application/json", _S3_SECONDS)
        except AnalysisError as error:  # this analysis has what it needs; the next one has to ask again
            log.warning("transcript not kept", job=name, error=error.message)
        return content

    async def _tidy_up(self, name: str) -> None:
        """Remove the job and its output: what is worth keeping was copied, and a failed job must not be joined."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._threads, self._store.delete, self._incoming(name), _S3_SECONDS)
            await self._call(lambda: self._client.delete_transcription_job(TranscriptionJobName=name))
        except AwsError as error:
            if error.code not in _GONE:
                log.warning("transcription job left behind", job=name, error=str(error))

    def _incoming(self, name: str) -> str:
        return f"{self._settings.context_transcripts}incoming/{name}.json"

    async def _read(self, uri: str) -> bytes | None:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, self._store.read, uri, MOST_BYTES, _S3_SECONDS)
        except AnalysisError as error:
            if error.reason is FailureReason.MEDIA_TOO_LARGE:
                raise NotDone(Reason.TRANSCRIPT_INVALID, error.message) from error
            raise
        return found[0] if found else None

    async def _call[T](self, what: Callable[[], T]) -> T:
        return await call(what, self._threads, self._settings.context_retry_seconds)


def _not_done(error: AwsError) -> NotDone:
    denied = error.trouble is Trouble.REFUSED and ("access" in error.message.lower() or "S3" in error.message)
    reason = Reason.TRANSCRIBER_FORBIDDEN if denied else _REASONS.get(error.trouble, Reason.TRANSCRIBER_UNAVAILABLE)
    return NotDone(reason, f"It says: {error}")
