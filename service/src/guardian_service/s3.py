"""S3 URIs: their patterns, as types of pydantic, and their parts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

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
