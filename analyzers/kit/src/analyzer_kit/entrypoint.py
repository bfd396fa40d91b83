"""Where a service begins, as the first process of its container: starts the children's template, then the HTTP server.

The template starts before anything else is imported, so that it and the service become ready at the same time.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING

from analyzer_kit.analyzer import Analyzer
from analyzer_kit.child import sandbox
from analyzer_kit.child.spawn import Spawned, spawn

if TYPE_CHECKING:
    from analyzer_kit.backend import Backend
    from analyzer_kit.settings import KitSettings


def main(analyzer: Analyzer, settings: KitSettings | None = None, backend: Backend | None = None) -> None:
    """Serve until SIGTERM or SIGINT; then refuse new work, finish what runs, and exit with 0.

    A second signal stops at once.

    Args:
        analyzer: the analyzer to serve.
        settings: from the environment unless given.
        backend: does the work; warm child processes unless given.
    """
    for signum in (signal.SIGTERM, signal.SIGINT):  # the first process of a container has no default handlers
        signal.signal(signum, _exit_now)
    sandbox.hide_from_children()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # or it reads every installed package's metadata
    gc.disable()  # imports make no garbage worth looking for; serve() turns it on again
    asyncio.run(_serve(analyzer, settings, backend))


async def _serve(analyzer: Analyzer, settings: KitSettings | None, backend: Backend | None) -> None:
    template = None
    if backend is None:
        with suppress(OSError):  # no process or memory available now: the service tries again, and reports it
            template = await spawn()
    try:
        await _import_and_serve(analyzer, settings, backend, template)
    finally:
        if template is not None and template.process.returncode is None:
            template.process.kill()
            await template.process.wait()


async def _import_and_serve(
    analyzer: Analyzer, settings: KitSettings | None, backend: Backend | None, template: Spawned | None
) -> None:
    from analyzer_kit.settings import KitSettings
    from guardian_service.settings import read_settings

    chosen = settings or read_settings(KitSettings, f"The {analyzer.name} analyzer")
    if template is not None:  # it waits for that; importing FastAPI, which takes longest, happens meanwhile
        from analyzer_kit.child.process import configure

        configure(template, chosen.child(analyzer))
    from analyzer_kit.http_server import serve

    await serve(analyzer, chosen, backend, template)


def _exit_now(_sig: int, _frame: FrameType | None) -> None:
    """Exit at once: no work was accepted yet, and the kernel ends the template with its parent."""
    os._exit(0)
