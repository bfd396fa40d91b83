"""What shells complete in commands about a cluster: names that are there, as far as the caller may list them.

Errors are not reported, and the wait is short: this happens while a line is typed.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

import typer

from analysis_operator.cli.cluster.connection import DEFAULT_SYSTEM, Target, connect, contexts_of
from analysis_operator.errors import OperatorError

if TYPE_CHECKING:
    from analysis_operator.cli.cluster.client import Named

_SECONDS = 3.0
_MOST = 200
_SHIPPED = ("audio", "video", "context")
"""What the chart installs, for those who may not list the Analyzers."""


def requests(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the names of requests."""
    return _names(ctx, "analysisrequests", incomplete)


def batches(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the names of batches."""
    return _names(ctx, "analysisbatches", incomplete)


def namespaces(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the names of namespaces."""
    return _names(ctx, "namespaces", incomplete)


def analyzers(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return what has been listed, with each Analyzer that could follow."""
    *listed, begun = incomplete.split(",")
    names = _names(ctx, "analyzers", begun) or [name for name in _SHIPPED if name.startswith(begun)]
    return [",".join([*listed, name]) for name in names if name not in listed]


def contexts(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the contexts of the kubeconfig."""
    try:
        return [name for name in contexts_of(_target(ctx)) if name.startswith(incomplete)]
    except OperatorError:
        return []


def _names(ctx: typer.Context, kind: Named, begun: str) -> list[str]:
    found: list[str] = []
    with suppress(OperatorError, TimeoutError):  # what was found until then is offered
        asyncio.run(_find(_target(ctx), kind, begun, found))
    return found


def _target(ctx: typer.Context) -> Target:
    named = ctx.params
    return Target(
        named.get("namespace"), named.get("context"), named.get("kubeconfig"), named.get("system") or DEFAULT_SYSTEM
    )


async def _find(target: Target, kind: Named, begun: str, found: list[str]) -> None:
    async with asyncio.timeout(_SECONDS):
        cluster = await connect(target)
        try:
            async with aclosing(cluster.names(kind)) as names:
                async for name in names:
                    if name.startswith(begun):
                        found.append(name)
                    if len(found) == _MOST:
                        return
        finally:
            await cluster.close()
