"""What S3 or the way there has answered, in place of an object, as errors of an analysis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from analyzer_contract import FailureReason
from analyzer_kit.errors import AnalysisError

_NOT_FOUND = {"404", "NoSuchKey", "NoSuchBucket", "NoSuchVersion", "NotFound", "MethodNotAllowed"}
"""MethodNotAllowed: the version is a delete marker."""

_FORBIDDEN = {"403", "AccessDenied", "Forbidden", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AllAccessDisabled"}
_CHANGED = {"412", "PreconditionFailed"}


class TransientError(Exception):
    """S3 did not answer properly this time; another try may help."""


def translated[T](call: Callable[[], T], uri: str) -> T:
    """Return what a call of a client returns.

    Raises:
        AnalysisError: S3 has said no, or there are no credentials to ask with.
        TransientError: anything else went wrong on the way.
    """
    from botocore.exceptions import BotoCoreError, ClientError, CredentialRetrievalError, NoCredentialsError
    from urllib3.exceptions import HTTPError

    try:
        return call()
    except ClientError as error:
        raise _meaning(error.response, uri) from error
    except (NoCredentialsError, CredentialRetrievalError) as error:
        message = f"The analyzer has no AWS credentials to read {uri}. Give its service account access."
        raise AnalysisError(FailureReason.SOURCE_FORBIDDEN, message) from error
    except (BotoCoreError, HTTPError, ConnectionError, TimeoutError) as error:
        raise TransientError(type(error).__name__) from error


def _meaning(response: Mapping[str, Any], uri: str) -> Exception:
    code = str(response.get("Error", {}).get("Code", ""))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _CHANGED:
        return changed(uri)
    if code in _NOT_FOUND:
        message = f"There is no {uri} (or not this version). Check the bucket, the key and the version."
        return AnalysisError(FailureReason.SOURCE_NOT_FOUND, message)
    if code in _FORBIDDEN:
        message = f"The analyzer may not use {uri}. Give its service account access to that bucket and key."
        return AnalysisError(FailureReason.SOURCE_FORBIDDEN, message)
    if status == HTTPStatus.BAD_REQUEST:
        # HEAD answers have no body to say more; a version id that is none is the usual cause.
        message = f"S3 refused the request for {uri}: {code}. Check the key and the version."
        return AnalysisError(FailureReason.SOURCE_NOT_FOUND, message)
    return TransientError(f"it answered {code or status}")


def changed(uri: str) -> AnalysisError:
    """Return that an object is not the one that was asked for any more."""
    message = f"{uri} is no longer the object that was asked for: its ETag differs. Make a new request."
    return AnalysisError(FailureReason.SOURCE_CHANGED, message)
