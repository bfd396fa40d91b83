"""A language model on Amazon Bedrock, asked through Converse."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

import structlog

from context_analyzer.answer import Answer, Unusable, parse
from context_analyzer.aws import AwsError, Trouble, call, make_client
from context_analyzer.prompt import make_prompt, repair
from context_analyzer.reasons import NotDone, Reason
from context_analyzer.settings import ContextSettings
from context_analyzer.transcript import Transcript

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_bedrock_runtime.type_defs import ConverseResponseTypeDef, MessageTypeDef

_MOST_TOKENS = 4096
"""Of an answer; models that think first count that too."""

_LEAST_SECONDS = 3.0
"""With less time left it is not asked: the answer would cost and come too late."""

_RESERVED_SECONDS = 2.0
"""For the upload after it."""

_REFUSALS = {"content_filtered", "guardrail_intervened", "refusal"}
_REASONS = {
    Trouble.FORBIDDEN: Reason.MODEL_FORBIDDEN,
    Trouble.THROTTLED: Reason.MODEL_THROTTLED,
    Trouble.TIMEOUT: Reason.MODEL_TIMEOUT,
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Opinion:
    """What the model answered.

    Attributes:
        answer: checked against its schema.
        cut: whether it read the beginning and the end of the transcript only.
    """

    answer: Answer
    cut: bool = False


class LanguageModel:
    """The client of one language model.

    Args:
        settings: which model, where, and how long to wait.
        threads: where calls wait.
    """

    def __init__(self, settings: ContextSettings, threads: Executor) -> None:
        self._settings = settings
        self._threads = threads

    @property
    def id(self) -> str:
        """Bedrock's model id or inference profile."""
        return self._settings.context_model

    async def opinion(self, transcript: Transcript, seconds: float) -> Opinion:
        """Return what the model says of a transcript.

        Args:
            transcript: with speech in it.
            seconds: until the job's deadline.

        Raises:
            NotDone: it says nothing, and why; never anything else for what the service does.
        """
        left = seconds - _RESERVED_SECONDS
        if left < _LEAST_SECONDS:
            raise NotDone(Reason.MODEL_TIMEOUT)
        prompt = make_prompt(transcript)
        try:
            async with asyncio.timeout(left):
                answer = await self._ask(prompt.system, prompt.user, left)
        except TimeoutError:
            raise NotDone(Reason.MODEL_TIMEOUT) from None
        return Opinion(answer, prompt.cut)

    async def _ask(self, system: str, user: str, seconds: float) -> Answer:
        """Ask, and once more if the answer is of no use.

        Raises:
            NotDone: there is no answer.
        """
        messages: list[MessageTypeDef] = [{"role": "user", "content": [{"text": user}]}]
        text = await self._converse(system, messages, seconds)
        try:
            return parse(text)
        except Unusable as problem:
            log.info("answer repaired", problem=str(problem))
            messages += [
                {"role": "assistant", "content": [{"text": text or "(nothing)"}]},
                {"role": "user", "content": [{"text": repair(str(problem))}]},
            ]
        try:
            return parse(await self._converse(system, messages, seconds))
        except Unusable as problem:
            raise NotDone(Reason.MODEL_ANSWER_INVALID) from problem

    async def _converse(self, system: str, messages: Sequence[MessageTypeDef], seconds: float) -> str:
        try:
            answer = await call(
                lambda: self._client.converse(
                    modelId=self._settings.context_model,
                    system=[{"text": system}],
                    messages=messages,
                    # No temperature: Claude's newer models refuse a request that names one.
                    inferenceConfig={"maxTokens": _MOST_TOKENS},
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
    """Return the words of an answer; thoughts and anything else are left out.

    Raises:
        NotDone: ModelRefused, or ModelUnavailable where it is no answer at all.
    """
    if answer.get("stopReason") in _REFUSALS:
        raise NotDone(Reason.MODEL_REFUSED)
    usage: Mapping[str, object] = cast("Mapping[str, object]", answer.get("usage") or {})
    log.info("model answered", input_tokens=usage.get("inputTokens"), output_tokens=usage.get("outputTokens"))
    blocks = answer.get("output", {}).get("message", {}).get("content", [])
    return "".join(block["text"] for block in blocks if "text" in block)
