"""Send answers to state machines: one call at a time for each request, and remember what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from analysis_operator import metrics
from analysis_operator.api import AnalysisRequest
from analysis_operator.callbacks.decision import answer_for, is_pending
from analysis_operator.callbacks.delivery import (
    Answer,
    AnswerDelivered,
    AnswerFailed,
    AnswerRefused,
    Delivery,
    NoToken,
    Reply,
    StateMachines,
    Tokens,
)
from analysis_operator.signals import Signal

log = structlog.get_logger(__name__)

_PAUSES_FOR_DELETED = (0.0, 0.5, 2.0, 8.0, 20.0)
"""Before each attempt for a deleted request. There is no more: nothing remembers the request afterwards."""


@dataclass(slots=True)
class _Call:
    delivery: Delivery = field(default_factory=Delivery)
    task: asyncio.Task[None] | None = None


class CallbackSender:
    """The deliveries of this process. They end with it; the condition CallbackDelivered says what is still to be sent.

    Args:
        machines: reaches the tasks that wait.
        tokens: names them.
        clock: the time in UTC.
        may_send: asked before each attempt; False makes it one that failed.
    """

    def __init__(
        self,
        machines: StateMachines,
        tokens: Tokens,
        clock: Callable[[], datetime],
        may_send: Callable[[], bool] = lambda: True,
    ) -> None:
        self._machines = machines
        self._tokens = tokens
        self._may_send = may_send
        self._clock = clock
        self._calls: dict[str, _Call] = {}
        self._sends_for_deleted: set[asyncio.Task[None]] = set()
        self.replied = Signal[str]()
        """Sent with a request's UID when there is a reply about it."""

    def delivery(self, uid: str) -> Delivery:
        """Return what this process knows of a request's callback."""
        call = self._calls.get(uid)
        return call.delivery if call else Delivery()

    def on_finished(self, request: AnalysisRequest) -> None:
        """Take note that this process has just written the end, so no earlier attempt can have been made."""
        if is_pending(request):
            self._calls[request.metadata.uid] = _Call(Delivery(doubtful=False))

    def send(self, request: AnalysisRequest, answer: Answer) -> None:
        """Start an attempt, unless one is under way."""
        uid = request.metadata.uid
        call = self._calls.setdefault(uid, _Call())
        if request.spec.callback is None or call.delivery.under_way:
            return
        before = call.delivery
        first = before.first_at or self._clock()
        call.delivery = replace(before, attempts=before.attempts + 1, under_way=True, first_at=first)
        call.task = asyncio.create_task(self._send(request, call, answer))

    def forget(self, uid: str) -> None:
        """Forget a delivery that the status has recorded."""
        self._calls.pop(uid, None)

    def on_deleted(self, request: AnalysisRequest) -> None:
        """Send the end of a request that was deleted, in a few attempts within half a minute."""
        call = self._calls.pop(request.metadata.uid, None)
        if is_pending(request):
            task = asyncio.create_task(self._send_for_deleted(request, call))
            self._sends_for_deleted.add(task)
            task.add_done_callback(self._sends_for_deleted.discard)

    async def _send(self, request: AnalysisRequest, call: _Call, answer: Answer) -> None:
        reply = await self._answer(request, answer)
        before = call.delivery
        doubtful = before.doubtful or (isinstance(reply, AnswerFailed) and reply.may_have_arrived)
        call.delivery = replace(before, under_way=False, reply=reply, doubtful=doubtful, ended_at=self._clock())
        self.replied.send(request.metadata.uid)

    async def _send_for_deleted(self, request: AnalysisRequest, call: _Call | None) -> None:
        reply: Reply | None = None
        if call is not None and call.task is not None:
            await asyncio.wait([call.task])
            reply = call.delivery.reply
        if request.spec.callback is None:
            return
        for pause in _PAUSES_FOR_DELETED:
            if isinstance(reply, AnswerDelivered | AnswerRefused):
                break
            await asyncio.sleep(pause)
            reply = await self._answer(request, answer_for(request))
        problem = "" if isinstance(reply, AnswerDelivered) or reply is None else f"{reply.code}: {reply.message}"
        name = f"{request.metadata.namespace}/{request.metadata.name}"
        log.info("the state machine of a deleted request was answered", request=name, problem=problem)

    async def _answer(self, request: AnalysisRequest, answer: Answer) -> Reply:
        reply: Reply
        try:
            token = await self._tokens.of(request)
            if self._may_send():
                reply = await self._machines.answer(token, answer)
            else:
                reply = AnswerFailed("NotLeading", "Another operator may lead by now.", may_have_arrived=False)
        except NoToken as error:
            reply = AnswerFailed(error.code, str(error), may_have_arrived=False)
        metrics.CALLBACKS.labels(reply.label).inc()
        return reply
