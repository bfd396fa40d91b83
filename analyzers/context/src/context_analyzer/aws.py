"""Calls of AWS services from asynchronous code: in threads, retried while it may help, with typed errors.

botocore and stamina are imported at the first call, as in the kit: readiness does not wait for them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.client import BaseClient

_FORBIDDEN = {
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredTokenException",
    "InvalidSignatureException",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
}
_THROTTLED = {
    "ThrottlingException",
    "LimitExceededException",
    "TooManyRequestsException",
    "ServiceQuotaExceededException",
}


class Trouble(StrEnum):
    """The kind of a failed call, as far as it matters here."""

    FORBIDDEN = "forbidden"
    THROTTLED = "throttled"
    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"
    REFUSED = "refused"


class AwsError(Exception):
    """A call failed, finally or for as long as there was time to retry it.

    Args:
        trouble: what went wrong.
        code: AWS's own word, such as ``ConflictException``.
        message: what it said.
    """

    def __init__(self, trouble: Trouble, code: str, message: str = "") -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.trouble = trouble
        self.code = code
        self.message = message

    @property
    def passing(self) -> bool:
        """Whether the same call may work in a moment."""
        return self.trouble in {Trouble.THROTTLED, Trouble.UNAVAILABLE}


def make_client(service: str, region: str, read_seconds: float) -> BaseClient:
    """Return a client of one service; ``AWS_ENDPOINT_URL_<SERVICE>`` leads it elsewhere."""
    import botocore.session
    from botocore.config import Config

    config = Config(
        connect_timeout=3,
        read_timeout=read_seconds,
        retries={"total_max_attempts": 1},  # retried here, with one limit for all
        max_pool_connections=64,
    )
    chosen = region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return botocore.session.get_session().create_client(service, config=config, region_name=chosen)


async def call[T](what: Callable[[], T], threads: Executor, seconds: float) -> T:
    """Make a blocking call in a thread; throttling and faults of the service are retried with backoff and jitter.

    Args:
        what: the call.
        threads: where it waits.
        seconds: how long it is retried.

    Raises:
        AwsError: it did not work.
    """
    import stamina

    loop = asyncio.get_running_loop()
    retries = stamina.retry_context(
        on=lambda error: isinstance(error, AwsError) and error.passing,
        attempts=None,
        timeout=max(seconds, 0.001),
        wait_initial=0.3,
        wait_max=5.0,
    )
    async for attempt in retries:
        with attempt:
            return await loop.run_in_executor(threads, _translated, what)
    raise AssertionError("stamina returns or raises")


def _translated[T](what: Callable[[], T]) -> T:
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        CredentialRetrievalError,
        NoCredentialsError,
        ReadTimeoutError,
    )
    from botocore.parsers import ResponseParserError

    try:
        return what()
    except ClientError as error:
        raise _meaning(error.response) from error
    except (NoCredentialsError, CredentialRetrievalError) as error:
        raise AwsError(Trouble.FORBIDDEN, type(error).__name__, "there are no AWS credentials") from error
    except ReadTimeoutError as error:  # it may be at work still: asked again it would cost again
        raise AwsError(Trouble.TIMEOUT, type(error).__name__) from error
    except ResponseParserError as error:
        raise AwsError(Trouble.REFUSED, type(error).__name__, "the answer is none of this service") from error
    except (BotoCoreError, OSError) as error:
        raise AwsError(Trouble.UNAVAILABLE, type(error).__name__) from error


def _meaning(response: Mapping[str, Any]) -> AwsError:
    error = response.get("Error", {})
    code, message = str(error.get("Code", "")), str(error.get("Message", ""))[:300]
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _FORBIDDEN or status == HTTPStatus.FORBIDDEN:
        return AwsError(Trouble.FORBIDDEN, code, message)
    if code in _THROTTLED or status == HTTPStatus.TOO_MANY_REQUESTS:
        return AwsError(Trouble.THROTTLED, code, message)
    if code == "ModelTimeoutException" or status == HTTPStatus.REQUEST_TIMEOUT:
        return AwsError(Trouble.TIMEOUT, code, message)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return AwsError(Trouble.UNAVAILABLE, code, message)
    return AwsError(Trouble.REFUSED, code, message)
