"""Recordings go to S3, and reports come from it, with the caller's own rights."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from analysis_operator.cli.cluster.errors import ClusterError, Refused
from guardian_service.s3 import FOLDER_PATTERN, split_uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MOST_REPORT_BYTES = 32 * 1024 * 1024
_MOST_NAME = 40
_CODES = {
    "403": "you have no right to it",
    "404": "it is not there",
    "AccessDenied": "you have no right to it",
    "NoSuchKey": "it is not there; results are kept for a limited time",
    "NoSuchBucket": "there is no such bucket",
    "NoCredentialsError": "there are no AWS credentials: aws configure, or AWS_PROFILE",
    "ExpiredToken": "the AWS credentials have expired",
    "EndpointConnectionError": "S3 cannot be reached",
}


class StorageTrouble(ClusterError):
    """S3 did not give or take an object."""


def name_for(path: str) -> str:
    """Return a name for a request about this file or object: what its name allows, and something of chance."""
    stem = path.rstrip("/").rpartition("/")[2].partition(".")[0].lower()
    slug = re.sub(r"[^a-z0-9]+", "-", stem).strip("-")[:_MOST_NAME].strip("-")
    return f"{slug or 'recording'}-{secrets.token_hex(3)}"


def target_for(file: Path, folder: str, name: str) -> str:
    """Return the URI for a file of a request: a folder for each request, so that no upload overwrites another.

    Raises:
        Refused: `folder` is no prefix of S3.
    """
    if not re.fullmatch(FOLDER_PATTERN, folder):
        raise Refused(f"{folder!r} is no place for uploads: name one as s3://BUCKET/PREFIX/, with a slash at its end.")
    key = re.sub(r"[^\w.-]+", "-", file.name).strip(".") or "recording"
    return f"{folder}{name}/{key}"


def upload(file: Path, uri: str, progress: Callable[[int], None]) -> str:
    """Upload a file, in parts where it is large, and return its SHA-256.

    Raises:
        StorageTrouble: S3 did not take it.
    """
    from boto3.exceptions import Boto3Error
    from boto3.s3.transfer import TransferConfig
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, key = split_uri(uri)
    config = TransferConfig()
    try:
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256")
        # Of parts S3 knows no SHA-256 of the whole.
        whole = file.stat().st_size < config.multipart_threshold
        checksum = {"ChecksumSHA256": base64.b64encode(digest.digest()).decode()} if whole else {}
        _client().upload_file(str(file), bucket, key, Callback=progress, ExtraArgs=checksum, Config=config)
    except (BotoCoreError, Boto3Error, ClientError, OSError) as error:
        raise StorageTrouble(f"{file.name} was not uploaded to {uri}: {_why(error)}.") from error
    return digest.hexdigest()


def download(uri: str, sha256: str | None) -> bytes:
    """Return a report, if it is the one that the status vouches for.

    Raises:
        StorageTrouble: S3 did not give it, or it is another one.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from urllib3.exceptions import HTTPError

    bucket, key = split_uri(uri)
    try:
        with _client().get_object(Bucket=bucket, Key=key)["Body"] as body:
            content: bytes = body.read(_MOST_REPORT_BYTES + 1)
    except (BotoCoreError, ClientError, HTTPError, OSError) as error:
        raise StorageTrouble(f"{uri} was not read: {_why(error)}.") from error
    if len(content) > _MOST_REPORT_BYTES:
        raise StorageTrouble(f"{uri} is larger than any report.")
    if sha256 and hashlib.sha256(content).hexdigest() != sha256:
        raise StorageTrouble(f"{uri} is not the report that was written: its SHA-256 is another. It was not saved.")
    return content


def _client() -> S3Client:
    import boto3

    from guardian_service.s3_client import client_config, custom_endpoint

    return boto3.client("s3", config=client_config(custom_endpoint()))


def _why(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:  # an upload wraps what the client says
        response = getattr(cause, "response", None)
        if isinstance(response, dict):
            code = str(response.get("Error", {}).get("Code", ""))
            return _CODES.get(code, code or "refused")
        if type(cause).__name__ in _CODES:
            return _CODES[type(cause).__name__]
        cause = cause.__cause__ or cause.__context__
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
