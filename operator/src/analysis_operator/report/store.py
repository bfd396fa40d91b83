"""A small S3 client for the operator: whole objects, size caps, short timeouts. Blocking: call it in a thread."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from analysis_operator.errors import OperatorError
from guardian_service.s3 import split_uri
from guardian_service.s3_client import client_config, custom_endpoint, region

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CONNECT_SECONDS = 2
_READ_SECONDS = 5
_ATTEMPTS = 3
_NOT_SEEN = {"NoSuchKey", "404", "AccessDenied", "403"}
"""Without the right to list a bucket, S3 answers "forbidden" for what is not there."""


class StoreError(OperatorError):
    """An object in S3 was not read or not written; the message says which and why.

    ``unusable``: it is not there, too large, or may not be seen, which another try would not change.
    """

    def __init__(self, message: str, *, unusable: bool = False) -> None:
        super().__init__(message)
        self.unusable = unusable


class ObjectStore:
    """Reads and writes whole objects. boto3 is imported at the first use: an idle operator does without its memory."""

    def __init__(self) -> None:
        self._client: S3Client | None = None
        self._making = threading.Lock()

    def get(self, uri: str, limit: int) -> bytes:
        """Return the content of an object of at most `limit` bytes.

        Raises:
            StoreError: it does not exist, is larger, or cannot be read.
        """
        from botocore.exceptions import BotoCoreError, ClientError
        from urllib3.exceptions import HTTPError

        bucket, key = split_uri(uri)
        try:
            answer = self._connected().get_object(Bucket=bucket, Key=key)
            with answer["Body"] as body:
                # One byte more than allowed is enough to know; the length that the answer names is not trusted.
                data: bytes = body.read(limit + 1)
        except (BotoCoreError, ClientError, HTTPError, OSError) as error:
            code = _error_code(error)
            raise StoreError(f"{uri} could not be read: {code}", unusable=code in _NOT_SEEN) from error
        if len(data) > limit:
            raise StoreError(f"{uri} is larger than {limit} bytes", unusable=True)
        return data

    def put(self, uri: str, body: bytes, content_type: str) -> None:
        """Write an object.

        Raises:
            StoreError: it could not be written.
        """
        from botocore.exceptions import BotoCoreError, ClientError
        from urllib3.exceptions import HTTPError

        bucket, key = split_uri(uri)
        try:
            self._connected().put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)
        except (BotoCoreError, ClientError, HTTPError, OSError) as error:
            raise StoreError(f"{uri} could not be written: {_error_code(error)}") from error

    def delete(self, uri: str) -> None:
        """Delete an object, if it is there.

        Raises:
            StoreError: it could not be deleted.
        """
        from botocore.exceptions import BotoCoreError, ClientError
        from urllib3.exceptions import HTTPError

        bucket, key = split_uri(uri)
        try:
            self._connected().delete_object(Bucket=bucket, Key=key)
        except (BotoCoreError, ClientError, HTTPError, OSError) as error:
            raise StoreError(f"{uri} could not be deleted: {_error_code(error)}") from error

    def _connected(self) -> S3Client:
        with self._making:  # making a client is not safe in two threads at once; using it is
            if self._client is None:
                self._client = make_client()
            return self._client


def make_client(endpoint_url: str | None = None) -> S3Client:
    """Make a client from the AWS_ variables, or for one server."""
    import boto3

    config = client_config(
        endpoint_url or custom_endpoint(),
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
    )
    return boto3.client("s3", config=config, region_name=region(), endpoint_url=endpoint_url)


def _error_code(error: Exception) -> str:
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return str(response.get("Error", {}).get("Code", "")) or "refused"
    return type(error).__name__
