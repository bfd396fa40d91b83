"""A language model on Amazon Bedrock, asked through Converse, as one more detector."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from functools import cached_property
from typing import TYPE_CHECKING, cast

import structlog

from analyzer_contract import SUSPICIOUS_FROM, DetectorReport, Finding, ModelCard, Verdict
from context_analyzer import ANALYZER
from context_analyzer.answer import Answer, Found, Unusable, grounded, parse
from context_analyzer.assessing import fact, limited
from context_analyzer.aws import AwsError, Trouble, call, make_client
from context_analyzer.phrases import ADVICE, DEMANDS, SCAM_TYPES
from context_analyzer.prompt import make_prompt, repair
from context_analyzer.reasons import TOLD, NotDone, Reason
from context_analyzer.settings import ContextSettings
from context_analyzer.transcript import Transcript

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_bedrock_runtime.type_defs import ConverseResponseTypeDef, MessageTypeDef

NAME = "ScamModel"
_MOST_TOKENS = 4096
"""Of an answer; models that think first count that too."""

_LEAST_SECONDS = 3.0
"""With less time left it is not asked: it would cost and not arrive."""

_RESERVED_SECONDS = 2.0
"""For the upload after it."""

_REFUSALS = {"content_filtered", "guardrail_intervened", "refusal"}
_REASONS = {
    Trouble.FORBIDDEN: Reason.MODEL_FORBIDDEN,
    Trouble.THROTTLED: Reason.MODEL_THROTTLED,
    Trouble.TIMEOUT: Reason.MODEL_TIMEOUT,
}
_LIMITATION = (
    "A language model judged the words. Its errors were not measured here; each of its quotes was checked to be in the "
    "transcript, and it can only add to what the rules found."
)

log = structlog.get_logger(__name__)


class LanguageModel:
    """Reads transcripts.

    Args:
        settings: which model, where, and how long to wait.
        threads: where calls wait.
    """

    def __init__(self, settings: ContextSettings, threads: Executor) -> None:
        self._settings = settings
        self._threads = threads

    async def opinion(self, transcript: Transcript, seconds: float) -> DetectorReport:
        """What it says of a transcript; why not, if it says nothing. Never raises for what the service does.

        Args:
            transcript: with speech in it.
            seconds: until the job's deadline.
        """
        model = self._settings.context_model
        left = seconds - _RESERVED_SECONDS
        if left < _LEAST_SECONDS:
            return limited(NAME, model, NotDone(Reason.MODEL_TIMEOUT))
        prompt = make_prompt(transcript)
        try:
            async with asyncio.timeout(left):
                answer = await self._ask(prompt.system, prompt.user, left)
        except TimeoutError:
            return limited(NAME, model, NotDone(Reason.MODEL_TIMEOUT))
        except NotDone as limit:
            return limited(NAME, model, limit)
        return report_answer(answer, transcript, model, cut=prompt.cut)

    async def _ask(self, system: str, user: str, seconds: float) -> Answer:
        """Asks, and once more if the answer is of no use.

        Raises:
            NotDone: there is no answer.
        """
        messages: list[MessageTypeDef] = [{"role": "user", "content": [{"text": user}]}]
        said = await self._converse(system, messages, seconds)
        try:
            return parse(said)
        except Unusable as problem:
            log.info("answer repaired", problem=str(problem))
            messages += [
                {"role": "assistant", "content": [{"text": said or "(nothing)"}]},
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
        made = make_client("bedrock-runtime", self._settings.context_region, self._settings.context_model_seconds)
        return cast("BedrockRuntimeClient", made)


def report_answer(answer: Answer, transcript: Transcript, model: str, *, cut: bool = False) -> DetectorReport:
    """A model's answer as a detector's report. Only what is really said counts: a warning without a quote is none."""
    quotes = grounded(answer.quotes, transcript)
    unfounded = answer.risk >= SUSPICIOUS_FROM and not quotes
    limits = [NotDone(Reason.MODEL_ANSWER_UNGROUNDED)] if unfounded else []
    if cut:
        limits.append(NotDone(Reason.TRANSCRIPT_CUT))
    score = min(answer.risk, SUSPICIOUS_FROM - 1) if unfounded else answer.risk
    return DetectorReport(
        name=NAME,
        score=score,
        claim=Verdict.INCONCLUSIVE if unfounded else None,
        findings=[*_quoted(quotes, answer, score), *_told(answer, quotes), *map(fact, limits)],
        limitations=[_LIMITATION, *(TOLD[limit.reason] for limit in limits)],
        model=ModelCard(id=model, version=ANALYZER.version),
    )


def _quoted(quotes: Sequence[Found], answer: Answer, score: int) -> list[Finding]:
    return [
        Finding(
            kind="ScamWords",
            start_seconds=round(quote.start, 2),
            end_seconds=round(quote.stop, 2),
            score=score,
            message=f"It sounds like {SCAM_TYPES[answer.scam_type]}: “{quote.text}”"[:300],
        )
        for quote in quotes
    ]


def _told(answer: Answer, quotes: Sequence[Found]) -> list[Finding]:
    """What is asked for, and what to do, as facts in both languages."""
    at = min((quote.start for quote in quotes), default=0.0)
    wanted = list(dict.fromkeys(DEMANDS[each] for each in answer.asked_for))
    steps = [told for code, told in ADVICE.items() if code in answer.advice]
    facts = []
    if wanted:
        facts.append(("CallerWants", f"{_listed(wanted, 0)} / {_listed(wanted, 1)}"))
    if steps:
        facts.append(("ScamAdvice", f"{_joined(steps, 0)} / {_joined(steps, 1)}"))
    return [
        Finding(kind=kind, start_seconds=round(at, 2), end_seconds=round(at, 2), score=0, message=message[:300])
        for kind, message in facts
    ]


def _listed(pairs: Sequence[tuple[str, str]], language: int) -> str:
    return ", ".join(pair[language] for pair in pairs)


def _joined(pairs: Sequence[tuple[str, str]], language: int) -> str:
    return " ".join(pair[language] for pair in pairs)


def _text(answer: ConverseResponseTypeDef) -> str:
    """The words of an answer; thoughts and anything else are left out.

    Raises:
        NotDone: ModelRefused, or ModelUnavailable where it is no answer at all.
    """
    if answer.get("stopReason") in _REFUSALS:
        raise NotDone(Reason.MODEL_REFUSED)
    usage: Mapping[str, object] = cast("Mapping[str, object]", answer.get("usage") or {})
    log.info("model answered", input_tokens=usage.get("inputTokens"), output_tokens=usage.get("outputTokens"))
    blocks = answer.get("output", {}).get("message", {}).get("content", [])
    return "".join(block["text"] for block in blocks if "text" in block)
