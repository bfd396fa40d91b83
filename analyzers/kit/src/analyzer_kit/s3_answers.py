"""What S3's answers say about an object, and how one is addressed."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from analyzer_contract import FailureReason, SourceFacts
from analyzer_kit.errors import AnalysisError
from analyzer_kit.s3_errors import TransientError
from guardian_service.s3 import split_uri

_DIGEST_BYTES = 32


def facts_of(answer: Mapping[str, Any], size: int) -> SourceFacts:
    """Return the facts of an object of this size, by the answer of a HEAD or GET."""
    version = answer.get("VersionId")
    return SourceFacts(etag=etag_of(answer), version_id=None if version == "null" else version, size_bytes=size)


def sha256_of(answer: Mapping[str, Any]) -> str | None:
    """Return the SHA-256 of a whole object that S3 found when it was uploaded; None if it states none.

    Of what was uploaded in parts it states one of the parts' checksums, which says nothing here.
    """
    if answer.get("ChecksumType", "FULL_OBJECT") != "FULL_OBJECT":
        return None
    try:
        digest = base64.b64decode(str(answer.get("ChecksumSHA256", "")), validate=True)
    except ValueError:
        return None
    return digest.hex() if len(digest) == _DIGEST_BYTES else None


def etag_of(answer: Mapping[str, Any]) -> str:
    """Return the ETag of an answer.

    Raises:
        TransientError: there is none, so something on the way has answered, such as a proxy's page to sign in.
    """
    etag = str(answer.get("ETag", "")).strip('"')
    if not etag:
        raise TransientError("the answer is not S3's")
    return etag


def address_of(uri: str) -> tuple[str, str]:
    """Return bucket and key; refuse a key for which a server that tidies paths would read another one.

    Raises:
        AnalysisError: SourceForbidden.
    """
    bucket, key = split_uri(uri)
    if {".", ".."} & set(key.split("/")):
        message = f"The key of {uri} has a part that is '.' or '..'; such keys are not used. Copy it to a plain key."
        raise AnalysisError(FailureReason.SOURCE_FORBIDDEN, message)
    return bucket, key
