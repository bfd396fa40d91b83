"""How the HTTP services run uvicorn."""

from __future__ import annotations

from typing import Any

IDLE_SECONDS = 75
"""How long an idle connection stays open: longer than clients and load balancers keep one, 15 and 60 s by default.

The client has to be the one that closes first. Otherwise its next POST meets a connection that was just closed, and
no client repeats a POST.
"""


def options(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - uvicorn's own options
    """Return the arguments for ``uvicorn.run`` or ``uvicorn.Config``; ``more`` are added, or replace them.

    Logging is left to :mod:`guardian_service.logs`.
    """
    quiet = {"log_config": None, "access_log": False, "server_header": False}
    return {**quiet, "timeout_keep_alive": IDLE_SECONDS, **more}
