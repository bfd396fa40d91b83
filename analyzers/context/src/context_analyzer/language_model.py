"""A language model's opinion of a transcript: its answer is checked, and it is asked once more if that is of no use."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass

import structlog

from context_analyzer.answer import Answer, Unusable, parse
from context_analyzer.bedrock import BedrockModel
from context_analyzer.chat_endpoint import ChatEndpoint
from context_analyzer.model_port import ChatModel, Message
from context_analyzer.prompt import make_prompt, repair
from context_analyzer.reasons import NotDone, Reason
from context_analyzer.settings import ContextSettings
from context_analyzer.transcript import Transcript

_LEAST_SECONDS = 3.0
"""With less time left it is not asked: the answer would cost and come too late."""

_RESERVED_SECONDS = 2.0
"""For the upload after it."""

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
    """One language model, wherever it is.

    Args:
        settings: which model, where, and how long to wait.
        threads: where calls wait.
    """

    def __init__(self, settings: ContextSettings, threads: Executor) -> None:
        self.id = settings.context_model
        self._model: ChatModel = (ChatEndpoint if settings.context_model_url else BedrockModel)(settings, threads)

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
        messages = [Message("user", user)]
        text = await self._model.answer(system, messages, seconds)
        try:
            return parse(text)
        except Unusable as problem:
            log.info("answer repaired", problem=str(problem))
            messages += [Message("assistant", text or "(nothing)"), Message("user", repair(str(problem)))]
        try:
            return parse(await self._model.answer(system, messages, seconds))
        except Unusable as problem:
            raise NotDone(Reason.MODEL_ANSWER_INVALID) from problem
