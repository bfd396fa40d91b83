"""What one namespace may have at most. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from pydantic import BaseModel, ConfigDict, Field

from analyzer_contract import camel

EVERY = "*"
"""As a namespace: every other one. As an analyzer: any."""
MOST_PRIORITY = 1000


class NamespaceLimits(BaseModel):
    """The limits of one namespace. What is not set is as for every other namespace, and without that not limited."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=camel, populate_by_name=True)

    max_running: int | None = Field(
        default=None, ge=1, description="How many of its analyses one analyzer runs at a time."
    )
    max_priority: int | None = Field(
        default=None, ge=-MOST_PRIORITY, le=MOST_PRIORITY, description="What a higher spec.priority counts as."
    )
    analyzers: tuple[str, ...] | None = Field(
        default=None, description="Which analyzers its requests may name; * stands for any."
    )


class Limits:
    """The limits of every namespace.

    Args:
        by_namespace: the limits of those that have some of their own; ``*`` for every other one.
    """

    def __init__(self, by_namespace: Mapping[str, NamespaceLimits] | None = None) -> None:
        self._given = by_namespace or {}
        self._of = cache(self._merged)

    def running(self, namespace: str) -> int | None:
        """Return how many analyses of this namespace one analyzer runs at a time, or None: as many as it can."""
        return self._of(namespace).max_running

    def priority(self, namespace: str, asked: int) -> int:
        """Return what a priority that was asked for counts as."""
        most = self._of(namespace).max_priority
        return asked if most is None else min(asked, most)

    def refused(self, namespace: str, analyzers: list[str]) -> list[str]:
        """Return those of these analyzers that this namespace may not name."""
        allowed = self.analyzers(namespace)
        return [] if EVERY in allowed else [name for name in analyzers if name not in allowed]

    def analyzers(self, namespace: str) -> tuple[str, ...]:
        """Return the analyzers that this namespace may name."""
        allowed = self._of(namespace).analyzers
        return (EVERY,) if allowed is None else allowed

    def _merged(self, namespace: str) -> NamespaceLimits:
        own, common = (self._given.get(name, NamespaceLimits()) for name in (namespace, EVERY))
        return common.model_copy(update=own.model_dump(exclude_none=True))
