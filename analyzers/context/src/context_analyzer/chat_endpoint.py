"""A language model behind an endpoint that speaks OpenAI's chat completions: vLLM, Ollama, llama.cpp's server, others.

What is asked holds what is said in a recording. So it goes to the address of the settings and nowhere else: no redirect
is followed, no proxy of the environment is used, certificates are checked. What the server says of a failure is not
repeated, since servers like to quote what they were asked.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from context_analyzer.model_port import MOST_TOKENS, Message
from context_analyzer.reasons import NotDone, Reason
from context_analyzer.settings import ContextSettings

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

_MOST_BYTES = 1024 * 1024
"""Of an answer: a hundred times what its tokens can be."""

_CONNECT_SECONDS = 3.0
_CHUNK = 64 * 1024
_FORBIDDEN = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_SLOW = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT}
_REFUSED = "content_filter"

log = structlog.get_logger(__name__)


class _Failure(Exception):
    def __init__(self, reason: Reason, detail: str, *, passing: bool = False) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.passing = passing


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Said(_Lenient):
    content: str | None = None
    refusal: str | None = None


class _Choice(_Lenient):
    message: _Said
    finish_reason: str | None = None


class _Usage(_Lenient):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Completion(_Lenient):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


class ChatEndpoint:
    """The client of one endpoint.

    Args:
        settings: its address, its key, which model, and how long to wait.
        threads: where calls wait.
    """

    def __init__(self, settings: ContextSettings, threads: Executor) -> None:
        self._settings = settings
        self._threads = threads
        self._url = f"{settings.context_model_url.rstrip('/')}/chat/completions"

    async def answer(self, system: str, messages: Sequence[Message], seconds: float) -> str:
        """Return what the model writes next.

        Raises:
            NotDone: there is no answer, and why.
        """
        conversation = [{"role": "system", "content": system}]
        conversation += [{"role": message.role, "content": message.text} for message in messages]
        body = json.dumps(
            {
                "model": self._settings.context_model,
                "messages": conversation,
                "max_tokens": MOST_TOKENS,
                "response_format": {"type": "json_object"},
                "stream": False,
            }
        ).encode()
        try:
            return _text(await self._asked(body, seconds))
        except _Failure as failure:
            raise NotDone(failure.reason, failure.detail) from failure

    async def _asked(self, body: bytes, seconds: float) -> bytes:
        """Return what is answered; what passes by itself is asked again, while there is time."""
        import stamina

        until = time.monotonic() + seconds
        retries = stamina.retry_context(
            on=lambda error: isinstance(error, _Failure) and error.passing,
            attempts=None,
            timeout=max(min(seconds, self._settings.context_retry_seconds), 0.001),
            wait_initial=0.3,
            wait_max=5.0,
        )
        async for attempt in retries:
            with attempt:
                left = min(self._settings.context_model_seconds, until - time.monotonic())
                return await asyncio.get_running_loop().run_in_executor(self._threads, self._post, body, left)
        raise AssertionError("stamina returns or raises")

    def _post(self, body: bytes, seconds: float) -> bytes:
        from urllib3 import Timeout, exceptions

        until = time.monotonic() + seconds
        seconds = max(seconds, 0.001)
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
        if self._settings.context_model_key is not None:
            headers["Authorization"] = f"Bearer {self._settings.context_model_key.get_secret_value()}"
        try:
            response = self._pool.request(
                "POST", self._url, body=body, headers=headers, redirect=False, retries=False, preload_content=False,
                timeout=Timeout(connect=min(_CONNECT_SECONDS, seconds), read=seconds),
            )  # fmt: skip
            try:
                _check(response.status)
                return _read(response, until)
            finally:
                response.close()
        except exceptions.ReadTimeoutError as error:  # it may be at work still: asked again it would cost again
            raise _Failure(Reason.MODEL_TIMEOUT, "") from error
        except exceptions.SSLError as error:
            raise _Failure(Reason.MODEL_UNAVAILABLE, "Its certificate is not one that is trusted here.") from error
        except (exceptions.HTTPError, OSError) as error:
            raise _Failure(Reason.MODEL_UNAVAILABLE, f"{type(error).__name__}.", passing=True) from error

    @cached_property
    def _pool(self) -> PoolManager:
        from urllib3 import PoolManager

        return PoolManager(ssl_context=ssl.create_default_context(), maxsize=64)


def _check(status: int) -> None:
    if status == HTTPStatus.OK:
        return
    said = f"It answers with {status}."
    if status in _FORBIDDEN:
        raise _Failure(Reason.MODEL_FORBIDDEN, said)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise _Failure(Reason.MODEL_THROTTLED, said, passing=True)
    if status in _SLOW:
        raise _Failure(Reason.MODEL_TIMEOUT, said)
    raise _Failure(Reason.MODEL_UNAVAILABLE, said, passing=status >= HTTPStatus.INTERNAL_SERVER_ERROR)


def _read(response: BaseHTTPResponse, until: float) -> bytes:
    content = b""
    while chunk := response.read1(_CHUNK, decode_content=False):
        content += chunk
        if len(content) > _MOST_BYTES:
            raise _Failure(Reason.MODEL_ANSWER_INVALID, f"It has more than {_MOST_BYTES} bytes.")
        if time.monotonic() > until:
            raise _Failure(Reason.MODEL_TIMEOUT, "")
    return content


def _text(content: bytes) -> str:
    """Return the words of an answer; a model's thoughts stand elsewhere in it."""
    try:
        answer = _Completion.model_validate_json(content)
    except ValidationError as error:
        raise _Failure(Reason.MODEL_UNAVAILABLE, "What answers is no chat completion.") from error
    choice = answer.choices[0]
    if choice.finish_reason == _REFUSED or choice.message.refusal:
        raise _Failure(Reason.MODEL_REFUSED, "")
    usage = answer.usage or _Usage()
    log.info("model answered", input_tokens=usage.prompt_tokens, output_tokens=usage.completion_tokens)
    return choice.message.content or ""
