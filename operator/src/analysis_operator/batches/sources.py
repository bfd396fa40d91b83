"""Read what a batch names from S3, a page at a time: the keys under a prefix, or the lines of a manifest.

Nothing of it is kept: a position is all that is needed to go on, however many recordings there are.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from analysis_operator.api import BatchSource, Position
from analysis_operator.batches.manifest import Columns, ManifestReader, NoManifest
from analysis_operator.batches.ports import SourceTrouble
from analysis_operator.batches.rows import PAGE, Page, Row
from analysis_operator.errors import Reason
from analysis_operator.report.store import make_client
from guardian_service.s3 import split_uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_THREADS = 4
_RANGE = 1024 * 1024
"""Bytes of a manifest that are asked for at a time."""
_COUNTED_PAGE = 1000
_EMPTY_PAGES = 40
"""So many listings without a recording are followed by one page without rows: an answer is given now and then."""
_NOT_FOUND = {"NoSuchKey", "NoSuchBucket", "404", "NotFound", "NoSuchVersion"}
_REFUSED = {"AccessDenied", "403", "Forbidden", "AllAccessDisabled"}
_BEHIND_THE_END = {"InvalidRange", "416"}


class S3Sources:
    """The Sources port over S3.

    Args:
        results_uri: where results go. What lies there is never a recording.
    """

    def __init__(self, results_uri: str | None) -> None:
        self._own = f"{results_uri.rstrip('/')}/" if results_uri else None
        self._client: S3Client | None = None
        self._making = threading.Lock()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="batches")

    async def read(self, source: BatchSource, start: Position, most: int = PAGE) -> Page:
        """Return the rows that follow a position. Raises SourceTrouble."""
        loop = asyncio.get_running_loop()
        read = self._list if source.prefix else self._lines
        return await loop.run_in_executor(self._threads, read, source.uri, start, most)

    async def count(self, source: BatchSource, start: Position) -> int:
        """Return how many rows follow a position. Raises SourceTrouble."""
        counted = 0
        while True:
            page = await self.read(source, start, _COUNTED_PAGE)
            counted, start = counted + len(page.rows), page.end
            if page.last:
                return counted

    def _list(self, uri: str, start: Position, most: int) -> Page:
        bucket, prefix = split_uri(uri)
        after = start.after_key
        for _ in range(_EMPTY_PAGES):
            more = {"StartAfter": after} if after is not None else {}
            answer = self._call("list_objects_v2", uri, Bucket=bucket, Prefix=prefix, MaxKeys=most, **more)
            found = answer.get("Contents", [])
            after = found[-1]["Key"] if found else after
            last = not answer.get("IsTruncated")
            rows = tuple(Row(f"s3://{bucket}/{entry['Key']}") for entry in found if self._is_recording(bucket, entry))
            if rows or last:
                break
        return Page(rows, Position(after_key=after), last)

    def _is_recording(self, bucket: str, entry: dict[str, Any]) -> bool:
        """Return whether a key is more than the mark that a console leaves for a folder, and not one of our results."""
        if entry["Key"].endswith("/") and not entry.get("Size"):
            return False
        return self._own is None or not f"s3://{bucket}/{entry['Key']}".startswith(self._own)

    def _lines(self, uri: str, start: Position, most: int) -> Page:
        begin = start.byte or 0
        try:
            columns = self._columns(uri, start.etag) if begin and uri.endswith(".csv") else None
            reader = ManifestReader(uri, line=start.line or 0, byte=begin, columns=columns)
            etag, buffer, rows = start.etag, b"", list[Row]()
            while True:
                data, etag, eof = self._bytes(uri, reader.byte + len(buffer), etag)
                buffer += data
                found, taken = reader.read(buffer, eof=eof, most=most - len(rows))
                rows += found
                buffer = buffer[taken:]
                if len(rows) >= most or eof:
                    end = Position(byte=reader.byte, line=reader.line, etag=etag)
                    return Page(tuple(rows), end, last=eof and not buffer)
        except NoManifest as error:
            raise SourceTrouble(Reason.MANIFEST_UNREADABLE, f"{uri}: {error}", fatal=True) from error

    def _columns(self, uri: str, etag: str | None) -> Columns | None:
        """Return what the first line of a manifest says, for a reader that begins behind it."""
        data, _, eof = self._bytes(uri, 0, etag)
        reader = ManifestReader(uri)
        reader.read(data, eof=eof, most=1)
        return reader.columns

    def _bytes(self, uri: str, begin: int, etag: str | None) -> tuple[bytes, str, bool]:
        """Return some bytes of a manifest, its ETag, and whether they are its last."""
        bucket, key = split_uri(uri)
        answer = self._call("get_object", uri, Bucket=bucket, Key=key, Range=f"bytes={begin}-{begin + _RANGE - 1}")
        if answer is None:
            return b"", etag or "", True
        found = str(answer["ETag"])
        if etag and found != etag:
            message = f"{uri} was overwritten since the batch began: create another batch for what it names now."
            raise SourceTrouble(Reason.SOURCE_CHANGED, message, fatal=True)
        size = int(str(answer.get("ContentRange", "")).rpartition("/")[2] or answer["ContentLength"])
        return answer["Data"], found, begin + len(answer["Data"]) >= size

    def _call(self, method: str, uri: str, **arguments: Any) -> Any:  # noqa: ANN401 - boto3's own
        from botocore.exceptions import BotoCoreError, ClientError
        from urllib3.exceptions import HTTPError

        try:
            answer = getattr(self._connected(), method)(**arguments)
            if "Body" in answer:
                with answer["Body"] as body:
                    answer["Data"] = body.read()
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if method == "get_object" and code in _BEHIND_THE_END:
                return None
            raise _trouble(uri, code) from error
        except (BotoCoreError, HTTPError, OSError) as error:
            raise _trouble(uri, type(error).__name__) from error
        return answer

    def _connected(self) -> S3Client:
        with self._making:
            if self._client is None:
                self._client = make_client()
            return self._client


def _trouble(uri: str, code: str) -> SourceTrouble:
    if code in _NOT_FOUND:
        return SourceTrouble(Reason.SOURCE_NOT_FOUND, f"{uri} is not there ({code}).", fatal=True)
    if code in _REFUSED:
        return SourceTrouble(
            Reason.SOURCE_FORBIDDEN,
            f"The operator may not list or read {uri} ({code}): its role needs s3:ListBucket for a prefix, and "
            "s3:GetObject for a manifest.",
            fatal=True,
        )
    return SourceTrouble(Reason.SOURCE_UNAVAILABLE, f"{uri} cannot be read now ({code or 'refused'}).", fatal=False)
