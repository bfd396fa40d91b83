"""A language model on Amazon Bedrock, asked through Converse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from functools import cached_property
from typing import TYPE_CHECKING, cast

import structlog

from context_analyzer.aws import AwsError, Trouble, call, make_client
from context_analyzer.model_port import MOST_TOKENS, Message
from context_analyzer.reasons import NotDone, Reason
from context_analyzer.settings import ContextSettings

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_bedrock_runtime.type_defs import ConverseResponseTypeDef, MessageTypeDef

_REFUSALS = {"content_filtered", "guardrail_intervened", "refusal"}
_REASONS = {
    Trouble.FORBIDDEN: Reason.MODEL_FORBIDDEN,
    Trouble.THROTTLED: Reason.MODEL_THROTTLED,
    Trouble.TIMEOUT: Reason.MODEL_TIMEOUT,
}

log = structlog.get_logger(__name__)


class BedrockModel:
    """The client of one of Bedrock's models.

    Args:
        settings: which model, where, and how long to wait.
        threads: where calls wait.
    """

    def __init__(self, settings: ContextSettings, threads: Executor) -> None:
        self._settings = settings
        self._threads = threads

    async def answer(self, system: str, messages: Sequence[Message], seconds: float) -> str:
        """Return what the model writes next.

        Raises:
            NotDone: there is no answer, and why.
        """
        conversation: list[MessageTypeDef] = [
            {"role": message.role, "content": [{"text": message.text}]} for message in messages
        ]
        try:
            answer = await call(
                lambda: self._client.converse(
                    modelId=self._settings.context_model,
                    system=[{"text": system}],
                    messages=conversation,
                    # No temperature: Claude's newer models refuse a request that names one.
                    inferenceConfig={"maxTokens": MOST_TOKENS},
                ),
                self._threads,
                min(seconds, self._settings.context_retry_seconds),
            )
        except AwsError as error:
            reason = _REASONS.get(error.trouble, Reason.MODEL_UNAVAILABLE)
            raise NotDone(reason, f"It says: {error}") from error
        return _text(answer)

    @cached_property
    def _client(self) -> BedrockRuntimeClient:
        client = make_client("bedrock-runtime", self._settings.context_region, self._settings.context_model_seconds)
        return cast("BedrockRuntimeClient", client)


def _text(answer: ConverseResponseTypeDef) -> str:
    """Return the words of an answer.

    Raises:
        NotDone: ModelRefused, or ModelUnavailable where it is no answer at all.
    """
    if answer.get("stopReason") in _REFUSALS:
        raise NotDone(Reason.MODEL_REFUSED)
    usage: Mapping[str, object] = cast("Mapping[str, object]", answer.get("usage") or {})
    log.info("model answered", input_tokens=usage.get("inputTokens"), output_tokens=usage.get("outputTokens"))
    blocks = answer.get("output", {}).get("message", {}).get("content", [])
    return "".join(block["text"] for block in blocks if "text" in block)
