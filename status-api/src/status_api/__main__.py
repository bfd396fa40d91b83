"""Serves until SIGTERM: ``python -m status_api``."""

from __future__ import annotations

import sys

import uvicorn

from guardian_service import logs, uvicorn_server
from guardian_service.settings import read_settings
from status_api.service import Incomplete, make_service
from status_api.settings import Settings

_NAME = "The status API"
_LAST_BYTES_SECONDS = 10
"""How long uvicorn waits for connections to end."""


def main() -> None:
    """Serve, or say which setting is wrong or missing."""
    settings = read_settings(Settings, _NAME)
    try:
        app = make_service(settings)
    except Incomplete as error:
        sys.exit(f"{_NAME} does not start. {error}")
    logs.configure(settings.log_level)
    options = uvicorn_server.options(
        host=settings.host, port=settings.port, timeout_graceful_shutdown=_LAST_BYTES_SECONDS
    )
    uvicorn.run(app, **options)


if __name__ == "__main__":
    main()
