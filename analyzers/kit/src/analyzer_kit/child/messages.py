"""The messages between service, template and child: one JSON object a line, checked on both sides.

The child parses hostile media, so the service trusts none of its messages: no pickle, a length limit, and a schema.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from analyzer_contract import FailureReason, Wire
from analyzer_kit.analysis import NO_TRUST, Assessment, Caps, Models, Trust

MOST_MESSAGES = 20_000
"""Most messages accepted for one task; a child sends four a second, and the longest deadline is 3,600 s."""


MOST_STAGES = 20
_LONGEST_SECONDS = 100_000.0


class _Message(Wire):
    """A message between the service, the template and its children."""

    def line(self) -> bytes:
        """Return it as it is sent."""
        return self.model_dump_json(by_alias=True).encode() + b"\n"


class ChildConfig(_Message):
    """The first line to a template, and all that it gets besides an almost empty environment."""

    module: str
    memory_bytes: int = Field(gt=0)
    file_bytes: int = Field(default=32 * 1024**2, gt=0, description="Largest file that a child may write.")
    caps: Caps
    models: Models = Models()
    trust: Trust = NO_TRUST


class Task(_Message):
    """One recording to analyse. Paths are the parent's own, in its private scratch folder."""

    recording: str
    plot: str
    cpu_seconds: int = Field(ge=1, description="CPU time after which the kernel ends the child.")


class Ready(_Message):
    """The template or child is warm: it imported everything and ran the detectors once."""

    type: Literal["ready"] = "ready"
    pid: int = Field(gt=0)


class Unready(_Message):
    """The template cannot become warm, however often it is tried, until its installation is changed."""

    type: Literal["unready"] = "unready"
    message: str = Field(max_length=1000)


class Stage(_Message):
    """The stage that the child is in."""

    type: Literal["stage"] = "stage"
    stage: str = Field(max_length=60)
    fraction: float = Field(ge=0, le=1)


class StageTime(Wire):
    """When the child was in a stage, in seconds since it got its recording."""

    stage: str = Field(max_length=60)
    began: float = Field(ge=0, le=_LONGEST_SECONDS)
    ended: float = Field(ge=0, le=_LONGEST_SECONDS)


class Done(_Message):
    """The analysis ended with an assessment."""

    type: Literal["done"] = "done"
    assessment: Assessment
    times: list[StageTime] = Field(default=[], max_length=MOST_STAGES)


class Failed(_Message):
    """The analysis ended without one."""

    type: Literal["failed"] = "failed"
    reason: FailureReason
    message: str = Field(max_length=1000)


ChildMessage = Annotated[Ready | Unready | Stage | Done | Failed, Field(discriminator="type")]
CHILD_MESSAGE: TypeAdapter[Ready | Unready | Stage | Done | Failed] = TypeAdapter(ChildMessage)
"""Parses one line from a child; raises pydantic.ValidationError on anything else."""
