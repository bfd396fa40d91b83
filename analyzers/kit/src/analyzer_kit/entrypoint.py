"""Runs a service as the one process of its container.

The first child is started before anything else is imported: it and the service come up at the same time.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from asyncio.subprocess import Process
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING

from analyzer_kit import sandbox
from analyzer_kit.analyzer import Analyzer
from analyzer_kit.spawn import spawn

if TYPE_CHECKING:
    from analyzer_kit.backend import Backend
    from analyzer_kit.settings import KitSettings


def main(analyzer: Analyzer, settings: KitSettings | None = None, backend: Backend | None = None) -> None:
    """Serves until SIGTERM or SIGINT: then not ready, nothing new, what runs is finished, and exit code 0.

    A second signal stops at once.

    Args:
        analyzer: what to serve.
        settings: from the environment unless given.
        backend: does the work; warm child processes unless given.
    """
    for each in (signal.SIGTERM, signal.SIGINT):  # the first process of a container has no default handlers
        signal.signal(each, _leave)
    sandbox.hide_from_children()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # or it reads every installed package's metadata
    gc.disable()  # imports make no garbage worth looking for; serve() turns it on again
    asyncio.run(_serve(analyzer, settings, backend))


async def _serve(analyzer: Analyzer, settings: KitSettings | None, backend: Backend | None) -> None:
    begun = None
    if backend is None:
        with suppress(OSError):  # no process or no memory just now: the service tries again, and says so
            begun = await spawn()
    try:
        await _import_and_serve(analyzer, settings, backend, begun)
    finally:
        if begun is not None and begun.returncode is None:
            begun.kill()
            await begun.communicate()


async def _import_and_serve(
    analyzer: Analyzer, settings: KitSettings | None, backend: Backend | None, begun: Process | None
) -> None:
    from analyzer_kit.settings import KitSettings
    from guardian_service.settings import read_settings

    chosen = settings or read_settings(KitSettings, f"The {analyzer.name} analyzer")
    if begun is not None:  # it cannot go on without; FastAPI, which takes the longest, is imported meanwhile
        from analyzer_kit.worker import configure

        configure(begun, chosen.child(analyzer))
    from analyzer_kit.http_server import serve

    await serve(analyzer, chosen, backend, begun)


def _leave(_sig: int, _frame: FrameType | None) -> None:
    """Ends at once: nothing was accepted yet, and the kernel ends the child with its parent."""
    os._exit(0)
