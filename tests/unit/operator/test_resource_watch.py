"""How a list and a watch of our own go on after an error."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from analysis_operator.errors import ApiUnavailable, Gone, OperatorError, Rejected
from analysis_operator.kube.resource_watch import keep_following


@pytest.mark.parametrize(
    ("error", "refused_seconds", "pause"),
    [
        (ApiUnavailable("410: too old"), 30, 1),
        (Gone("no such kind"), 30, 30),
        (Rejected("no right"), 30, 30),
        (Gone("no such kind"), None, 1),
    ],
)
async def test_a_watch_that_breaks_begins_anew_with_a_list_after_a_pause(
    error: OperatorError, refused_seconds: float | None, pause: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[object] = []
    watches: Iterator[str | BaseException] = iter(["8", error, asyncio.CancelledError()])

    async def listed() -> str:
        done.append("list")
        return "12"

    async def followed(version: str) -> str:
        done.append(version)
        if isinstance(end := next(watches), BaseException):
            raise end
        return end

    async def sleep(seconds: float) -> None:
        done.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await keep_following("things", listed, followed, version="7", refused_seconds=refused_seconds)
    assert done == ["7", "8", pause, "list", "12"]
