"""Objects in S3: a recording is read pinned to one version, results are written. Blocking: runs in threads.

botocore is imported when the first client is made: it is a third of the service's start-up time, and readiness does not
wait for it. boto3 above it would add transfers and resources, which are not used here, and 30 ms.
"""

from __future__ import annotations

import errno
import hashlib
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from analyzer_contract import FailureReason, SourceFacts, SourceObject
from analyzer_kit import memory
from analyzer_kit.content import checked
from analyzer_kit.errors import AnalysisError
from analyzer_kit.s3_answers import address_of, etag_of, facts_of, sha256_of
from analyzer_kit.s3_errors import TransientError, changed, translated
from guardian_service.s3_client import client_config, custom_endpoint, region

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SINGLE_GET_BYTES = 16 * 1024 * 1024
"""Below this one GET is fastest; above, ranges in parallel."""

_RANGE_BYTES = 8 * 1024 * 1024
_RANGES_AT_ONCE = 4
_CHUNK_BYTES = 256 * 1024

type _Take = Callable[[bytes, int], None]
"""Takes a piece of an object and its position."""


class ObjectStore:
    """The client that reads and writes objects, with this process's own AWS identity.

    Args:
        connect_seconds: longest wait for a connection.
        read_seconds: longest silence while reading.
        retry_seconds: how long 5xx, throttling and broken connections are tried again, with backoff and jitter.
        max_bytes: larger objects are refused before they are read.
    """

    def __init__(self, *, connect_seconds: float, read_seconds: float, retry_seconds: float, max_bytes: int) -> None:
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._retry_seconds = retry_seconds
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._client: S3Client | None = None

    def client(self) -> S3Client:
        """Return the one client, made at first use; botocore's clients may be shared between threads."""
        with self._lock:
            if self._client is None:
                self._client = _make_client(self._connect_seconds, self._read_seconds)
                memory.trim()  # it is the last that starting needs
            return self._client

    def head(self, source: SourceObject, seconds: float, cancelled: threading.Event) -> SourceFacts:
        """Return the facts of an object, so that it can be pinned.

        Args:
            source: the object, with the version, ETag or content that the caller insists on. Its SHA-256 is among the
                facts if S3 states it.
            seconds: how long this may take with all retries.
            cancelled: when set, nothing is tried again.

        Raises:
            AnalysisError: SourceNotFound, SourceForbidden, SourceChanged, SourceMismatch, SourceUnavailable, or
                MediaTooLarge.
        """
        bucket, key = address_of(source.uri)
        about: dict[str, Any] = {"VersionId": source.version_id} if source.version_id else {}
        if source.sha256:
            about["ChecksumMode"] = "ENABLED"

        def once() -> tuple[SourceFacts, str | None]:
            found = self.client().head_object(Bucket=bucket, Key=key, **about)
            return facts_of(found, found.get("ContentLength", 0)), sha256_of(found)

        facts, sha256 = self._retried(once, source.uri, seconds, cancelled)
        size = facts.size_bytes
        if source.etag and source.etag.strip('"') != facts.etag:
            raise changed(source.uri)
        if size > self._max_bytes:
            message = (
                f"The recording has {size:,} bytes; at most {self._max_bytes:,} are analysed. Send a shorter part."
            )
            raise AnalysisError(FailureReason.MEDIA_TOO_LARGE, message)
        return checked(source, facts, sha256) if source.sha256 and sha256 else facts

    def download(self, uri: str, facts: SourceFacts, target: int, seconds: float, cancelled: threading.Event) -> None:
        """Read exactly the object that ``facts`` describe into the open file ``target``.

        Args:
            uri: where it is.
            facts: from :meth:`head`; pins the version, or the ETag where the bucket has no versions.
            target: file descriptor, written by position.
            seconds: how long this may take with all retries.
            cancelled: when set, stops reading soon and returns.

        Raises:
            AnalysisError: SourceNotFound, SourceForbidden, SourceChanged, or SourceUnavailable.
        """
        single = facts.size_bytes <= _SINGLE_GET_BYTES
        step = max(facts.size_bytes, 1) if single else _RANGE_BYTES
        deadline = time.monotonic() + seconds

        def keep(chunk: bytes, position: int) -> None:
            if os.pwrite(target, chunk, position) != len(chunk):  # a full disk would leave a hole
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def fetch(start: int) -> None:
            end = min(start + step, facts.size_bytes)

            def once() -> None:
                self._get(uri, facts, keep, (start, end), cancelled)

            self._retried(once, uri, deadline - time.monotonic(), cancelled)

        starts = range(0, facts.size_bytes, step)
        if single:
            for start in starts:
                fetch(start)
            return
        with ThreadPoolExecutor(_RANGES_AT_ONCE, thread_name_prefix="s3-range") as pool:
            ranges = [pool.submit(fetch, start) for start in starts]
            done, missing = wait(ranges, return_when=FIRST_EXCEPTION)
            if missing:  # one failed for good: the others are of no use any more
                cancelled.set()
                pool.shutdown(wait=False, cancel_futures=True)
            for fetched in done:
                fetched.result()

    def sha256(self, uri: str, facts: SourceFacts, seconds: float, cancelled: threading.Event) -> str:
        """Read exactly the object that ``facts`` describe for its SHA-256, without keeping it.

        Args and errors: as :meth:`download`.
        """
        digest, deadline = hashlib.sha256(), time.monotonic() + seconds
        for start in range(0, facts.size_bytes, _RANGE_BYTES):
            digest.update(self._part(uri, facts, start, deadline, cancelled))
        return digest.hexdigest()

    def _part(self, uri: str, facts: SourceFacts, start: int, deadline: float, cancelled: threading.Event) -> bytearray:
        end = min(start + _RANGE_BYTES, facts.size_bytes)
        part = bytearray(end - start)

        def keep(chunk: bytes, position: int) -> None:
            part[position - start : position - start + len(chunk)] = chunk

        def once() -> None:
            self._get(uri, facts, keep, (start, end), cancelled)

        self._retried(once, uri, deadline - time.monotonic(), cancelled)
        return part

    def _get(
        self, uri: str, facts: SourceFacts, take: _Take, span: tuple[int, int], cancelled: threading.Event
    ) -> None:
        if cancelled.is_set():
            return
        bucket, key = address_of(uri)
        start, end = span
        pin: dict[str, Any] = {"VersionId": facts.version_id} if facts.version_id else {"IfMatch": facts.etag}
        if (start, end) != (0, facts.size_bytes):
            pin["Range"] = f"bytes={start}-{end - 1}"
        answer = self.client().get_object(Bucket=bucket, Key=key, **pin)
        with answer["Body"] as body:
            if etag_of(answer) != facts.etag:
                raise TransientError("another object came")
            position = start
            while not cancelled.is_set() and (chunk := body.read(_CHUNK_BYTES)):
                if position + len(chunk) > end:
                    raise TransientError("more bytes than announced")
                take(chunk, position)
                position += len(chunk)
        if position != end and not cancelled.is_set():
            raise TransientError(f"{end - position} bytes are missing")

    def read(self, uri: str, most_bytes: int, seconds: float) -> tuple[bytes, SourceFacts] | None:
        """Return a small object's content and its facts; None if there is none, or none that may be seen.

        Without the right to list a bucket, S3 answers "forbidden" for what is not there.

        Args:
            uri: where it is.
            most_bytes: a larger one is refused.
            seconds: how long this may take with all retries.

        Raises:
            AnalysisError: SourceUnavailable, or MediaTooLarge.
        """
        bucket, key = address_of(uri)

        def once() -> tuple[bytes, SourceFacts]:
            answer = self.client().get_object(Bucket=bucket, Key=key)
            with answer["Body"] as body:
                content = body.read(most_bytes + 1)
            if len(content) > most_bytes:
                message = f"{uri} has more than the {most_bytes:,} bytes that are read."
                raise AnalysisError(FailureReason.MEDIA_TOO_LARGE, message)
            return content, facts_of(answer, len(content))

        try:
            return self._retried(once, uri, seconds)
        except AnalysisError as error:
            if error.reason in {FailureReason.SOURCE_NOT_FOUND, FailureReason.SOURCE_FORBIDDEN}:
                return None
            raise

    def delete(self, uri: str, seconds: float) -> None:
        """Remove an object that this analyzer wrote, if possible: leaving it behind does no harm."""
        bucket, key = address_of(uri)
        with suppress(AnalysisError):
            self._retried(lambda: self.client().delete_object(Bucket=bucket, Key=key), uri, seconds)

    def put(
        self, uri: str, body: bytes, content_type: str, seconds: float, cancelled: threading.Event | None = None
    ) -> None:
        """Write an object.

        Args:
            uri: where it goes.
            body: its content.
            content_type: its media type.
            seconds: how long this may take with all retries.
            cancelled: once set, nothing is begun any more: another attempt may have written by then.

        Raises:
            AnalysisError: ResultsUnavailable, for whatever reason.
        """
        try:
            bucket, key = address_of(uri)

            def once() -> None:
                if not (cancelled and cancelled.is_set()):
                    etag_of(self.client().put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type))

            self._retried(once, uri, seconds, cancelled)
        except AnalysisError as error:
            message = f"The results could not be written to {uri}: {error.message}"
            raise AnalysisError(FailureReason.RESULTS_UNAVAILABLE, message) from error

    def _retried[T](
        self, call: Callable[[], T], uri: str, seconds: float, cancelled: threading.Event | None = None
    ) -> T:
        import stamina

        budget = max(min(seconds, self._retry_seconds), 0.001)

        def again(error: Exception) -> bool:
            return isinstance(error, TransientError) and not (cancelled and cancelled.is_set())

        try:
            for attempt in stamina.retry_context(
                on=again, attempts=None, timeout=budget, wait_initial=0.2, wait_max=5.0
            ):
                with attempt:
                    return translated(call, uri)
        except TransientError as error:
            message = f"S3 did not deliver {uri}: {error}. Try again later."
            raise AnalysisError(FailureReason.SOURCE_UNAVAILABLE, message) from error
        raise AssertionError("stamina returns or raises")


def _make_client(connect_seconds: float, read_seconds: float) -> S3Client:
    import botocore.session

    config = client_config(
        custom_endpoint(),
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        retries={"total_max_attempts": 1},  # retried here, with the body's errors and one time limit for all
        max_pool_connections=32,
    )
    return cast("S3Client", botocore.session.get_session().create_client("s3", config=config, region_name=region()))
