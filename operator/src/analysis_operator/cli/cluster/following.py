"""Follow an object of a cluster to its end, through a cluster that is away for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from analysis_operator.cli.cluster.errors import NoCluster, TooLate
from analysis_operator.kube.objects import KubeObject

_POLL_SECONDS = 1.0
_OUTAGE_SECONDS = 60.0


async def followed(
    name: str,
    read: Callable[[], Awaitable[KubeObject]],
    show: Callable[[KubeObject], bool],
    *,
    timeout: float | None,
    hint: str,
) -> KubeObject:
    """Show an object until it has ended, and return it as it is then.

    Args:
        name: its name, for people.
        read: reads it.
        show: shows it, and says whether it has ended.
        timeout: how many seconds that may take; None: as long as it takes.
        hint: the command that shows it later.

    Raises:
        TooLate: it has not ended within `timeout` seconds.
        NoCluster: nothing was heard of the cluster for a minute.
    """
    begun = heard = time.monotonic()
    while True:
        try:
            raw = await read()
            heard = time.monotonic()
            if show(raw):
                return raw
        except NoCluster:
            if time.monotonic() - heard > _OUTAGE_SECONDS:
                raise
        if timeout is not None and time.monotonic() - begun > timeout:
            raise TooLate(f"{name} has not ended within {timeout:g} s; it goes on. {hint}")
        await asyncio.sleep(_POLL_SECONDS)
