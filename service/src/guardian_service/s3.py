"""S3: how objects are named, and how clients are configured.

botocore is imported only when a client is configured: processes that never need one do without its memory.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

if TYPE_CHECKING:
    from botocore.config import Config

BUCKET_PATTERN = r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
"""A bucket, by the naming rules of S3. Every other pattern for S3 URIs begins with it."""

OBJECT_PATTERN = rf"^{BUCKET_PATTERN}/.+$"
"""One object: ``s3://BUCKET/KEY``. Also a rule of the CRD, in the syntax of RE2."""

FOLDER_PATTERN = rf"^{BUCKET_PATTERN}/(.*/)?$"
"""A prefix that ends with a slash: an object's name can follow it."""

PREFIX_PATTERN = rf"^{BUCKET_PATTERN}(/.*)?$"
"""A bucket or a part of it, with or without a slash at the end."""

MOST_CHARACTERS = 1100
"""Of an object's URI: a bucket has 63, and a key at most 1,024 bytes."""

S3Object = Annotated[str, Field(pattern=OBJECT_PATTERN, max_length=MOST_CHARACTERS)]
S3Folder = Annotated[str, Field(pattern=FOLDER_PATTERN, max_length=900)]
S3Prefix = Annotated[str, Field(pattern=PREFIX_PATTERN, max_length=500)]


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of ``s3://bucket/key``; the key may hold any character, ``?`` and ``#`` too."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def region() -> str:
    """Return the AWS region of the environment, or the one that S3 servers other than AWS take."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def custom_endpoint() -> str | None:
    """Return the address of another S3 server than AWS, if the environment names one."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or None


def client_config(endpoint: str | None, *, aws_style: str | None = None, **options: Any) -> Config:  # noqa: ANN401 - botocore's own
    """Return a configuration that AWS and other S3 servers understand.

    Args:
        endpoint: address of another server than AWS: :func:`custom_endpoint`, or one that the caller chooses.
        aws_style: how AWS itself is addressed, ``path`` or ``virtual``; botocore chooses unless given.
        options: timeouts, retries and whatever else the caller decides, as ``botocore.config.Config`` takes them.
    """
    from botocore.config import Config

    style = "path" if endpoint else aws_style  # a server without wildcard DNS has no bucket.host names
    return Config(
        s3={"addressing_style": style} if style else {},  # type: ignore[arg-type]
        request_checksum_calculation="when_required",  # other servers than AWS know no trailing checksums
        response_checksum_validation="when_required",
        **options,
    )
