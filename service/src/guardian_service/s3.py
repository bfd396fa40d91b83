"""S3 URIs: their patterns, as types of pydantic, and their parts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

BUCKET_PATTERN = r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
"""A bucket, by the naming rules of S3. Every other pattern for S3 URIs begins with it."""

OBJECT_PATTERN = rf"^{BUCKET_PATTERN}/.+$"
"""One object: ``s3://BUCKET/KEY``. Also a rule of the CRD, in the syntax of RE2."""

_HIDDEN = r"\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"

HIDING_PATTERN = f"[{_HIDDEN}]"
"""Control characters, and those that turn the direction of writing: a key with them does not look like what it is."""

DOTS_PATTERN = r"/\.{1,2}(/|$)"
"""A way to another folder, for every reader of paths."""

_SEGMENT = rf"(?:[^/.{_HIDDEN}][^/{_HIDDEN}]*|\.[^/.{_HIDDEN}][^/{_HIDDEN}]*|\.\.[^/{_HIDDEN}]+)"
"""What may stand between two slashes: not nothing, ``.`` or ``..``."""

PLAIN_OBJECT_PATTERN = rf"^{BUCKET_PATTERN}/+{_SEGMENT}(?:/+{_SEGMENT})*/*$"
"""One object by a key without either, in one pattern for JSON schemas."""

GRANT_PATTERN = rf"^{BUCKET_PATTERN}(/(([^/.][^/]*|\.[^/.][^/]*|\.\.[^/]+)/)*)?$"
"""What may be granted: a bucket, or a prefix that ends with a slash, or ``team`` would bring ``team-evil`` too."""

FOLDER_PATTERN = rf"^{BUCKET_PATTERN}/(.*/)?$"
"""A prefix that ends with a slash: an object's name can follow it."""

PREFIX_PATTERN = rf"^{BUCKET_PATTERN}(/.*)?$"
"""A bucket or a part of it, with or without a slash at the end."""

MOST_CHARACTERS = 1100
"""Of an object's URI: a bucket has 63, and a key at most 1,024 bytes."""

S3Object = Annotated[str, Field(pattern=OBJECT_PATTERN, max_length=MOST_CHARACTERS)]
S3Folder = Annotated[str, Field(pattern=FOLDER_PATTERN, max_length=900)]
S3Prefix = Annotated[str, Field(pattern=PREFIX_PATTERN, max_length=500)]
S3Grant = Annotated[str, Field(pattern=GRANT_PATTERN, max_length=500)]


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of ``s3://bucket/key``; the key may hold any character, ``?`` and ``#`` too."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def re2(pattern: str) -> str:
    """Return one of these patterns in the syntax of RE2, for rules of the API server."""
    return re.sub(r"\\u([0-9a-f]{4})", r"\\x{\1}", pattern)


def is_plain(uri: str) -> bool:
    """Return whether an object's key has no ``.`` or ``..`` between slashes and no character that hides something."""
    return not re.search(DOTS_PATTERN, uri) and not re.search(HIDING_PATTERN, uri)


def is_granted(uri: str, prefixes: Iterable[str]) -> bool:
    """Return whether an object lies under one of these prefixes; each stands for whole folders, or for a bucket."""
    return is_plain(uri) and uri.startswith(
        tuple(prefix if prefix.endswith("/") else f"{prefix}/" for prefix in prefixes)
    )
