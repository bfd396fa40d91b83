"""Tells state machines how requests ended: one call at a time for each, and what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from analysis_operator import metrics
from analysis_operator.api import AnalysisRequest
from analysis_operator.callbacks import decision as callback
from analysis_operator.requests.actions import Answer
from analysis_operator.requests.observation import AnswerDelivered, AnswerFailed, AnswerRefused, Delivery, Reply
from analysis_operator.requests.ports import StateMachines

log = structlog.get_logger(__name__)

_PAUSES_FOR_DELETED = (0.0, 0.5, 2.0, 8.0, 20.0)
"""Before each attempt for a request that is deleted: what is not told then is lost, since nothing remembers it."""


@dataclass(slots=True)
class _Call:
    delivery: Delivery
    task: asyncio.Task[None] | None = None


class CallbackSender:
    """All of it is lost when this process ends; the condition CallbackDelivered says what is still to be told.

    Args:
        machines: reaches the tasks that wait.
        clock: the time in UTC.
        changed: called with the UID when there is a reply.
    """

    def __init__(self, machines: StateMachines, clock: Callable[[], datetime], changed: Callable[[str], None]) -> None:
        self._machines = machines
        self._clock = clock
        self._changed = changed
        self._calls: dict[str, _Call] = {}
        self._sends_for_deleted: set[asyncio.Task[None]] = set()

    def delivery(self, uid: str) -> Delivery | None:
        """Give what this process knows of a request's callback."""
        call = self._calls.get(uid)
        return call.delivery if call else None

    def on_finished(self, request: AnalysisRequest) -> None:
        """Take note that this process has just written the end: nobody can have told it before."""
        if callback.pending(request):
            self._calls[request.metadata.uid] = _Call(Delivery(doubtful=False))

    def send(self, request: AnalysisRequest, answer: Answer) -> None:
        """Start an attempt, unless one is under way."""
        uid, waiting = request.metadata.uid, request.spec.callback
        call = self._calls.setdefault(uid, _Call(Delivery()))
        if waiting is None or call.delivery.under_way:
            return
        call.delivery = replace(call.delivery, attempts=call.delivery.attempts + 1, under_way=True)
        call.task = asyncio.create_task(self._send(uid, call, waiting.task_token, answer))

    def forget(self, uid: str) -> None:
        """Forget a callback that the status has recorded."""
        self._calls.pop(uid, None)

    def on_deleted(self, request: AnalysisRequest) -> None:
        """Tell the end of a request that was deleted; only a few attempts are made, within half a minute."""
        call = self._calls.pop(request.metadata.uid, None)
        if callback.pending(request):
            task = asyncio.create_task(self._send_for_deleted(request, call))
            self._sends_for_deleted.add(task)
            task.add_done_callback(self._sends_for_deleted.discard)

    async def _send(self, uid: str, call: _Call, token: str, answer: Answer) -> None:
        reply = await self._machines.answer(token, answer)
        metrics.record_callback(reply)
        before = call.delivery
        doubtful = before.doubtful or (isinstance(reply, AnswerFailed) and reply.may_have_arrived)
        call.delivery = replace(before, under_way=False, reply=reply, doubtful=doubtful, ended_at=self._clock())
        self._changed(uid)

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
            reply = await self._machines.answer(request.spec.callback.task_token, callback.answer(request))
            metrics.record_callback(reply)
        told = "" if isinstance(reply, AnswerDelivered) or reply is None else f"{reply.code}: {reply.message}"
        named = f"{request.metadata.namespace}/{request.metadata.name}"
        log.info("the state machine of a deleted request was told", request=named, problem=told)
