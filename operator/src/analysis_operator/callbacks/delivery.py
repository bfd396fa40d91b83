"""Values: the answer to a waiting task, the reply of Step Functions, and the state of the delivery. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol

from analysis_operator.api import AnalysisRequest
from analysis_operator.errors import OperatorError


@dataclass(frozen=True, slots=True)
class Answer:
    """What the waiting state machine receives: ``output`` as JSON if the request succeeded, else why it did not."""

    succeeded: bool
    output: str = ""
    error: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class AnswerDelivered:
    """The state machine took the answer."""

    label: ClassVar[str] = "Delivered"


@dataclass(frozen=True, slots=True)
class AnswerRefused:
    """Another attempt is of no use. ``no_task_waits``: no task waits for this token, or none ever did."""

    label: ClassVar[str] = "Refused"

    code: str
    message: str
    no_task_waits: bool = True


@dataclass(frozen=True, slots=True)
class AnswerFailed:
    """This attempt failed, and another may succeed. The answer may have arrived if only the reply to it was lost."""

    label: ClassVar[str] = "Failed"

    code: str
    message: str
    may_have_arrived: bool


Reply = AnswerDelivered | AnswerRefused | AnswerFailed
"""``label`` is the reply's name in the metrics."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What this process knows of the callback of one request.

    ``doubtful``: an attempt whose reply was lost may have arrived, perhaps one of an earlier operator.
    """

    attempts: int = 0
    under_way: bool = False
    doubtful: bool = True
    reply: Reply | None = None
    ended_at: datetime | None = None
    first_at: datetime | None = None
    """When the first attempt of this process began."""


class StateMachines(Protocol):
    """Reaches the tasks that wait for requests."""

    async def answer(self, token: str, answer: Answer) -> Reply:
        """Answer one task. Never raises: a problem is the reply. Nothing that is logged or replied holds the token."""


class NoToken(OperatorError):
    """The token is not to be had now. ``code`` is one word, the message says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Tokens(Protocol):
    """Where the token of a request's task is."""

    async def of(self, request: AnalysisRequest) -> str:
        """Return it. Raises NoToken."""
