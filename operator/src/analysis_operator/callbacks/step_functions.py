"""Answer the tasks of AWS Step Functions that wait with a token."""

from __future__ import annotations

import asyncio
import os
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import structlog

from analysis_operator.callbacks.delivery import Answer, AnswerDelivered, AnswerFailed, AnswerRefused, Reply

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

log = structlog.get_logger(__name__)

_THREADS = 4
_CONNECT_SECONDS = 2
_READ_SECONDS = 5
_MESSAGE_LIMIT = 300
_ERROR_LIMIT = 256  # of SendTaskFailure; its cause may have 32,768 characters, ours never come near
_NO_TASK_WAITS = {
    "InvalidToken": "Step Functions, in this account and region, does not know the token in spec.callback.",
    "TaskDoesNotExist": "The task of this token no longer exists.",
    "TaskTimedOut": "No task waits for this token any more: it timed out, or another request answered it.",
}
_NEVER_TAKEN = {
    "InvalidOutput": "Step Functions does not take the output.",
    "ValidationException": "Step Functions does not take the call.",
    "ValidationError": "Step Functions does not take the call.",
}
_NOT_ALLOWED = "Allow the operator's role states:SendTaskSuccess and states:SendTaskFailure."
_NOT_DONE = re.compile(r"Throttl|TooManyRequests|AccessDenied|Unrecognized|Expired|Signature|NotAuthorized|Kms")
"""Codes of calls that were refused before they had an effect."""


class StepFunctions:
    """The StateMachines port. The AWS_ variables name account and region; boto3 is imported at the first answer."""

    def __init__(self) -> None:
        self._client: SFNClient | None = None
        self._making = threading.Lock()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="step-functions")

    async def answer(self, token: str, answer: Answer) -> Reply:
        """Answer one task."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._answer, token, answer)
        except Exception as error:
            log.error("callback failed", error=type(error).__name__)
            return AnswerFailed(
                type(error).__name__, "The operator could not call Step Functions.", may_have_arrived=True
            )

    def _answer(self, token: str, answer: Answer) -> Reply:
        from botocore.exceptions import (
            BotoCoreError,
            ClientError,
            ConnectTimeoutError,
            EndpointConnectionError,
            NoCredentialsError,
            NoRegionError,
        )

        try:
            client = self._connected()
            if answer.succeeded:
                taken = client.send_task_success(taskToken=token, output=answer.output)
            else:
                taken = client.send_task_failure(taskToken=token, error=answer.error[:_ERROR_LIMIT], cause=answer.cause)
        except ClientError as error:
            return _refusal(error.response, token)
        except (ConnectTimeoutError, EndpointConnectionError, NoCredentialsError, NoRegionError) as error:
            return AnswerFailed(type(error).__name__, "Step Functions was not reached.", may_have_arrived=False)
        except BotoCoreError as error:
            return AnswerFailed(type(error).__name__, "Step Functions did not answer.", may_have_arrived=True)
        if not _speaks_its_protocol(taken):
            message = "Something answered in the place of Step Functions, with a page."
            return AnswerFailed("NotStepFunctions", message, may_have_arrived=True)
        return AnswerDelivered()

    def _connected(self) -> SFNClient:
        with self._making:  # making a client is not safe in two threads at once; using it is
            if self._client is None:
                self._client = _make_client()
            return self._client


def _make_client() -> SFNClient:
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        max_pool_connections=_THREADS,
        # A retry inside botocore would hide that an earlier attempt may have arrived.
        retries={"total_max_attempts": 1, "mode": "standard"},
    )
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return boto3.client("stepfunctions", config=config, region_name=region)


def _speaks_its_protocol(taken: Any) -> bool:  # noqa: ANN401 - the answer of either call
    """Return whether an answer is JSON, as the service's is: botocore takes whatever has the status 200."""
    return "json" in taken["ResponseMetadata"]["HTTPHeaders"].get("content-type", "")


def _refusal(response: Any, token: str) -> Reply:  # noqa: ANN401 - botocore's parsed answer
    error = response.get("Error", {})
    code = re.sub(r"[^A-Za-z0-9]", "", str(error.get("Code") or "Refused"))[:63] or "Refused"
    message = str(error.get("Message") or "").replace(token, "…")[:_MESSAGE_LIMIT]
    for hints, no_task_waits in ((_NO_TASK_WAITS, True), (_NEVER_TAKEN, False)):
        if code in hints:
            return AnswerRefused(code, f"{hints[code]} Step Functions: {message}", no_task_waits=no_task_waits)
    if code.startswith("AccessDenied"):
        return AnswerFailed(code, f"{_NOT_ALLOWED} Step Functions: {message}", may_have_arrived=False)
    return AnswerFailed(
        code, message or "Step Functions refused the call.", may_have_arrived=_NOT_DONE.search(code) is None
    )
