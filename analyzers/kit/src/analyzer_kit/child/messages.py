"""The messages between parent and child: one JSON object a line, checked on both sides.

The child parses hostile media, so the parent trusts none of its messages: no pickle, a length limit, and a schema.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from analyzer_contract import FailureReason, Wire
from analyzer_kit.analysis import Assessment, Caps, Models

MOST_MESSAGES = 20_000
"""Most messages accepted for one task; a child sends four a second, and the longest deadline is 3,600 s."""


class ChildConfig(Wire):
    """The first line to a child, and all that it gets besides an almost empty environment."""

    module: str
    memory_bytes: int = Field(gt=0)
    caps: Caps
    models: Models = Models()


class Task(Wire):
    """One recording to analyse. Paths are the parent's own, in its private scratch folder."""

    recording: str
    plot: str
    cpu_seconds: int = Field(ge=1, description="CPU time after which the kernel ends the child.")


class Ready(Wire):
    """The child is warm: it imported everything and ran the detectors once."""

    type: Literal["ready"] = "ready"


class Unready(Wire):
    """The child cannot become warm, however often it is tried, until its installation is changed."""

    type: Literal["unready"] = "unready"
    message: str = Field(max_length=1000)


class Stage(Wire):
    """The stage that the child is in."""

    type: Literal["stage"] = "stage"
    stage: str = Field(max_length=60)
    fraction: float = Field(ge=0, le=1)


class Done(Wire):
    """The analysis ended with an assessment."""

    type: Literal["done"] = "done"
    assessment: Assessment


class Failed(Wire):
    """The analysis ended without one."""

    type: Literal["failed"] = "failed"
    reason: FailureReason
    message: str = Field(max_length=1000)


ChildMessage = Annotated[Ready | Unready | Stage | Done | Failed, Field(discriminator="type")]
CHILD_MESSAGE: TypeAdapter[Ready | Unready | Stage | Done | Failed] = TypeAdapter(ChildMessage)
"""Parses one line from a child; raises pydantic.ValidationError on anything else."""
